"""One question to the toy, and what its set points come to: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.output_count import Unit, unit_of
from stimctl.errors import LimitRefusedError
from stimctl.safety.cleared import Cleared, SetPoint
from stimctl.safety.sealed import is_genuine
from stimctl.stimulus.pulse import PulseShape
from toy_stimulator.sheet import CHANNELS, SHEET

MS = 1_000_000
STALE_NS = 250 * MS
"""A raise that is older never leaves."""


class Form(NamedTuple):
    """What one channel gives."""

    amplitude_ua: int
    width_us: int
    period_us: int

    def raises(self, other: Form) -> bool:
        """Whether it is in any respect more than `other`."""
        more = self.amplitude_ua > other.amplitude_ua or self.width_us > other.width_us
        return self.amplitude_ua > 0 and (more or self.period_us < other.period_us)


OFF: Mapping[int, Form] = {}
_NOTHING = Form(0, 0, 1_000_000)


def form_of(channel: int, point: SetPoint) -> Form:
    """A genuine set point within the bounds of the toy, or a refusal."""
    bounds = SHEET.bounds
    if not is_genuine(point, SetPoint):
        raise LimitRefusedError("a set point", why="it does not come from the safety model")
    form = Form(point.amplitude_ua, point.phase_width_us, point.period_us)
    fits = (
        channel in range(1, CHANNELS + 1)
        and 0 <= form.amplitude_ua <= bounds.amplitude_max_ua
        and form.amplitude_ua % bounds.amplitude_step_ua == 0
        and bounds.phase_width_min_us <= form.width_us <= bounds.phase_width_max_us
        and bounds.period_min_us <= form.period_us <= bounds.period_max_us
        and point.shape is PulseShape.SYMMETRIC
        and point.interphase_gap_us == 0
        and point.cleared.group is None
    )
    if not fits:
        raise LimitRefusedError(f"{form} on channel {channel!r}", why="a toy cannot do that")
    return form


def raises(forms: Mapping[int, Form], other: Mapping[int, Form]) -> bool:
    """Whether any channel gets more."""
    return any(one.raises(other.get(channel, _NOTHING)) for channel, one in forms.items())


def lowest(possible: Sequence[Mapping[int, Form]]) -> dict[int, Form]:
    """What raises nothing, whichever of these is in force."""
    found: dict[int, Form] = {}
    for channel in set.intersection(*(set(forms) for forms in possible)):
        choices = [forms[channel] for forms in possible]
        least = [one for one in choices if not any(one.raises(other) for other in choices)]
        if least:
            found[channel] = least[0]
    return found


def units_of(forms: Mapping[int, Form]) -> dict[int, Unit]:
    """What the channels with current give, for the final output check."""
    return {
        channel: unit_of(one.period_us, [(one.width_us, one.amplitude_ua)] * 2)
        for channel, one in forms.items()
        if one.amplitude_ua
    }


class Question:
    """What is asked, for which call, and when it was sent."""

    def __init__(
        self, doing: Doing, asked_ns: int, ticket: int = 0, forms: Mapping[int, Form] = OFF
    ) -> None:
        self.doing, self.asked_ns, self.ticket, self.forms = doing, asked_ns, ticket, forms
        self.proofs: Mapping[int, Cleared] = {}
        self.raises = self.late_told = self.answered = False
        self.first_ns, self.sent_ns = asked_ns, -1

    @property
    def expires_ns(self) -> int | None:
        """Until when it may leave; None for what raises nothing."""
        return self.asked_ns + STALE_NS if self.raises else None

    def deadlines(self) -> list[int]:
        """When it has waited for too long."""
        return [self.asked_ns + STALE_NS] if self.raises else []

    def stale(self, now_ns: int) -> bool:
        """Whether it raises and is too old."""
        return self.raises and now_ns - self.asked_ns >= STALE_NS

    def channels(self) -> tuple[ChannelSet, ...]:
        """The channels that are on."""
        return tuple(
            ChannelSet(channel, one.amplitude_ua, one.width_us, one.period_us, one.period_us)
            for channel, one in sorted(self.forms.items())
        )

    def words(self, channels: int) -> str:
        """As the wire has it."""
        if self.doing is not Doing.APPLY:
            return _WORDS[self.doing]
        return "on " + " ".join(_numbers(self.forms.get(c) for c in range(1, channels + 1)))


_WORDS = {
    Doing.STOP: "off",
    Doing.VERIFY: "ask",
    Doing.KEEP_ALIVE: "say",
    Doing.IDENTIFY: "who",
}


def _numbers(forms: Iterable[Form | None]) -> Iterable[str]:
    for form in forms:
        yield "0 0 0" if form is None else f"{form.amplitude_ua} {form.width_us} {form.period_us}"
