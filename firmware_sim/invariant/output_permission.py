"""When output may exist at all: from start to stop, while life signs and keep-alives come."""

from __future__ import annotations

from typing import NamedTuple

from .rules import Rule, Rules


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

    def armed(self) -> None:
        """Output may be started."""
        self._armed = True

    def started(self) -> str | None:
        """Output may begin; returns what is wrong with that, if anything."""
        if not self._armed:
            return "a start without arming"
        self.running, self._ended, self.paused_us, self._lost = True, None, None, None
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
        return at_us - paused_us <= self._rules.longest_pause_us

    def ended(self, at_us: int, why: str) -> None:
        """Output must end, and needs arming and start to come back."""
        self._armed, self.paused_us = False, None
        self._end(at_us, why)

    def _end(self, at_us: int, why: str) -> None:
        if self.running:
            self.running, self._ended = False, (at_us, why)

    def sign(self, at_us: int, name: str) -> None:
        """Something whose life the keep-alive depends on was alive."""
        self._signs[name] = at_us

    def lost(self, at_us: int, why: str) -> None:
        """The host, or its line, is gone for good."""
        self._lost = self._lost or (at_us, why)

    def fed(self, at_us: int) -> None:
        """The device obeyed what counts as a keep-alive."""
        self._fed_us = at_us

    def past(self, at_us: int) -> list[Latest]:
        """Every bound on the time of output that has passed by then, the earliest first."""
        bounds = (self._start_until, self._life_until, self._loss_until, self._dead_man_until)
        found = [one for bound in bounds if (one := bound(at_us)) is not None]
        return sorted(found, key=lambda one: one.until_us) if len(found) > 1 else found

    @property
    def _after_us(self) -> int:
        return self._rules.dead_man_us + self._rules.margin_us

    def _start_until(self, at_us: int) -> Latest | None:
        if self.running or not self._rules.needs_start:
            return None
        if self._ended is None:
            return Latest(-1, Rule.START, "nothing was armed and started")
        ended_us, why = self._ended
        until_us = ended_us + self._rules.line_us + self._after_us
        if at_us <= until_us:
            return None
        return Latest(until_us, Rule.START, f"output was ended at {ended_us} us: {why}")

    def _life_until(self, at_us: int) -> Latest | None:
        for name, seen_us in self._signs.items():
            until_us = seen_us + self._rules.signs_us[name] + self._rules.line_us + self._after_us
            if at_us > until_us:
                words = f"the last sign of life of the {name} was at {seen_us} us"
                return Latest(until_us, Rule.LIFE, words)
        return None

    def _loss_until(self, at_us: int) -> Latest | None:
        if self._lost is None or at_us <= self._lost[0] + self._after_us:
            return None
        lost_us, why = self._lost
        words = f"the host was lost at {lost_us} us ({why})"
        return Latest(lost_us + self._after_us, Rule.DEAD_MAN, words)

    def _dead_man_until(self, at_us: int) -> Latest | None:
        if not (self._rules.line and self._rules.keep_alive):
            return None
        if self._fed_us is None:
            return Latest(-1, Rule.DEAD_MAN, "no command that keeps output alive was obeyed")
        until_us = self._fed_us + self._after_us
        if at_us <= until_us:
            return None
        words = f"the last keep-alive was obeyed at {self._fed_us} us"
        return Latest(until_us, Rule.DEAD_MAN, words)
