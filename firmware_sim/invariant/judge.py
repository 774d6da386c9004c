"""What every judge of a device is told, whatever comes out of that device: marks, bytes, rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from .notices import Ending, Notices
from .orders import AnswerReader
from .output_permission import OutputPermission
from .plateaus import Plateaus
from .rules import Pattern, Rule, Rules, Violation
from .verdict import Verdict


class Judge(ABC):
    """Judges one device. Times are us of the twin's clock, levels in the unit of the rules.

    Raises InvariantBrokenError at the first violation and is silent from then on; `check` raises
    it again. With raising=False it only keeps the violation; log: a list that takes it too.
    Give each call at its time: rows and bytes of the device, bytes of the host (`sent`, before the
    line can alter them; `heard`, as the line has left them), marks.
    """

    _timed: frozenset[str]
    """Kinds of rows that are made at their own time: their `at_us` is the device's clock then."""

    def __init__(
        self,
        rules: Rules,
        answer_reader: AnswerReader,
        endings: Mapping[str, Ending],
        *,
        raising: bool,
        log: list[Violation] | None,
    ) -> None:
        self.rules = rules
        self.spans_judged = 0
        self._verdict = Verdict(rules, raising=raising, log=log)
        self._fail = self._verdict.fail
        self._permission = OutputPermission(rules)
        self._plateaus = Plateaus(rules, self._verdict)
        self._notices = Notices(rules, answer_reader)
        self._endings = endings
        self._host_seen = self._host_hears = False
        self._over = False

    @property
    def violation(self) -> Violation | None:
        """The first violation, if any."""
        return self._verdict.violation

    @property
    def excused(self) -> list[str]:
        """The faults that excused something, once for each time."""
        return self._verdict.exemptions.used

    def check(self) -> None:
        """Raise what was found, if anything."""
        self._verdict.check()

    def leave(self) -> None:
        """Judge no further row: another judge, who is told more, holds all of these rules too."""
        self._over = True

    # -- what happens

    def row(self, row: Mapping[str, Any]) -> None:
        """Take a row of the twin's record, in the order of the record."""
        if self._over or self.violation is not None:
            return
        kind = row["kind"]
        if kind in self._timed:
            self.advance(row["at_us"])
        if kind == "rx":
            self.to_device(row["at_us"], bytes.fromhex(row["hex"]))
        elif kind == "tx":
            self._from_device(row["at_us"], bytes.fromhex(row["hex"]))
        elif kind == "log":
            self._logged(row)
        elif kind == "fault":
            self._verdict.exemptions.row(row)
        else:
            self._put_out(kind, row)

    @abstractmethod
    def to_device(self, at_us: int, data: bytes) -> None:
        """Bytes have arrived at the device."""

    @abstractmethod
    def sent(self, at_us: int, data: bytes) -> None:
        """The host has put bytes on the line."""

    def heard(self, at_us: int, data: bytes) -> None:
        """Bytes have reached the host: what the line has lost of what the device tells, it does
        not know."""
        self._host_hears = True
        self.advance(at_us)
        self._told(at_us, data)

    @abstractmethod
    def advance(self, at_us: int) -> None:
        """Time has passed: whatever there was before at_us is judged now."""

    # -- what is declared

    def limit(self, channel: int, ceiling: int, pattern: Pattern | None = None) -> None:
        """Put a ceiling on a channel, and say what belongs to its pattern."""
        self._verdict.limit(channel, ceiling)
        self._plateaus.pattern(channel, pattern or Pattern())

    def limit_others(self) -> None:
        """Nothing may come out of a channel that was given no ceiling."""
        self._verdict.limit_others()

    def unlimit(self) -> None:
        """Forget the ceilings: another plan, another device."""
        self._verdict.unlimit()

    def armed(self, at_us: int) -> None:
        """Output may be started."""
        self.advance(at_us)
        self._permission.armed()

    def started(self, at_us: int) -> None:
        """Output may begin, from zero."""
        self.advance(at_us)
        if (wrong := self._permission.started()) is not None:
            self._fail(Rule.START, at_us, None, wrong)
        self._zero("a start")

    def paused(self, at_us: int) -> None:
        """Output must end, and may come back slowly."""
        self.advance(at_us)
        self._permission.paused(at_us)
        # The host ended the output before it had to know that the device had done so.
        self._notices.clear()

    def resumed(self, at_us: int, *, from_zero: bool = False) -> None:
        """A pause is over."""
        self.advance(at_us)
        kept = self._permission.resumed(at_us)
        if kept is None:
            self._fail(Rule.START, at_us, None, "resumed what was not paused")
        if from_zero or not kept:
            self._zero("a long pause")
            return
        self._plateaus.resume(at_us)

    def ended(self, at_us: int, why: str = "a stop") -> None:
        """Output must end, and needs arming and start to come back."""
        self.advance(at_us)
        self._permission.ended(at_us, why)
        self._zero(why)

    def plateau(self, at_us: int, channel: int, plateau: int) -> None:
        """The session says which plateau is in force on a channel."""
        self.advance(at_us)
        rises = self._plateaus.declare(at_us, channel, plateau)
        if rises and self.rules.needs_start and not self._permission.running:
            self._fail(Rule.START, at_us, channel, "a plateau was raised without a start")

    def climb(self, at_us: int, channel: int, plateau: int) -> None:
        """The rule of a procedure makes a step of its ladder: this plateau is in force now."""
        self.advance(at_us)
        self._plateaus.climb(at_us, channel, plateau)
        if self.rules.needs_start and not self._permission.running:
            self._fail(Rule.START, at_us, channel, "a rule has raised without a start")

    def take_again(self, at_us: int, channel: int, plateau: int) -> None:
        """Another part of the treatment begins, and the channel in it with this plateau: at most
        what was raised since the start."""
        self.advance(at_us)
        self._plateaus.take_again(at_us, channel, plateau)
        if plateau and self.rules.needs_start and not self._permission.running:
            self._fail(Rule.START, at_us, channel, "a plateau was taken without a start")

    def switched(self, at_us: int, channel: int) -> None:
        """An input is about to switch a channel on."""
        self.advance(at_us)
        self._plateaus.switched(at_us, channel)

    def sign(self, at_us: int, name: str) -> None:
        """Something whose life the keep-alive depends on ("face", "journal") was alive."""
        self._permission.sign(at_us, name)

    def lost(self, at_us: int, why: str) -> None:
        """The host, or the line to it, is gone: output must end after the dead-man's time."""
        self.advance(at_us)
        self._permission.lost(at_us, why)

    # -- of each kind of device

    @abstractmethod
    def _put_out(self, kind: str, row: Mapping[str, Any]) -> None:
        """Something happens at the electrodes."""

    @abstractmethod
    def _from_device(self, at_us: int, data: bytes) -> None:
        """Bytes leave the device."""

    @abstractmethod
    def _logged(self, row: Mapping[str, Any]) -> None:
        """The device has noted what it did by itself."""

    # -- for both

    def _told(self, at_us: int, data: bytes) -> None:
        """What the device says is known to its host."""
        self._notices.told(at_us, data)

    def _zero(self, why: str) -> None:
        """Everything begins anew, whatever else was going on."""
        self._notices.clear()
        self._plateaus.interrupt(self._plateaus.channels, why)

    def _need_permission(self, at_us: int) -> None:
        if self.rules.needs_start and not self._permission.running:
            self._fail(Rule.START, at_us, None, "output was ordered without arming and start")

    def _see_notices(self, at_us: int) -> None:
        """What the host must know by now ends what was raised."""
        for notice in self._notices.due(at_us):
            # A device that goes on by a fault of its own does not tell the host that it ended.
            if not self._verdict.exemptions.excuse(Rule.RETURN):
                self._plateaus.interrupt(notice.channels, notice.ending.why)
