"""The judgement itself: the first thing wrong with a stimulus in an envelope, or nothing.

Works on fresh, validated copies (see `stimctl.safety.revalidate`) and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stimctl.quantity import format_current
from stimctl.safety import repair
from stimctl.safety.bounds import Bound, Layer
from stimctl.safety.envelope import Envelope
from stimctl.safety.limits import Action
from stimctl.safety.measure import Measures, measure
from stimctl.safety.problem import Problem, broken_rule, over_bound
from stimctl.safety.quantities import INFO, Quantity
from stimctl.safety.refusal import RefusalKind
from stimctl.safety.repair import Repair
from stimctl.safety.rules import ability_problems, least_problems, timing_problems, warnings_of
from stimctl.stimulus import Stimulus
from stimctl.stimulus.pulse import AMPLITUDE_TOP_UA

Acknowledged = frozenset[str]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something allowed that the operator should know: an acknowledged limit, or rule W7."""

    id: str
    message: str

    def __str__(self) -> str:
        return f"{self.id}: {self.message}"


def first_problem(
    stimulus: Stimulus, envelope: Envelope, acknowledged: Acknowledged
) -> Problem | None:
    """The first thing that forbids `stimulus`, most fundamental first; None clears it."""
    return next(_problems(stimulus, envelope, acknowledged), None)


def _problems(
    stimulus: Stimulus, envelope: Envelope, acknowledged: Acknowledged
) -> Iterator[Problem]:
    yield from ability_problems(stimulus, envelope)
    measures = measure(stimulus, envelope)
    yield from _fixed_problems(stimulus, envelope, measures)
    yield from least_problems(stimulus, envelope)
    yield from timing_problems(stimulus, envelope)
    yield from _amplitude_problems(stimulus, envelope, measures, acknowledged)


def _refusing(bound: Bound, acknowledged: Acknowledged) -> bool:
    return bound.action is not Action.WARN or bound.limit_id not in acknowledged


def _fixed_problems(
    stimulus: Stimulus, envelope: Envelope, measures: Measures
) -> Iterator[Problem]:
    """Bounds on quantities that the amplitude has no part in; the tightest of each first."""
    device = envelope.device
    for quantity in (q for q, info in INFO.items() if info.degree == 0):
        bounds = [b for b in envelope.bounds if b.quantity is quantity and measures.exceeds(b)]
        if not bounds:
            continue
        bound = min(bounds, key=lambda b: b.limit_at(0))
        allowed = int(bound.value)

        def mend(quantity: Quantity = quantity, allowed: int = allowed) -> Repair | None:
            if quantity is Quantity.PHASE_WIDTH:
                return repair.phase_width(stimulus, device, allowed)
            if quantity is Quantity.INTERPHASE_GAP:
                return repair.interphase_gap(stimulus, device, allowed)
            if quantity is Quantity.FREQUENCY:
                return repair.frequency(stimulus, 1, allowed)
            if quantity is Quantity.PULSES_PER_BURST and stimulus.burst is not None:
                return repair.pulses_per_burst(stimulus, stimulus.burst, allowed)
            return None

        yield over_bound(bound, measures.asked(quantity), bound.value, mend)


def _amplitude_problems(
    stimulus: Stimulus, envelope: Envelope, measures: Measures, acknowledged: Acknowledged
) -> Iterator[Problem]:
    """Bounds that a lower amplitude keeps, the tightest first; then the device's grid (W9)."""
    amplitude_ua = stimulus.pulse.amplitude_ua

    step = amplitude_step_ua(stimulus, envelope)

    def mend() -> Repair | None:
        on_grid = amplitude_ua - amplitude_ua % step  # never more than was asked
        ceiling = ceiling_of(stimulus, envelope, acknowledged)
        return repair.amplitude(stimulus, min(on_grid, ceiling))

    exceeded = [b for b in envelope.bounds if INFO[b.quantity].degree and measures.exceeds(b)]
    blocking = [b for b in exceeded if b.action is not Action.WARN]
    warning = [b for b in exceeded if _refusing(b, acknowledged)]
    if blocking or warning:
        kind = RefusalKind.LIMIT if blocking else RefusalKind.NEEDS_ACKNOWLEDGEMENT
        bound = max(blocking or warning, key=lambda b: _tightness(measures, b))
        limit = bound.limit_at(measures.widest_phase_us)
        allowed = int(limit) if limit.denominator == 1 else float(limit)
        asked = measures.asked(bound.quantity)
        yield over_bound(bound, asked, allowed, mend, at=format_current(amplitude_ua), kind=kind)
    if amplitude_ua % step:
        yield broken_rule(
            "W9", Quantity.AMPLITUDE,
            f"{format_current(amplitude_ua)} is not a step of {format_current(step)}", mend,
            layer=Layer.DEVICE, asked=amplitude_ua, allowed=amplitude_ua - amplitude_ua % step,
            unit="uA",
        )  # fmt: skip


def _tightness(measures: Measures, bound: Bound) -> tuple[bool, object]:
    """Orders bounds by how far they would push the amplitude down; zero allows nothing at all."""
    if bound.limit_at(measures.widest_phase_us) == 0:
        return True, 0
    return False, measures.used_squared(bound)


def amplitude_step_ua(stimulus: Stimulus, envelope: Envelope) -> int:
    """The device's amplitude step in uA, such that both phases are on its grid."""
    return envelope.device.amplitude_step_ua * stimulus.pulse.second_phase_ratio


def ceiling_of(stimulus: Stimulus, envelope: Envelope, acknowledged: Acknowledged) -> int:
    """The highest amplitude in uA, on the grid, that keeps every amplitude bound.

    0 is always one: every bound is at least 0. Found by bisection over the grid, so that it rests
    on nothing but the judgement of single amplitudes.
    """
    step = amplitude_step_ua(stimulus, envelope)
    bounds = [b for b in envelope.bounds if INFO[b.quantity].degree and _refusing(b, acknowledged)]

    def keeps(steps: int) -> bool:
        measures = measure(stimulus.with_amplitude(steps * step), envelope)
        return not any(measures.exceeds(bound) for bound in bounds)

    low, high = 0, min(envelope.device.amplitude_max_ua, AMPLITUDE_TOP_UA) // step + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if keeps(middle) else (low, middle)
    return low * step


def notices_of(
    stimulus: Stimulus, envelope: Envelope, acknowledged: Acknowledged
) -> tuple[Notice, ...]:
    """What is allowed but worth telling: acknowledged limits that are exceeded, and W7."""
    measures = measure(stimulus, envelope)
    notices = [Notice(one.rule, one.message) for one in warnings_of(stimulus)]
    for bound in envelope.bounds:
        if bound.limit_id in acknowledged and measures.exceeds(bound):
            asked = measures.asked(bound.quantity)
            notices.append(
                Notice(
                    bound.limit_id,
                    f"{INFO[bound.quantity].name} {asked:.4g} {bound.unit} is above {bound.text}; "
                    f"acknowledged",
                )
            )
    return tuple(notices)
