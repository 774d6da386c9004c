"""What a load lets through: commanded points in; delivered points and the noticed fault out.

The load is a resistor or an open circuit; a body with capacitance is another model.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from .p24_commands import Result
from .p24_fields import Point

#: Below this a P24 does not notice an open electrode [IFU].
OPEN_NOTICED_UA = 15_000
#: Highest electrode voltage of a P24 [IFU].
FULL_COMPLIANCE_MV = 150_000


class Fault(IntEnum):
    """The channel error nibble of Ml_get_current_data."""

    NONE = 0
    ELECTRODE = 1
    TIMEOUT = 2
    LOW_CURRENT = 3


#: The same fault as result of a low-level pulse.
FAULT_RESULT: dict[Fault, Result] = {
    Fault.NONE: Result.OK,
    Fault.ELECTRODE: Result.ELECTRODE,
    Fault.TIMEOUT: Result.PULSE_TIMEOUT,
    Fault.LOW_CURRENT: Result.LOW_CURRENT,
}


class Delivered(NamedTuple):
    """Points that reach the electrodes, the same for a record row, and the fault noticed."""

    points: tuple[Point, ...]
    row: list[list[int]]
    fault: Fault

    @property
    def carries_current(self) -> bool:
        """Whether any current flows for any time."""
        return any(time_us and current_ua for time_us, current_ua in self.points)


@lru_cache(maxsize=4096)
def deliver(points: tuple[Point, ...], load_ohm: int | None, compliance_mv: int) -> Delivered:
    """Pass a pulse through a load in ohm (None = open) at a compliance in mV.

    Open: no current flows, noticed from 15 mA. Closed: each phase is limited to compliance / load,
    noticed as soon as |I| * R exceeds the compliance.
    """
    fault = Fault.NONE
    through: list[Point] = []
    for time_us, wanted_ua in points:
        if load_ohm is None:
            flows = 0
            if abs(wanted_ua) >= OPEN_NOTICED_UA:
                fault = Fault.ELECTRODE
        else:
            flows = min(abs(wanted_ua), compliance_mv * 1000 // load_ohm)
            if abs(wanted_ua) * load_ohm > compliance_mv * 1000:
                fault = Fault.LOW_CURRENT
        through.append((time_us, flows if wanted_ua > 0 else -flows))
    return Delivered(tuple(through), [list(point) for point in through], fault)


def cut_points(row: list[list[int]], length_us: int) -> list[list[int]]:
    """Return what of a pulse fits into its first length_us."""
    kept: list[list[int]] = []
    for time_us, current_ua in row:
        taken = min(time_us, length_us)
        if taken <= 0:
            break
        kept.append([taken, current_ua])
        length_us -= taken
    return kept


class Loads:
    """The load on each channel 1..8, in ohm; None is an open circuit."""

    __slots__ = ("_ohm",)

    def __init__(self, load_ohm: int | None) -> None:
        self._ohm = {channel: _checked(load_ohm) for channel in range(1, 9)}

    def __getitem__(self, channel: int) -> int | None:
        return self._ohm[channel]

    def set(self, channel: int, load_ohm: int | None) -> None:
        """Put another load on a channel; ValueError for a channel or a load that cannot be."""
        if channel not in self._ohm:
            raise ValueError(f"channel {channel}: a P24 has channels 1..8")
        self._ohm[channel] = _checked(load_ohm)


def _checked(load_ohm: int | None) -> int | None:
    if load_ohm is not None and load_ohm < 1:
        raise ValueError(f"load {load_ohm} ohm: give at least 1 ohm, or None for an open circuit")
    return load_ohm
