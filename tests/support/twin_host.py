"""A host in virtual time: what a test sends to a twin, and what comes back when."""

from __future__ import annotations

import struct

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import FrameDecoder, encode
from tests.support.frame_host import FrameHost, Heard


def point(time_us: int, current_ma: float, interpolation: int = 0) -> bytes:
    code = int(300 + 2 * current_ma)
    return struct.pack(">I", time_us << 20 | code << 10 | interpolation << 5)


def biphasic(current_ma: float, width_us: int = 200, gap_us: int = 100) -> bytes:
    return point(width_us, current_ma) + point(gap_us, 0) + point(width_us, -current_ma)


def train(points: bytes, period_us: int = 20_000, ramp: int = 0) -> bytes:
    if period_us % 500:
        period = period_us // 250 << 1 | 1
    else:
        period = period_us // 500 << 1
    return struct.pack(">BH", (len(points) // 4 - 1) << 4 | ramp, period) + points


def update(**channels: bytes) -> bytes:
    """Build Ml_update data from c1=train(...), c5=train(...)."""
    numbers = sorted(int(name[1:]) for name in channels)
    mask = sum(1 << (number - 1) for number in numbers)
    return bytes((mask,)) + b"".join(channels[f"c{number}"] for number in numbers)


def pulse(points: bytes, channel: int = 1) -> bytes:
    connector, inside = divmod(channel - 1, 4)
    return bytes((0x80 | inside << 5 | connector << 4 | (len(points) // 4 - 1),)) + points


class Host(FrameHost):
    def __init__(self, twin: P24Twin | None = None) -> None:
        super().__init__(P24Twin() if twin is None else twin, FrameDecoder())

    def send(self, command: int, data: bytes = b"") -> int:
        self._number = (self._number + 1) % 64
        self.send_bytes(encode(self._number, command, data))
        return self._number

    def ask(self, command: int, data: bytes = b"", within_us: int = 1_000_000) -> Heard:
        """Send a command and let time pass until its answer comes."""
        number = self.send(command, data)
        limit = self.now_us + within_us
        while not self.heard or self.heard[-1].number != number:
            deadline = self.twin.deadline()
            assert deadline is not None, "no answer will ever come"
            assert deadline // 1000 <= limit, "no answer in time"
            self.run_until(deadline // 1000)
        return self.heard[-1]

    def mid_level(self, stop_all: bool = False) -> Host:
        assert self.ask(Command.ML_INIT, bytes((stop_all,))).data == b"\0"
        return self

    def low_level(self, measurement: int = 0, high_voltage: int = 0) -> Host:
        init = bytes((measurement << 4 | high_voltage << 1,))
        assert self.ask(Command.LL_INIT, init).data == b"\0"
        return self

    def status(self) -> int:
        return self.ask(Command.GET_STIM_STATUS).data[1]
