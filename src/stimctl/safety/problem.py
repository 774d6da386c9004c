"""One thing wrong with a stimulus, its refusal, and how the nearest legal stimulus is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from stimctl.safety.bounds import Bound, Layer
from stimctl.safety.limits import LIMIT_BY_ID
from stimctl.safety.quantities import INFO, Quantity, text_in, value_text
from stimctl.safety.refusal import Nearest, Refusal, RefusalKind
from stimctl.safety.repair import Repair
from stimctl.stimulus import Stimulus

_MOST_REPAIRS = 8
RULES_SOURCE = "stimctl consistency rules"


def no_repair() -> None:
    """For what no value of one parameter would mend."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal that does not know its nearest legal value yet, and the repair it needs."""

    refusal: Refusal
    repair: Callable[[], Repair | None] = no_repair


def over_bound(
    bound: Bound,
    asked: int | float,
    allowed: int | float,
    repair: Callable[[], Repair | None],
    *,
    at: str = "",
    kind: RefusalKind = RefusalKind.LIMIT,
) -> Problem:
    """The problem of a bound that is exceeded; `at` is the amplitude, where that is not asked."""
    info = INFO[bound.quantity]
    asked_text, allowed_text = value_texts(bound.quantity, asked, allowed)
    what = asked_text
    if bound.quantity is not Quantity.AMPLITUDE:
        what = f"{info.name} {asked_text}" + (f" at {at}" if at else "")
    below = "below " if bound.strict else ""
    verb = "needs acknowledgement of" if kind is RefusalKind.NEEDS_ACKNOWLEDGEMENT else "refused:"
    message = (
        f"{what} {verb} {_owner(bound)} {below}{allowed_text} "
        f"({bound.source}; certainty {bound.certainty})."
    )
    return Problem(
        Refusal(
            limit_id=bound.limit_id,
            layer=bound.layer,
            quantity=bound.quantity,
            asked=asked,
            allowed=allowed,
            unit=bound.unit,
            source=bound.source,
            certainty=bound.certainty,
            message=message,
            kind=kind,
            asked_text=asked_text,
            allowed_text=allowed_text,
        ),
        repair,
    )


def _owner(bound: Bound) -> str:
    if bound.layer is Layer.STANDARD:
        return f"standard limit {bound.limit_id}"
    if bound.layer is Layer.DEVICE:
        return "device maximum"
    return f"{bound.layer} ceiling"


def value_texts(quantity: Quantity, asked: int | float, allowed: int | float) -> tuple[str, str]:
    """Both values as text, with as many digits as it takes to tell them apart."""
    unit = INFO[quantity].unit
    first = value_text(quantity, asked), value_text(quantity, allowed)
    if first[0] != first[1]:
        return first
    return f"{asked!r} {unit}", f"{allowed!r} {unit}"


def broken_rule(
    rule: str,
    quantity: Quantity,
    message: str,
    repair: Callable[[], Repair | None] = no_repair,
    *,
    layer: Layer = Layer.STANDARD,
    asked: int | float | str = "",
    allowed: int | float | str = "",
    unit: str = "",
    source: str = "",
    certainty: str = "D",
) -> Problem:
    """The problem of a rule that is not a bound: timing, grid, shape, site."""
    row = LIMIT_BY_ID.get(rule)
    if not source:
        source, certainty = (row.source, row.certainty) if row else (RULES_SOURCE, certainty)
    text = f"refused by {rule}: {message} ({source}; certainty {certainty})."
    return Problem(
        Refusal(
            limit_id=rule,
            layer=layer,
            quantity=quantity,
            asked=asked,
            allowed=allowed,
            unit=unit,
            source=source,
            certainty=certainty,
            message=text,
            kind=RefusalKind.RULE,
            asked_text=text_in(asked, unit),
            allowed_text=text_in(allowed, unit),
        ),
        repair,
    )


def with_nearest(problem: Problem, examine: Callable[[Stimulus], Problem | None]) -> Refusal:
    """The refusal with its nearest legal value: repairs are repeated until `examine` is content.

    Without one where a rule cannot be mended by a value.
    """
    repairs: dict[str, Repair] = {}
    current = problem
    for _ in range(_MOST_REPAIRS):
        repair = current.repair()
        if repair is None:
            break
        repairs[repair.parameter] = repair
        following = examine(repair.stimulus)
        if following is None:
            first = next(iter(repairs.values()))
            text = ", ".join(one.text for one in repairs.values())
            near = Nearest(first.parameter, first.value, text, repair.stimulus)
            message = f"{problem.refusal.message} Nearest legal: {text}."
            return replace(problem.refusal, nearest=near, message=message)
        current = following
    return problem.refusal
