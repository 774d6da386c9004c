"""The first violation that no fault at work excuses, and the ceilings on each channel."""

from __future__ import annotations

from .fault_exemptions import FaultExemptions
from .rules import InvariantBrokenError, Rule, Rules, Violation


class Verdict:
    """Keeps the first violation, also in `log`; with raising, raises it when it is found, once."""

    def __init__(self, rules: Rules, *, raising: bool, log: list[Violation] | None) -> None:
        self.violation: Violation | None = None
        self.exemptions = FaultExemptions()
        self._rules = rules
        self._raising = raising
        self._log = log
        self._ceilings: dict[int, int] = {}
        self._others = rules.ceiling

    def fail(self, rule: Rule, at_us: int, channel: int | None, words: str) -> None:
        """Something is wrong, unless it is excused; the limits of the device never are."""
        if self.violation is not None or (rule is not Rule.DEVICE and self.exemptions.excuse(rule)):
            return
        self.violation = Violation(rule, at_us, channel, words)
        if self._log is not None:
            self._log.append(self.violation)
        if self._raising:
            raise InvariantBrokenError(self.violation)

    def check(self) -> None:
        """Raise what was found, if anything."""
        if self.violation is not None:
            raise InvariantBrokenError(self.violation)

    def limit(self, channel: int, ceiling: int) -> None:
        """Put a ceiling on a channel, in the unit of the rules."""
        self._ceilings[channel] = min(ceiling, self._rules.ceiling)

    def limit_others(self) -> None:
        """Nothing may come out of a channel without a ceiling of its own."""
        self._others = 0

    def unlimit(self) -> None:
        """Forget the ceilings but the device's."""
        self._ceilings.clear()
        self._others = self._rules.ceiling

    def ceiling(self, at_us: int, channel: int, level: int, where: str) -> None:
        """Judge a level against the ceilings of its channel and of the device."""
        ceiling = self._ceilings.get(channel, self._others)
        if level > ceiling:
            rule = Rule.DEVICE if level > self._rules.ceiling else Rule.CEILING
            unit = self._rules.unit
            self.fail(rule, at_us, channel, f"{level} {unit} {where}, ceiling {ceiling} {unit}")
