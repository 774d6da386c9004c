"""How long a session may last: N1, the protocol's range, and whole cycles (W8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stimctl.errors import UsageError
from stimctl.quantity import format_duration
from stimctl.safety import Bound, Layer, Nearest, Quantity, Refusal, RefusalKind
from stimctl.treatment.consistency import (
    SESSION_CAP_US,
    cycle_period_us,
    session_cap_us,
)
from stimctl.treatment.schema import ProtocolBase, UnstagedProtocol
from stimctl.treatment.whole_cycles import near_text, whole_cycles


@dataclass(frozen=True, slots=True)
class Duration:
    """The length to use, in us, and what was noted on the way."""

    us: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Longest:
    us: int
    limit_id: str
    layer: Layer
    source: str
    certainty: str


def session_duration(
    protocol: UnstagedProtocol, asked_us: int | None, bound: Bound | None
) -> Duration | Refusal:
    """The length of a session of `asked_us` (None: the protocol's own). `bound`: on its length.

    Too long or too short is refused. What is not a whole number of cycles is shortened to one,
    which is noted: a shorter session is never a risk. Raises UsageError for what is no duration.
    """
    session = protocol.session
    asked_us = session.duration_us if asked_us is None else asked_us
    if type(asked_us) is not int or asked_us < 1:
        raise UsageError(f"a duration of {asked_us!r} us is invalid", what_to_do='write "20 min"')
    longest = min(_longest(protocol, bound), key=lambda bound: bound.us)
    period_us = cycle_period_us(protocol)
    grid_us = period_us or 1
    near = whole_cycles(asked_us, grid_us, session.shortest_us, longest.us)
    least_us = near[-1] if near else 0
    used_us = asked_us - asked_us % grid_us
    if period_us is not None and used_us < period_us and asked_us <= longest.us:
        how = "shorter than one cycle,"
        return _refusal("W8", Layer.PROTOCOL, asked_us, period_us, how, least_us)
    refusal = check_length(protocol, asked_us, used_us, bound, (least_us, least_us))
    if refusal is not None:
        return refusal
    return Duration(used_us, tuple(_notes(protocol, asked_us, used_us, near)))


def check_length(
    protocol: ProtocolBase,
    asked_us: int,
    used_us: int,
    bound: Bound | None,
    nearest_us: tuple[int, int] | None = None,
) -> Refusal | None:
    """Whether a session may be as long as this; `used_us` is what is made of what was asked.

    `nearest_us`: what to offer where it is too long, and where it is too short.
    """
    longest = min(_longest(protocol, bound), key=lambda bound: bound.us)
    shortest_us = protocol.session.shortest_us
    below_us, above_us = nearest_us or (longest.us, shortest_us)
    if asked_us > longest.us:
        return _refusal(
            longest.limit_id, longest.layer, asked_us, longest.us, "above",
            below_us, longest.source, longest.certainty,
        )  # fmt: skip
    if used_us < shortest_us:
        return _refusal(
            "L-SES", Layer.PROTOCOL, asked_us, shortest_us, "below", above_us,
            f"the protocol {protocol.id}",
        )  # fmt: skip
    return None


def _longest(protocol: ProtocolBase, bound: Bound | None) -> Iterator[_Longest]:
    session = protocol.session
    yield _Longest(session.longest_us, "L-SES", Layer.PROTOCOL, f"the protocol {protocol.id}", "D")
    yield _Longest(session_cap_us(protocol), "N1", Layer.STANDARD, "stimctl session rules", "D")
    if bound is not None:
        yield _Longest(int(bound.value), bound.limit_id, bound.layer, bound.source, bound.certainty)


def _notes(
    protocol: UnstagedProtocol, asked_us: int, used_us: int, near: tuple[int, ...]
) -> Iterator[str]:
    session = protocol.session
    if used_us != asked_us:
        yield (
            f"duration {format_duration(used_us)} instead of {format_duration(asked_us)}: a "
            f"session is a whole number of cycles (W8); "
            f"{near_text(near, cycle_period_us(protocol) or 1)}"
        )
    if used_us < session.duration_us:
        yield (
            f"shortened session: {format_duration(used_us)}; the protocol asks for "
            f"{format_duration(session.duration_us)}"
        )
    if session.studied_from_us is not None and used_us < session.studied_from_us:
        yield f"the evidence is about sessions from {format_duration(session.studied_from_us)}"
    if used_us > SESSION_CAP_US:
        yield f"longer than 60 min because: {session.beyond_an_hour}"


def _refusal(
    limit_id: str,
    layer: Layer,
    asked_us: int,
    allowed_us: int,
    how: str,
    nearest_us: int,
    source: str = "stimctl consistency rules",
    certainty: str = "D",
) -> Refusal:
    asked, allowed = format_duration(asked_us), format_duration(allowed_us)
    near = Nearest("session_duration", nearest_us, format_duration(nearest_us))
    return Refusal(
        limit_id=limit_id,
        layer=layer,
        quantity=Quantity.SESSION_DURATION,
        asked=asked_us,
        allowed=allowed_us,
        unit="us",
        source=source,
        certainty=certainty,
        message=f"a session of {asked} refused: {how} {allowed} ({limit_id}, {source}; "
        f"certainty {certainty})." + (f" Nearest legal: {near.text}." if nearest_us else ""),
        kind=RefusalKind.LIMIT,
        asked_text=asked,
        allowed_text=allowed,
        nearest=near if nearest_us else None,
    )
