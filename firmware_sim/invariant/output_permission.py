"""When output may exist at all: from start to stop, while life signs and keep-alives come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .rules import Rule, Rules

_UNKNOWN_US, _NEVER_US = -2, 10**15


class Latest(NamedTuple):
    """Until when (us) output may exist, which rule says so, and why."""

    until_us: int
    rule: Rule
    why: str


class OutputPermission:
    """What marks and keep-alives allow. Marks come in time order."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._armed = False
        self.running = False
        self._ended: tuple[int, str] | None = None
        self.paused_us: int | None = None
        self._signs: dict[str, int] = {}
        self._lost: tuple[int, str] | None = None
        self._fed_us: int | None = None
        # No bound passes until then. What only puts bounds off (a sign, a keep-alive) leaves it.
        self._none_until_us = _UNKNOWN_US

    def armed(self) -> None:
        """Output may be started."""
        self._armed = True

    def started(self) -> str | None:
        """Output may begin; returns what is wrong with that, if anything."""
        if not self._armed:
            return "a start without arming"
        self.running, self._ended, self.paused_us, self._lost = True, None, None, None
        self._none_until_us = _UNKNOWN_US
        return None

    def paused(self, at_us: int) -> None:
        """Output must end, and may come back."""
        self._end(at_us, "a pause")
        self.paused_us = at_us

    def resumed(self, at_us: int) -> bool | None:
        """A pause is over; whether it was short enough to keep the plateaus, None = no pause."""
        paused_us, self.paused_us = self.paused_us, None
        if paused_us is None:
            return None
        self.running, self._ended = True, None
        self._none_until_us = _UNKNOWN_US
        return at_us - paused_us <= self._rules.longest_pause_us

    def ended(self, at_us: int, why: str) -> None:
        """Output must end, and needs arming and start to come back."""
        self._armed, self.paused_us = False, None
        self._end(at_us, why)

    def _end(self, at_us: int, why: str) -> None:
        if self.running:
            self.running, self._ended = False, (at_us, why)
            self._none_until_us = _UNKNOWN_US

    def sign(self, at_us: int, name: str) -> None:
        """Something whose life the keep-alive depends on was alive."""
        if at_us < self._signs.get(name, at_us + 1):
            self._none_until_us = _UNKNOWN_US
        self._signs[name] = at_us

    def lost(self, at_us: int, why: str) -> None:
        """The host, or its line, is gone for good."""
        self._lost = self._lost or (at_us, why)
        self._none_until_us = _UNKNOWN_US

    def fed(self, at_us: int) -> None:
        """The device obeyed what counts as a keep-alive."""
        if self._fed_us is None or at_us < self._fed_us:
            self._none_until_us = _UNKNOWN_US
        self._fed_us = at_us

    def past(self, at_us: int) -> list[Latest]:
        """Every bound on the time of output that has passed by then, the earliest first."""
        if at_us <= self._none_until_us:
            return []
        bounds = sorted(self._bounds(), key=lambda one: one.until_us)
        self._none_until_us = bounds[0].until_us if bounds else _NEVER_US
        return [one for one in bounds if one.until_us < at_us]

    def _bounds(self) -> Iterator[Latest]:
        """Until when output may go on, for each reason that it must end for."""
        rules = self._rules
        after_us = rules.dead_man_us + rules.margin_us
        if rules.needs_start and not self.running:
            if self._ended is None:
                yield Latest(-1, Rule.START, "nothing was armed and started")
            else:
                ended_us, why = self._ended
                words = f"output was ended at {ended_us} us: {why}"
                yield Latest(ended_us + rules.line_us + after_us, Rule.START, words)
        for name, seen_us in self._signs.items():
            until_us = seen_us + rules.signs_us[name] + rules.line_us + after_us
            words = f"the last heartbeat of the {name} was at {seen_us} us"
            yield Latest(until_us, Rule.LIFE, words)
        if self._lost is not None:
            lost_us, why = self._lost
            words = f"the host was lost at {lost_us} us ({why})"
            yield Latest(lost_us + after_us, Rule.DEAD_MAN, words)
        if rules.line and rules.keep_alive:
            if self._fed_us is None:
                words = "no command that keeps output alive was obeyed"
                yield Latest(-1, Rule.DEAD_MAN, words)
            else:
                words = f"the last keep-alive was obeyed at {self._fed_us} us"
                yield Latest(self._fed_us + after_us, Rule.DEAD_MAN, words)
