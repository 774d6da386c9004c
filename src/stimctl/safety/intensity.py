"""The gate for devices that know no current: what of their own scale may be set, in percent.

Nothing here is a dose. A `ClearedIntensity` says that a person, a clinic, a treatment file and the
device allow so many percent of the device's scale on these electrodes; what that is at the skin
nobody knows. So such a device is attended, and a bound in milliampere is never quietly left out:
it has to be acknowledged that it cannot be kept. Proof works as in `cleared`: only
`clear_intensity` makes one, and drivers accept nothing else.
"""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from typing import Any, NoReturn, TypeGuard, final

from stimctl.errors import BugError, LimitRefusedError
from stimctl.quantity import format_intensity
from stimctl.safety.bounds import STANDARD_BOUNDS, Bound, Layer
from stimctl.safety.electrodes import Electrode
from stimctl.safety.envelope import LayeredBounds
from stimctl.safety.gate_bounds import GateBounds
from stimctl.safety.limits import LIMIT_BY_ID, Profile
from stimctl.safety.problem import Problem, broken_rule, no_repair, over_bound
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Refusal, RefusalKind
from stimctl.safety.revalidate import UntrustedError, fresh_parts
from stimctl.safety.rules import site_problems
from stimctl.safety.sealed import Sealed

ATTENDED = "L-ATT"
UNCALIBRATED = "L-CAL"
_JUDGED = frozenset({Quantity.INTENSITY, Quantity.SESSION_DURATION})
_NONE = LayeredBounds()


@dataclass(frozen=True, slots=True)
class _Record:
    bounds: GateBounds
    electrode: Electrode
    added: tuple[Bound, ...]
    highest_percent: int

    def allows(self, percent: object) -> bool:
        """Whether this is 0 or a setting of the device within what was cleared."""
        return (
            type(percent) is int
            and (percent == 0 or self.bounds.lowest_percent <= percent <= self.highest_percent)
            and self.bounds.on_grid(percent)
        )


_register: dict[int, tuple[weakref.ref[ClearedIntensity], _Record]] = {}


def _record_of(cleared: object) -> _Record | None:
    entry = _register.get(id(cleared))
    return entry[1] if entry is not None and entry[0]() is cleared else None


def _enter(record: _Record) -> ClearedIntensity:
    cleared = object.__new__(ClearedIntensity)
    key = id(cleared)
    _register[key] = (weakref.ref(cleared, lambda _: _register.pop(key, None)), record)
    return cleared


@final
class ClearedIntensity(Sealed):
    """So many percent of a device's own scale are allowed. Only `clear_intensity` makes one."""

    __slots__ = ("__weakref__",)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("ClearedIntensity cannot be subclassed")

    @property
    def _record(self) -> _Record:
        record = _record_of(self)
        if record is None:
            raise BugError("this was never cleared", what_to_do="use clear_intensity()")
        return record

    @property
    def percent(self) -> int:
        """The highest intensity cleared."""
        return self._record.highest_percent

    @property
    def bounds(self) -> GateBounds:
        """Those of the device it was cleared for."""
        return self._record.bounds

    @property
    def electrode(self) -> Electrode:
        """The electrodes it was cleared for."""
        return self._record.electrode

    @property
    def limits(self) -> tuple[Bound, ...]:
        """Every bound in force, also those that nothing here can judge."""
        record = self._record
        return (*_standard(), _device_bound(record.bounds), *record.added)

    def digest(self) -> str:
        """SHA-256 (hex) of the effective limits: all bounds, device, electrode."""
        record = self._record
        content = {
            "bounds": sorted(json.dumps(bound.as_dict(), sort_keys=True) for bound in self.limits),
            "device": asdict(record.bounds),
            "electrode": asdict(record.electrode),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def lowered_to(self, percent: int) -> ClearedIntensity:
        """The same with a smaller intensity. LimitRefusedError above what was cleared."""
        record = self._record
        if not record.allows(percent):
            raise _outside(record, percent)
        return _enter(replace(record, highest_percent=percent))

    def point(self, percent: int) -> IntensityPoint:
        """An intensity within what was cleared, 0 = off. LimitRefusedError outside it."""
        record = self._record
        if not record.allows(percent):
            raise _outside(record, percent)
        return _new_tuple(IntensityPoint, (percent, self))

    def __repr__(self) -> str:
        record = _record_of(self)
        if record is None:
            return "<ClearedIntensity, not genuine>"
        return f"<ClearedIntensity up to {format_intensity(record.highest_percent)}>"


@final
class IntensityPoint(Sealed, tuple[Any, ...]):
    """What a channel is set to now, in percent. Only `ClearedIntensity.point` makes one."""

    __slots__ = ()

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("IntensityPoint cannot be subclassed")

    percent: int = property(itemgetter(0))  # type: ignore[assignment]
    cleared: ClearedIntensity = property(itemgetter(1))  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return type(other) is IntensityPoint and self[0] == other[0]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[0])

    def __repr__(self) -> str:
        return f"<IntensityPoint {self[0]} %>"


_new_tuple = tuple.__new__


def is_genuine_intensity(obj: object) -> TypeGuard[IntensityPoint]:
    """Whether `obj` is a point within a genuine clearance. Drivers ask this first."""
    if type(obj) is not IntensityPoint or len(obj) != 2:
        return False
    record = _record_of(obj[1])
    return record is not None and record.allows(obj[0])


def clear_intensity(
    percent: int,
    bounds: GateBounds,
    electrode: Electrode,
    layers: LayeredBounds = _NONE,
    *,
    acknowledged: frozenset[str] = frozenset(),
) -> ClearedIntensity | Refusal:
    """Judge an intensity in percent on a device without a current of its own.

    `L-ATT` must be among `acknowledged`: somebody attends, with a hand on the other device's own
    switch. So must `L-CAL` where a layer has a bound that only a known current could keep.
    """
    try:
        device, pads, added = fresh_parts(bounds, electrode, layers)
    except UntrustedError as error:
        return replace(_invalid(str(error)), kind=RefusalKind.INVALID)
    if type(percent) is not int or percent < 0:
        return replace(_invalid(f"an intensity of {percent!r} %"), kind=RefusalKind.INVALID)
    problem = next(_problems(percent, device, pads, added, frozenset(acknowledged)), None)
    if problem is None:
        return _enter(_Record(device, pads, added, percent))
    return problem.refusal


def _problems(
    percent: int,
    bounds: GateBounds,
    electrode: Electrode,
    added: tuple[Bound, ...],
    acknowledged: frozenset[str],
) -> Iterator[Problem]:
    yield from site_problems(electrode)
    if ATTENDED not in acknowledged:
        yield _unacknowledged(
            ATTENDED, f"{bounds.name} has no watchdog: it is attended, with a hand on the switch "
            "of the device whose pulses it lets through",
        )  # fmt: skip
    for bound in added:
        if bound.quantity not in _JUDGED and UNCALIBRATED not in acknowledged:
            yield _unacknowledged(
                UNCALIBRATED, f"{bounds.name} knows no current, so that the {bound.layer} ceiling "
                f"of {bound.quantity} {bound.text} ({bound.source}) cannot be kept",
            )  # fmt: skip
    limits = (*_standard(), _device_bound(bounds), *added)
    on_it = [bound for bound in limits if bound.quantity is Quantity.INTENSITY]
    tightest = min(on_it, key=lambda bound: bound.value)
    highest = int(tightest.value) - int(tightest.value) % bounds.step_percent
    if percent > tightest.value:
        yield _with_nearest(over_bound(tightest, percent, tightest.value, no_repair), highest)
    if percent and percent < bounds.lowest_percent:
        yield _with_nearest(_off_scale(percent, bounds), 0)
    if not bounds.on_grid(percent):
        yield _with_nearest(_off_scale(percent, bounds), percent - percent % bounds.step_percent)


def _standard() -> tuple[Bound, ...]:
    return tuple(b for b in STANDARD_BOUNDS[Profile.CLINIC] if b.quantity in _JUDGED)


def _device_bound(bounds: GateBounds) -> Bound:
    return Bound(
        "L-DEV", Layer.DEVICE, Quantity.INTENSITY, bounds.highest_percent, "%",
        LIMIT_BY_ID["L-DEV"].action, f"{bounds.name}: {bounds.source}", bounds.certainty,
    )  # fmt: skip


def _unacknowledged(limit_id: str, message: str) -> Problem:
    problem = broken_rule(limit_id, Quantity.DEVICE, message, layer=Layer.DEVICE)
    kind = RefusalKind.NEEDS_ACKNOWLEDGEMENT
    return Problem(replace(problem.refusal, kind=kind))


def _off_scale(percent: int, bounds: GateBounds) -> Problem:
    scale = (
        f"{format_intensity(bounds.lowest_percent)} to {format_intensity(bounds.highest_percent)} "
        f"in steps of {format_intensity(bounds.step_percent)}, or 0 %"
    )
    return broken_rule(
        "W9", Quantity.INTENSITY, f"{bounds.name} can be set to {scale}",
        layer=Layer.DEVICE, asked=percent, allowed=scale, unit="%",
    )  # fmt: skip


def _with_nearest(problem: Problem, percent: int) -> Problem:
    refusal = problem.refusal
    message = f"{refusal.message} Nearest legal: {format_intensity(percent)}."
    return Problem(replace(refusal, message=message))


def _invalid(why: str) -> Refusal:
    return broken_rule("INVALID", Quantity.INTENSITY, f"this cannot be judged: {why}").refusal


def _outside(record: _Record, percent: object) -> LimitRefusedError:
    return LimitRefusedError(
        f"an intensity of {percent!r} % is outside what was cleared",
        why=f"cleared are 0 % and {format_intensity(record.bounds.lowest_percent)} to "
        f"{format_intensity(record.highest_percent)}",
        what_to_do="clear the intensity that is wanted",
    )
