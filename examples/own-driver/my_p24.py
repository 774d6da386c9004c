"""A driver of one's own for a P24 (ScienceMode 4), with pyserial and nothing of stimctl."""

import binascii
import time
from types import TracebackType

import serial

ML_INIT, ML_UPDATE, ML_STOP, STATUS = 30, 32, 34, 62
STEP_MA, EVERY_S = 0.5, 0.25  # nobody is startled


class P24:
    def __init__(self, url: str) -> None:
        self._port = serial.serial_for_url(url, 3_000_000, stopbits=2, rtscts=True, timeout=1)
        self._number = 0
        self._ask(ML_INIT, b"\0")

    def raise_to(self, current_ma: float, width_us: int = 200, period_ms: int = 20) -> None:
        """Raise channel 1 step by step; each update also feeds the watchdog of 2 s."""
        for step in range(1, round(current_ma / STEP_MA) + 1):
            code = round(2 * step * STEP_MA)
            phases = [width_us << 20 | 300 + sign * code << 10 for sign in (1, -1)]
            points = b"".join(phase.to_bytes(4, "big") for phase in phases)
            self._ask(ML_UPDATE, b"\x01\x10" + (period_ms * 4).to_bytes(2, "big") + points)
            time.sleep(EVERY_S)

    def stop(self) -> None:
        """Stop, and ask whether nothing is on."""
        self._ask(ML_STOP)
        if (status := self._ask(STATUS))[0]:
            raise OSError(f"still on: {status.hex()}")

    def _ask(self, command: int, data: bytes = b"") -> bytes:
        self._number = (self._number + 1) % 64
        asked = (self._number << 10 | command).to_bytes(2, "big") + data
        body = _stuffed(asked, {0xF0, 0x0F, 0x81})
        crc = binascii.crc_hqx(body, 0)
        head = _stuffed((10 + len(body) << 16 | crc).to_bytes(4, "big"), set(range(256)))
        self._port.write(b"\xf0" + head + body + b"\x0f")
        while True:
            head = self._port.read(9)
            if len(head) < 9:
                raise TimeoutError(f"no answer to command {command}")
            rest = self._port.read(int.from_bytes(_plain(head[1:5]), "big") - 9)
            if binascii.crc_hqx(rest[:-1], 0) != int.from_bytes(_plain(head[5:9]), "big"):
                raise OSError("damaged answer")
            answer = _plain(rest[:-1])
            if int.from_bytes(answer[:2], "big") == self._number << 10 | command + 1:
                if answer[2]:
                    raise OSError(f"command {command} refused: {answer[2]}")
                return answer[3:]

    def __enter__(self) -> "P24":
        return self

    def __exit__(self, kind: type | None, error: object, trace: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            self._port.close()


def _stuffed(data: bytes, special: set[int]) -> bytes:
    return b"".join(bytes((0x81, one ^ 0x55)) if one in special else bytes((one,)) for one in data)


def _plain(data: bytes) -> bytes:
    """81 escapes the byte after it, which may be another 81."""
    escaped = iter(data)
    return bytes(next(escaped) ^ 0x55 if one == 0x81 else one for one in escaped)
