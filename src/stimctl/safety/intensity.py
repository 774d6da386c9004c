"""What devices that know no current may be set to, in percent of their own scale.

Nothing here is a dose. A `ClearedIntensity` says that a person, a clinic, a treatment file and the
device allow so many percent of the device's scale on these electrodes; what that is at the skin
nobody knows. So such a device is attended, and a bound in milliampere is never quietly left out:
it has to be acknowledged that it cannot be kept. Only `clear_intensity` makes one, and drivers
accept nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from typing import final

from stimctl.errors import LimitRefusedError
from stimctl.quantity import format_intensity
from stimctl.safety.bounds import STANDARD_BOUNDS, Bound, Layer, device_bound
from stimctl.safety.device_bounds import PercentBounds
from stimctl.safety.electrodes import Electrode
from stimctl.safety.envelope import LayeredBounds
from stimctl.safety.limits import Profile
from stimctl.safety.problem import Problem, broken_rule, no_repair, over_bound
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Refusal, RefusalKind
from stimctl.safety.revalidate import UntrustedError, fresh_parts
from stimctl.safety.rules import site_problems
from stimctl.safety.sealed import Clearance, OutputPoint, enter
from stimctl.stimulus.level import PERCENT, Percent, Scale

ATTENDED = "L-ATT"
UNCALIBRATED = "L-CAL"
_JUDGED = frozenset({Quantity.INTENSITY, Quantity.SESSION_DURATION})
_NONE = LayeredBounds()


@dataclass(frozen=True, slots=True)
class _Record:
    bounds: PercentBounds
    electrode: Electrode
    added: tuple[Bound, ...]
    most: int

    @property
    def point(self) -> type[IntensityPoint]:
        return IntensityPoint

    @property
    def scale(self) -> Scale[Percent]:
        return PERCENT

    @property
    def step(self) -> int:
        return self.bounds.step_percent

    @property
    def lowest(self) -> int:
        return self.bounds.lowest_percent

    def values(
        self,
        level: int,
        width_us: int | None = None,
        period_us: int | None = None,
        group: tuple[int, ...] = (),
    ) -> tuple[object, ...]:
        timing = (width_us, period_us, *group)
        return (level,) if timing == (None, None) else (level, *timing)

    @property
    def limits(self) -> tuple[Bound, ...]:
        """Every bound in force, also those that nothing here can judge."""
        return (*_standard(), _of_device(self.bounds), *self.added)

    def digest(self) -> str:
        content = {
            "bounds": sorted(json.dumps(bound.as_dict(), sort_keys=True) for bound in self.limits),
            "device": asdict(self.bounds),
            "electrode": asdict(self.electrode),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def allows(self, values: tuple[object, ...]) -> bool:
        """Whether this is 0 or a setting of the device within what was cleared."""
        percent = values[0] if len(values) == 1 else None
        return (
            type(percent) is int
            and (percent == 0 or self.bounds.lowest_percent <= percent <= self.most)
            and self.bounds.on_grid(percent)
        )

    def outside(self, values: tuple[object, ...]) -> LimitRefusedError:
        """The error for an intensity outside what was cleared; shows the range."""
        return LimitRefusedError(
            f"an intensity of {values[0]!r} % is outside what was cleared",
            why=f"cleared are 0 % and {format_intensity(self.bounds.lowest_percent)} to "
            f"{format_intensity(self.most)}",
            what_to_do="clear the intensity that is wanted",
        )


@final
class ClearedIntensity(Clearance[_Record, "IntensityPoint"], last=True):
    """So many percent of a device's own scale are allowed. Only `clear_intensity` makes one."""

    __slots__ = ()

    @property
    def percent(self) -> int:
        """The highest intensity cleared."""
        return self._record.most

    @property
    def bounds(self) -> PercentBounds:
        """Those of the device it was cleared for."""
        return self._record.bounds

    @property
    def electrode(self) -> Electrode:
        """The electrodes it was cleared for."""
        return self._record.electrode

    @property
    def limits(self) -> tuple[Bound, ...]:
        """Every bound in force, also those that nothing here can judge."""
        return self._record.limits

    def lowered_to(self, percent: int) -> ClearedIntensity:
        """The same with a smaller intensity. LimitRefusedError above what was cleared."""
        record = self._record
        if not record.allows((percent,)):
            raise record.outside((percent,))
        return enter(ClearedIntensity, replace(record, most=percent))


@final
class IntensityPoint(OutputPoint, last=True):
    """What a channel is set to now, in percent. Only `ClearedIntensity.point` makes one."""

    __slots__ = ()

    percent: int = property(itemgetter(0))  # type: ignore[assignment]
    level: int = percent
    cleared: ClearedIntensity

    def __repr__(self) -> str:
        return f"<IntensityPoint {self[0]} %>"


def clear_intensity(
    percent: int,
    bounds: PercentBounds,
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
        return enter(ClearedIntensity, _Record(device, pads, added, percent))
    return problem.refusal


def _problems(
    percent: int,
    bounds: PercentBounds,
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
    limits = (*_standard(), _of_device(bounds), *added)
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


def _of_device(bounds: PercentBounds) -> Bound:
    return device_bound(bounds, Quantity.INTENSITY, bounds.highest_percent)


def _unacknowledged(limit_id: str, message: str) -> Problem:
    problem = broken_rule(limit_id, Quantity.DEVICE, message, layer=Layer.DEVICE)
    kind = RefusalKind.NEEDS_ACKNOWLEDGEMENT
    return Problem(replace(problem.refusal, kind=kind))


def _off_scale(percent: int, bounds: PercentBounds) -> Problem:
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
