"""What a load lets through: commanded points in; delivered points and the noticed fault out.

A load is a resistor, an open circuit, or a model of its own that follows the protocol of the body.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from firmware_sim.body.load import Load as ModelLoad
from firmware_sim.body.load import Passed

from .p24_commands import Result
from .p24_fields import Point

#: Below this a P24 does not notice an open electrode [IFU].
OPEN_NOTICED_UA = 15_000
#: Highest electrode voltage of a P24 [IFU].
FULL_COMPLIANCE_MV = 150_000

#: Resistance in ohm, None for an open circuit, or something that knows by itself.
Load: TypeAlias = int | ModelLoad | None


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
    """Points that reach the electrodes, the same for a record row, and the fault noticed.

    voltage_mv: the magnitude at the leads at the end of each point.
    """

    points: tuple[Point, ...]
    row: list[list[int]]
    fault: Fault
    voltage_mv: tuple[int, ...] = ()

    @property
    def carries_current(self) -> bool:
        """Whether any current flows for any time."""
        return any(time_us and current_ua for time_us, current_ua in self.points)


def deliver(points: tuple[Point, ...], load: Load, compliance_mv: int) -> Delivered:
    """Pass a pulse through a load at a compliance in mV.

    Open: no current flows, noticed from 15 mA. Closed: each phase is limited by the compliance,
    noticed as soon as a resistor would need more, or a model says that it clips.
    """
    if load is None or isinstance(load, int):
        return _resistor(points, load, compliance_mv)
    passed = load.through(points, compliance_mv)
    fault = Fault.NONE
    if passed.open:
        if any(abs(wanted_ua) >= OPEN_NOTICED_UA for _, wanted_ua in points):
            fault = Fault.ELECTRODE
    elif passed.clipped:
        fault = Fault.LOW_CURRENT
    row = [list(point) for point in passed.points]
    return Delivered(passed.points, row, fault, passed.voltage_mv)


@lru_cache(maxsize=4096)
def _resistor(points: tuple[Point, ...], load_ohm: int | None, compliance_mv: int) -> Delivered:
    fault = Fault.NONE
    through: list[Point] = []
    voltage: list[int] = []
    for time_us, wanted_ua in points:
        if load_ohm is None:
            flows = 0
            # Regulated up to all it has, and no current comes.
            voltage.append(compliance_mv if wanted_ua else 0)
            if abs(wanted_ua) >= OPEN_NOTICED_UA:
                fault = Fault.ELECTRODE
        else:
            flows = min(abs(wanted_ua), compliance_mv * 1000 // load_ohm)
            voltage.append(flows * load_ohm // 1000)
            if abs(wanted_ua) * load_ohm > compliance_mv * 1000:
                fault = Fault.LOW_CURRENT
        through.append((time_us, flows if wanted_ua > 0 else -flows))
    return Delivered(tuple(through), [list(point) for point in through], fault, tuple(voltage))


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


class Unnoticed:
    """An open circuit that the device's detection does not see: no current, and no complaint."""

    nominal_ohm = 1_000

    def through(self, points: tuple[Point, ...], _compliance_mv: int) -> Passed:
        """Let no current through, and look like a healthy load."""
        nothing = tuple((time_us, 0) for time_us, _ in points)
        return Passed(nothing, (0,) * len(nothing), False, False)


class Loads:
    """The load on each channel 1..8. `detects_open`: a device that works notices an open one."""

    __slots__ = ("_loads", "detects_open")

    def __init__(self, load: Load) -> None:
        self._loads = {channel: _checked(load) for channel in range(1, 9)}
        self.detects_open = True

    def __getitem__(self, channel: int) -> Load:
        load = self._loads[channel]
        return UNNOTICED if load is None and not self.detects_open else load

    def set(self, channel: int, load: Load) -> None:
        """Put another load on a channel; ValueError for a channel or a load that cannot be."""
        if channel not in self._loads:
            raise ValueError(f"channel {channel}: a P24 has channels 1 to 8")
        self._loads[channel] = _checked(load)


UNNOTICED = Unnoticed()


def nominal_ohm(load: Load) -> int | None:
    """Return a load's resistance, or what a model gives for it, in ohm; None when open."""
    return load if load is None or isinstance(load, int) else load.nominal_ohm


def _checked(load: Load) -> Load:
    if isinstance(load, int) and load < 1:
        raise ValueError(f"load {load} ohm: give at least 1 ohm, or None for an open circuit")
    return load
