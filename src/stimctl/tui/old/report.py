"""What will be on record of this session, as far as it is known by now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stimctl.errors import StimctlError
from stimctl.records.delivered import HOW, describe
from stimctl.tui.model.course import ChannelCourse
from stimctl.tui.model.device_facts import intended_use, labelled
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.seats import pad_name
from stimctl.tui.model.text import Line, line, safe
from stimctl.tui.model.words import clock_text
from stimctl.tui.old.page import Offers, Page
from stimctl.version import __version__

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk


class ReportPage(Page):
    """A preview; the journal is the record."""

    name = "report"
    title = "REPORT"
    footer = ("outcome", "save", "run", "back")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._integrity = ""

    def opened(self) -> None:
        """Check the journal as far as it is written."""
        journal = self.bed.live.journal
        if journal:
            self.bed.jobs.run(
                lambda: _verified(journal), self._verified, lambda e: self._verified(str(e))
            )

    def offers(self) -> Offers:
        """How it went can be said from here."""
        return {"outcome": None}

    def act(self, action: str) -> None:  # noqa: ARG002 - there is one
        """To the form."""
        self.desk.open("outcome")

    def _verified(self, words: str) -> None:
        self._integrity = words

    def body(self, width: int, height: int) -> list[Line]:
        """Header, channels, course, integrity."""
        bed, live = self.bed, self.bed.live
        kind = "SIMULATION" if live.sim else "REAL"
        serial = f" sn {live.serial}" if live.serial else ""
        lines = [
            line((f"session {live.session or '–'}  {kind}", "title"), f"   stimctl {__version__}"),
            line(
                f"person {bed.person or '–'}   {self._device()}{serial} fw {live.firmware or '–'}"
            ),
            *self._protocol(width),
            (),
            *self._channels(),
            (),
            *labelled(self._rows(), width),
            (),
            line(("last lines of the session", "title")),
        ]
        room = max(0, height - len(lines))
        recent = list(live.log)[-room:] if room else []
        return [*lines, *(line((f"{at}  {words}"[:width], "dim")) for at, words in recent)]

    def _device(self) -> str:
        live = self.bed.live
        use = intended_use(family_of(live.device)) if self.bed.device else ""
        return f"device {live.device or '–'}{f' ({use})' if use else ''}"

    def _protocol(self, width: int) -> list[Line]:
        choice = self.bed.choice
        if choice is None or self.bed.plan is None:
            return []
        protocol, mark = choice.protocol, ", adjusted" if choice.adjusted else ""
        evidence = f"evidence {protocol.evidence.grade}: {safe(protocol.evidence.lines[0])}"
        return [
            line(f"protocol {protocol.id} {protocol.version} {choice.short_hash}{mark}"
                 f"   plan {self.bed.plan_digest[:12]}"),
            line((evidence[:width], "dim")),
        ]  # fmt: skip

    def _rows(self) -> list[tuple[str, str]]:
        """Course, zero, what was asked and said, and whether the record is whole."""
        live, course = self.bed.live, self.bed.live.course
        when = f"{course.started or '–'} to {course.ended or '–'}, "
        done = f"{clock_text(live.plan_time_us)} of {clock_text(live.duration_us)}"
        counts = f"{course.pauses} pauses, {course.refused} refusals"
        alarms = ", ".join(
            f"{course.alarm_words[code]} ({times})" for code, times in course.alarms.items()
        )
        rows = [
            ("course", f"{when}{done}, {counts}; {live.ended or live.state}"),
            ("alarms", alarms or "none"),
            *(
                (f"ch{channel}", f"acknowledged {describe(told)}, {HOW}")
                for channel, told in course.acknowledged.items()
            ),
            ("dose", self.bed.measure.no_dose),
            ("zero", live.zero or "not confirmed in this session yet"),
            ("screening", course.answers.get("screening", "")),
            ("skin", course.answers.get("skin_check_at_end", course.answers.get("skin_check", ""))),
            ("outcome", course.answers.get("outcome", "")),
            ("note", course.answers.get("note", "")),
            ("journal", self._integrity or "not checked yet"),
        ]
        return [(label, words) for label, words in rows if words]

    def _channels(self) -> list[Line]:
        """For each channel where, with what, how strong at most and in the mean, and the marks."""
        bed, course, text = self.bed, self.bed.live.course, self.bed.measure.text
        seats = {seat.channel: seat for seat in bed.choice.seats} if bed.choice else {}
        lines: list[Line] = []
        for number in sorted({*seats, *course.channels}):
            seat, one = seats.get(number), course.channels.get(number, ChannelCourse())
            where = f"{seat.site or '–'}  {pad_name(seat.area_mm2)}  " if seat else ""
            role = seat.role_name if seat else bed.live.channel(number).role
            ceiling = f"ceiling {seat.ceiling}" if seat else ""
            marks = " ".join(
                f"{mark.what} {mark.text}"
                for mark in bed.marks if mark.channel == number
            )  # fmt: skip
            did = (
                f"highest {text(one.highest_level)}, mean {text(one.mean_level)} in "
                f"{clock_text(one.on_s * 1_000_000)}, {one.contractions} contractions"
            )
            lines.append(line((f"ch{number} {role:<14}", "strong"), f" {where}{ceiling}"))
            lines.append(line(f"    {did}{f'; {marks}' if marks else ''}"))
        return lines


def _verified(journal: str) -> str:
    from stimctl.records.verify import verify_journal

    try:
        found = verify_journal(Path(journal))
    except StimctlError as error:
        return safe(error)
    if found.ok:
        return f"✓ {found.rows} rows, record complete and unaltered, closed"
    if found.unfinished_only:
        return f"✓ {found.rows} rows, record complete and unaltered (session open)"
    return f"✗ DAMAGED: {found.problems[0].message}"
