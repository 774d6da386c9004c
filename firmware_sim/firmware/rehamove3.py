"""The RehaMove3 twin: a HASOMED RehaMove3 as a pure function of time and bytes.

Written from the ScienceMode 3 specification alone; what is the same in ScienceMode 4 is the P24
twin's. Marked [POLICY] is what the vendor leaves open.
"""

from __future__ import annotations

from collections.abc import Callable

from .electrodes import Load
from .p24 import TURNAROUND_US, P24Twin
from .p24_answers import Answers
from .p24_commands import RULES, Command, Result, known
from .p24_fields import LowLevelInit, LowLevelPulse
from .recorder import Row
from .rehamove3_fields import SOFTSTART, read_ll_channel_config, read_ll_init
from .rehamove3_stimulation import TestedLowLevel, TestedMidLevel
from .sciencemode4_frames import Damage, Frame

__all__ = ["TURNAROUND_US", "RehaMove3Answers", "RehaMove3Twin"]

#: Of the one published firmware [TUB].
MAIN_VERSION = (2, 1, 16)
STIM_VERSION = (2, 1, 0)
SCIENCEMODE_VERSION = (3, 2, 4)
#: A reset takes 10 to 15 s, in which the device says nothing [TUB].
RESET_US = 12_000_000
#: A full battery lasts so long [POLICY]; the vendor names no number.
BATTERY_LIFE_US = 4 * 3_600_000_000
FULL_MV = 8_220
EMPTY_MV = 6_600

_ABSENT = (Command.SET_POWER, Command.GET_EXTENDED_VERSION)
_ACK_SIZES = {Command.LL_CHANNEL_CONFIG: 2, Command.ML_GET_CURRENT_DATA: 3}
_RULES = {
    command: rule._replace(ack_size=_ACK_SIZES.get(command, rule.ack_size))
    for command, rule in RULES.items()
    if command not in _ABSENT
}


class RehaMove3Answers(Answers):
    """A refused pulse repeats nothing of its request."""

    rules = _RULES

    def _echo(self, command: Command, data: bytes) -> bytes:
        return data[:1] if command is Command.ML_GET_CURRENT_DATA else b""


class RehaMove3Twin(P24Twin):
    """A RehaMove3 behind its serial line: channels 1..4, a battery, a test before every pulse.

    battery_percent: what is left of the charge at the start; the rest as for the P24 twin. At 0 the
    device is off, and stays off.
    """

    family = "rehamove3"
    answers = RehaMove3Answers
    low_level = TestedLowLevel
    mid_level = TestedMidLevel

    def __init__(
        self,
        seed: int = 0,
        load_ohm: int | None = 500,
        *,
        turnaround_us: int = TURNAROUND_US,
        sink: Callable[[Row], None] | None = None,
        wiretap: bool = False,
        battery_percent: int = 100,
    ) -> None:
        super().__init__(seed, load_ohm, turnaround_us=turnaround_us, sink=sink, wiretap=wiretap)
        self._empty_us = 0
        self.set_battery(battery_percent)
        self._deaf_until_us = 0
        self._handlers[Command.GET_BATTERY_STATUS] = self._get_battery_status

    @property
    def battery_percent(self) -> int:
        """What is left of the charge; 0 = off."""
        left_us = max(0, self._empty_us - self._now)
        return -(-left_us * 100 // BATTERY_LIFE_US)

    def load(self, channel: int) -> Load:
        """What is on channel 1..4 now."""
        return self._loads[channel]

    def set_battery(self, percent: int) -> None:
        """Have 1 to 100 percent of the charge left now; ValueError for anything else."""
        if not 0 < percent <= 100:
            raise ValueError(f"battery {percent} %: give 1 to 100")
        self._empty_us = self._now + percent * BATTERY_LIFE_US // 100

    def _told_of_itself(self, seed: int) -> dict[Command, bytes]:
        main = bytes((Result.OK, *MAIN_VERSION, *SCIENCEMODE_VERSION))
        return {
            Command.GET_VERSION_MAIN: main,
            Command.GET_VERSION_STIM: bytes((Result.OK, *STIM_VERSION, *SCIENCEMODE_VERSION)),
            Command.GET_DEVICE_ID: bytes((Result.OK,)) + device_id(seed),
            Command.GET_MAIN_STATUS: bytes((Result.OK, 0)),
        }

    def _known(self, number: int | None) -> Command | None:
        command = known(number)
        return None if command in _ABSENT else command

    def _take(self, data: bytes) -> None:
        if self._hears:
            super()._take(data)

    def _accept(self, at_us: int, item: Frame | Damage) -> None:
        if self._hears:  # not what came in one piece with a reset
            super()._accept(at_us, item)

    @property
    def _hears(self) -> bool:
        return self._now >= self._deaf_until_us and self.battery_percent > 0

    def _next_event(self) -> int | None:
        first = super()._next_event()
        if self._empty_us < 0:
            return first
        return self._empty_us if first is None else min(first, self._empty_us)

    def _happen(self, at_us: int) -> None:
        super()._happen(at_us)
        if 0 <= self._empty_us <= at_us:
            self._empty_us = -1
            self.recorder.log(at_us, "battery empty")
            self._lose_power(at_us)

    def _read_init(self, data: bytes) -> LowLevelInit | None:
        return read_ll_init(data)

    def _read_pulse(self, data: bytes) -> LowLevelPulse | None:
        return read_ll_channel_config(data)

    def _ml_update(self, at_us: int, frame: Frame) -> None:
        if frame.data[0] & SOFTSTART:
            self.recorder.log(at_us, "softstart asked for")  # and nothing more [POLICY]
        super()._ml_update(at_us, frame)

    def _get_battery_status(self, at_us: int, frame: Frame) -> None:
        percent = self.battery_percent
        millivolt = EMPTY_MV + (FULL_MV - EMPTY_MV) * percent // 100
        data = bytes((Result.OK, percent)) + millivolt.to_bytes(2, "big")
        self._answers.give(at_us, Command.GET_BATTERY_STATUS, frame.packet_number, data)

    def _reset(self, at_us: int, _frame: Frame) -> None:
        """Begin anew, without an answer: "currently not send" [DOC]."""
        self._begin_anew(at_us)
        self.line_lost()
        self._deaf_until_us = at_us + RESET_US
        self.recorder.log(at_us, "reset")


def device_id(seed: int) -> bytes:
    """Return nine digits and a NUL; real ones begin with the year, and no twin is of a year."""
    return b"99%07d\0" % (seed % 10_000_000)
