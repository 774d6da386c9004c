"""A RehaStim2's line as a test writes it down: what a host says, what the device answers."""

from __future__ import annotations

from itertools import count

from firmware_sim.firmware.rehastim2_commands import STIMULATION_ERROR, Command
from firmware_sim.firmware.sciencemode2_frames import encode
from firmware_sim.invariant import STRICT, Rules, fitted
from tests.support.shadow_world import MS, READY_US, World

STEP_UA = 2_000
EVERY_US = 500 * MS  # 2 mA at 4 mA/s
T1_US = 20 * MS
AFTER_US = 1_250 * MS
"""The watchdog of the device and the margin of the rules."""
OK, WRONG_MODE, ELECTRODE = b"\0", b"\xfd", b"\xfe"
_numbers = count(1)


def frame(command: int, data: bytes = b"", number: int | None = None) -> bytes:
    return encode(next(_numbers) % 256 if number is None else number, command, data)


def setup(mask: int = 1, t1_us: int = T1_US, number: int | None = None) -> bytes:
    """InitChannelListMode; t1_us 0 = one-shot."""
    code = (t1_us - 1_000) // 500 if t1_us else 0
    data = bytes((0, mask, 0, 13)) + code.to_bytes(2, "big") + b"\0"
    return frame(Command.INIT_CHANNEL_LIST, data, number)


def want(level_ua: int, width_us: int = 200, pulses: int = 1) -> bytes:
    return bytes((pulses - 1,)) + width_us.to_bytes(2, "big") + bytes((level_ua // 1_000,))


def single(channel: int, level_ua: int) -> bytes:
    return frame(Command.SINGLE_PULSE, bytes((channel - 1,)) + want(level_ua)[1:])


def start(*wants: bytes, number: int | None = None) -> bytes:
    return frame(Command.START_CHANNEL_LIST, b"".join(wants), number)


STOP = frame(Command.STOP_CHANNEL_LIST, number=200)
INIT_ACK = frame(Command.INIT_ACK, OK)
WATCHDOG = frame(Command.WATCHDOG)


class RehaWorld(World):
    """Connected, with a list of channel 1 set up."""

    def __init__(
        self, rules: Rules = STRICT, *, licensed: bool = True, init: bytes | None = None
    ) -> None:
        super().__init__(fitted(rules, "rehastim2"), licensed=licensed)
        self.both(READY_US, INIT_ACK)
        if init != b"":
            self.both(READY_US, init or setup())

    def both(self, at_us: int, data: bytes) -> RehaWorld:
        """The host says something that arrives at once."""
        self.tell.sent(at_us, data)
        self.tell.to_device(at_us, data)
        return self

    def answer(self, at_us: int, command: int, number: int, result: bytes = OK) -> RehaWorld:
        data = encode(number, command + 1, result)
        self.tell.row({"kind": "tx", "at_us": at_us, "hex": data.hex()})
        return self

    def tell_error(self, at_us: int, error: bytes = ELECTRODE) -> RehaWorld:
        data = encode(7, STIMULATION_ERROR, error)
        self.tell.row({"kind": "tx", "at_us": at_us, "hex": data.hex()})
        return self

    def logged(self, at_us: int, event: str, **more: int) -> RehaWorld:
        self.tell.row({"kind": "log", "at_us": at_us, "event": event, **more})
        return self

    def starts(self, at_us: int, level_ua: int, width_us: int = 200) -> RehaWorld:
        """The host wants a level on channel 1, and the device confirms it 10 ms later."""
        data = start(want(level_ua, width_us), number=100)
        self.both(at_us, data)
        return self.answer(at_us + 10 * MS, Command.START_CHANNEL_LIST, 100)

    def raised_to(self, level_ua: int) -> int:
        """Step by step as the rules allow; returns the time of the last step."""
        at_us = READY_US
        for level in range(STEP_UA, level_ua + 1, STEP_UA):
            self.starts(at_us, level)
            at_us += EVERY_US
        return at_us - EVERY_US
