"""`clear`: the one check between what is asked and what may be sent. It never clips."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from stimctl.errors import UsageError
from stimctl.safety.bounds import Bound
from stimctl.safety.cleared import Cleared, seal
from stimctl.safety.envelope import Envelope
from stimctl.safety.examine import Acknowledged, ceiling_of, first_problem
from stimctl.safety.measure import measure
from stimctl.safety.problem import Problem, broken_rule, with_nearest
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Refusal, RefusalKind
from stimctl.safety.revalidate import UntrustedError, fresh_envelope, fresh_stimulus
from stimctl.stimulus import Stimulus


def clear(
    stimulus: Stimulus, envelope: Envelope, *, acknowledged: frozenset[str] = frozenset()
) -> Cleared | Refusal:
    """Judge `stimulus` in `envelope`.

    Both are validated anew whatever they are. Limits that warn are refused with the kind
    NEEDS_ACKNOWLEDGEMENT unless their id is in `acknowledged`.
    """
    try:
        fresh, bounds = fresh_stimulus(stimulus), fresh_envelope(envelope)
    except UntrustedError as error:
        return _invalid(str(error))
    known = frozenset(acknowledged)
    problem = first_problem(fresh, bounds, known)
    if problem is None:
        return seal(fresh, bounds, known)
    return with_nearest(problem, _judge(bounds, known))


def _judge(envelope: Envelope, acknowledged: Acknowledged) -> Callable[[Stimulus], Problem | None]:
    return lambda stimulus: first_problem(stimulus, envelope, acknowledged)


def _invalid(why: str) -> Refusal:
    problem = broken_rule("INVALID", Quantity.STIMULUS, f"this cannot be judged: {why}")
    return replace(problem.refusal, kind=RefusalKind.INVALID)


def ceiling_ua(
    stimulus: Stimulus, envelope: Envelope, *, acknowledged: frozenset[str] = frozenset()
) -> int:
    """The highest amplitude in uA, on the device's grid, that keeps every amplitude bound.

    The other parameters stay as they are and are not judged. Raises UsageError for what is no
    stimulus or envelope.
    """
    try:
        fresh, bounds = fresh_stimulus(stimulus), fresh_envelope(envelope)
    except UntrustedError as error:
        raise UsageError("there is no ceiling for this", why=str(error)) from None
    return ceiling_of(fresh, bounds, frozenset(acknowledged))


@dataclass(frozen=True, slots=True)
class Headroom:
    """How much of one bound a stimulus uses: `used` 1.0 is all of it, None where the bound is 0."""

    bound: Bound
    asked: float
    allowed: float
    used: float | None
    exceeded: bool


def headroom(stimulus: Stimulus, envelope: Envelope) -> tuple[Headroom, ...]:
    """Every bound that applies to `stimulus`, with how much of it is used, the tightest first.

    Raises UsageError for what is no stimulus or envelope.
    """
    try:
        fresh, bounds = fresh_stimulus(stimulus), fresh_envelope(envelope)
    except UntrustedError as error:
        raise UsageError("there is no headroom for this", why=str(error)) from None
    measures = measure(fresh, bounds)
    found = []
    for bound in bounds.bounds:
        applies = bound.in_band(measures.defining_frequency_mhz)
        if bound.quantity in measures.values and applies:
            limit = bound.limit_at(measures.widest_phase_us)
            asked = measures.asked(bound.quantity)
            used = float(Fraction(asked) / limit) if limit else None
            found.append(Headroom(bound, asked, float(limit), used, measures.exceeds(bound)))
    return tuple(sorted(found, key=lambda h: -math.inf if h.used is None else -h.used))
