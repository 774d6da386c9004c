"""What the devices of a record have acknowledged: summed over its runs, with bounds, and in words.

The figure counts what was acknowledged. Its bounds say what was given at least and at most: they
lie apart where an answer was lost, where the link ended, and where the record itself ends early.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stimctl.quantity import format_current
from stimctl.session.config import JOURNAL_AGE_NS
from stimctl.session.row_base import Kind

FIELD: Final = "acknowledged"
"""The field of the rows `telemetry`, `unknown` and `ended` that counts the run so far."""
BOUNDS: Final = "bounds"
"""Within it, by figure, the least and the most; null where nothing bounds it."""
HOW: Final = "computed from acknowledged set points and their times"
_US = 1_000
_NS_IN_MS = 1_000_000
_SECOND_NS = 1_000_000_000
_CLOSE_PERMILLE = 10
"""Bounds no farther away than this say no more than the figure itself."""

Told = Mapping[str, Any]


class Delivered:
    """Takes the rows of one session in order. A run that was killed counts up to its last row, and
    its bounds hold what may have come after that."""

    def __init__(self) -> None:
        self._before: dict[str, dict[str, Any]] = {}
        self._run: dict[str, dict[str, Any]] = {}
        self._start: Mapping[str, Any] | None = None
        self._counted_ns = self._last_ns = 0
        self._levels: dict[str, int] = {}

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
        """Learn from one row."""
        at_ns = data.get("at_ns", data.get("mono_ns", 0))  # of a journal's row, or of a face's
        self._last_ns = max(self._last_ns, int(at_ns))
        if kind == Kind.START:
            self._before = self.by_channel
            self._run = {channel: _nothing_yet() for channel in data.get("fastest") or {}}
            self._start, self._counted_ns = data, self._last_ns
            self._levels = {}
        elif kind == Kind.RAISE and "level" in data:
            channel = str(data.get("channel"))
            self._levels[channel] = max(self._levels.get(channel, 0), int(data["level"]))
        elif isinstance(data.get(FIELD), Mapping):
            self._run = {channel: dict(one) for channel, one in data[FIELD].items()}
            self._counted_ns = self._last_ns
            self._levels = {str(one): level for one, level in data.get("levels", {}).items()}
            if kind in (Kind.ENDED, Kind.UNKNOWN):
                self._start = None

    @property
    def cut(self) -> bool:
        """The record ends while a run is under way."""
        return self._start is not None

    @property
    def by_channel(self) -> dict[str, dict[str, Any]]:
        """Of all runs together; empty where nothing was acknowledged, or nothing recorded of it."""
        total = {channel: dict(one) for channel, one in self._before.items()}
        for channel, one in self._run.items():
            run = self._with_what_may_follow(channel, one)
            total[channel] = _sum(total[channel], run) if channel in total else run
        return total

    def _with_what_may_follow(self, channel: str, told: dict[str, Any]) -> dict[str, Any]:
        """After the last row of a record that was cut the host can have gone on until its journal
        was overdue, and the device until it stopped by itself."""
        if self._start is None or BOUNDS not in told:
            return told
        fastest = (self._start.get("fastest") or {}).get(channel, {})
        runs_on_us = self._start.get("runs_on_us")
        if runs_on_us is None:
            more = dict.fromkeys(told[BOUNDS])
        else:
            for_ns = self._last_ns - self._counted_ns + JOURNAL_AGE_NS + int(runs_on_us) * _US
            level = self._levels.get(channel, 0)
            pulses = -(-for_ns * int(fastest.get("pulses_a_second", 0)) // _SECOND_NS) + 1
            charge_nc = pulses * level * int(fastest.get("width_us", 0)) // _US
            more = {"on_ms": for_ns // _NS_IN_MS, "pulses": pulses, "charge_nc": charge_nc}
            more |= {"peak_ua": level, "peak_percent": level}
            if not level:
                more = dict.fromkeys(more, 0)
        bounds = {
            name: [low, _joined(name, high, more[name])]
            for name, (low, high) in told[BOUNDS].items()
        }
        return {**told, BOUNDS: bounds}


def _nothing_yet() -> dict[str, Any]:
    names = ("peak_ua", "on_ms", "pulses", "charge_nc")
    return {**dict.fromkeys(names, 0), BOUNDS: {name: [0, 0] for name in names}}


def bounds_of(told: Told, name: str) -> tuple[int, int | None] | None:
    """The least and the most of one figure; None where the record has no bounds."""
    found = told.get(BOUNDS, {}).get(name)
    return None if found is None else (found[0], found[1])


def most_of(told: Told, name: str) -> int:
    """What may have been given at most; the figure itself where that is not known."""
    bounds = bounds_of(told, name)
    high = None if bounds is None else bounds[1]
    return int(told.get(name, 0)) if high is None else high


def describe(told: Told) -> str:
    """One channel: pulses, charge and peak, or time and highest share of another unit's pulses;
    with the bounds where they lie apart."""
    on = f"on for {told.get('on_ms', 0) / 1_000:.1f} s{_between(told, 'on_ms', _seconds)}"
    if "peak_percent" in told:
        return f"{on}, at most {told['peak_percent']} %"
    charge = told.get("charge_nc", 0) / 1e6
    return (
        f"{told.get('pulses', 0)} pulses{_between(told, 'pulses', str)}, "
        f"{charge:.4g} mC in first phases{_between(told, 'charge_nc', _millicoulomb)}, "
        f"peak {format_current(told.get('peak_ua', 0))}{_between(told, 'peak_ua', format_current)},"
        f" {on}"
    )


def _between(told: Told, name: str, text: Any) -> str:
    """In brackets, where the bounds say more than the figure."""
    bounds = bounds_of(told, name)
    if bounds is None:
        return ""
    low, high = bounds
    value = told.get(name, 0)
    near = max(1, value * _CLOSE_PERMILLE // 1_000)
    if high is not None and value - low <= near and high - value <= near:
        return ""
    return f" (at least {text(low)}, at most {'not bounded' if high is None else text(high)})"


def _seconds(ms: int) -> str:
    return f"{ms / 1_000:.1f} s"


def _millicoulomb(nc: int) -> str:
    return f"{nc / 1e6:.4g} mC"


def _joined(name: str, one: int | None, other: int | None) -> int | None:
    """Peaks are the higher of two, all others their sum."""
    if one is None or other is None:
        return None
    return max(one, other) if name.startswith("peak_") else one + other


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two runs of one channel. Where one has no bounds the sum has none."""
    names = (one.keys() | other.keys()) - {BOUNDS}
    total: dict[str, Any] = {
        name: _joined(name, one.get(name, 0), other.get(name, 0)) for name in names
    }
    if BOUNDS in one and BOUNDS in other:
        total[BOUNDS] = {
            name: [_joined(name, *pair) for pair in zip(one[BOUNDS][name], high, strict=True)]
            for name, high in other[BOUNDS].items()
        }
    return total
