"""What will be on record of this session, as far as it is known by now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stimctl.errors import StimctlError
from stimctl.tui.page import Page
from stimctl.tui.seats import pad_name
from stimctl.tui.text import Line, line, safe
from stimctl.tui.words import clock_text, milliampere

if TYPE_CHECKING:
    from stimctl.tui.desk import Desk


class ReportPage(Page):
    """A preview; the journal is the record."""

    name = "report"
    title = "REPORT"
    footer = ("save", "run", "back")

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

    def _verified(self, words: str) -> None:
        self._integrity = words

    def body(self, width: int, height: int) -> list[Line]:
        """Header, channels, course, integrity."""
        bed, live = self.bed, self.bed.live
        kind = "SIMULATION" if live.sim else "REAL"
        lines = [
            line((f"session {live.session or '–'}  {kind}", "title")),
            line(f"person {bed.person or '–'}   device {live.device or '–'} sn {live.serial or '–'}"
                 f" fw {live.firmware or '–'}"),
        ]  # fmt: skip
        if bed.choice is not None and bed.plan is not None:
            protocol = bed.choice.protocol
            mark = ", adjusted" if bed.choice.adjusted else ""
            lines += [
                line(f"protocol {protocol.id} {protocol.version} {bed.choice.short_hash}{mark}"
                     f"   plan {bed.plan_digest[:12]}"),
                line((f"evidence {protocol.evidence.grade}: {safe(protocol.evidence.lines[0])}"
                      [:width], "dim")),
            ]  # fmt: skip
            lines += [(), *self._channels()]
        done = clock_text(live.plan_time_us)
        lines += [
            (),
            line(f"course   {done} of {clock_text(live.duration_us)}   {live.ended or live.state}"),
            line(f"zero     {live.zero or 'not confirmed in this session yet'}"),
            line(f"journal  {self._integrity or 'not checked yet'}"),
            (),
            line(("last lines of the session", "title")),
        ]
        room = max(0, height - len(lines))
        recent = list(live.log)[-room:] if room else []
        return [*lines, *(line((f"{at}  {words}"[:width], "dim")) for at, words in recent)]

    def _channels(self) -> list[Line]:
        bed = self.bed
        assert bed.choice is not None
        lines = []
        for seat in bed.choice.seats:
            marks = " ".join(
                f"{mark.what} {milliampere(mark.amplitude_ua)}"
                for mark in bed.marks if mark.channel == seat.channel
            )  # fmt: skip
            lines.append(line(
                (f"ch{seat.channel} {seat.role_name:<14}", "strong"),
                f" {seat.site or '–'}  {pad_name(seat.area_mm2)}  "
                f"ceiling {milliampere(seat.ceiling_ua)} mA  {marks}",
            ))  # fmt: skip
        return lines


def _verified(journal: str) -> str:
    from stimctl.records.verify import verify_journal

    try:
        found = verify_journal(Path(journal))
    except StimctlError as error:
        return safe(error)
    if found.ok:
        return f"✓ {found.rows} rows, chain whole, closed"
    if found.unfinished_only:
        return f"✓ {found.rows} rows, chain whole so far (the session is still open)"
    return f"✗ DAMAGED: {found.problems[0].message}"
