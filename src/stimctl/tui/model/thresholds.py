"""What was marked today and last time, and how strong it was: for each channel."""

from __future__ import annotations

from datetime import UTC, datetime

from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.persons import THRESHOLDS_FOR_H, Mark, now_s
from stimctl.tui.model.text import safe

WORDS = ("sensory", "motor", "tolerance")
#: Above the table.
HEADS = ("Channel", "When", *(word.capitalize() for word in WORDS), "Highest")


class ThresholdsPage(Page):
    """s, m and t on the Run screen fill it. Nothing is ever set from here."""

    name = "thresholds"
    title = "Thresholds"
    actions = ("run", "log")
    footer = actions

    def offers(self) -> Offers:
        """To every event."""
        return {"log": None}

    def act(self, action: str) -> None:
        """There."""
        self.desk.open(action)

    def rows(self) -> list[tuple[str, ...]]:
        """Two lines for each channel: today, and the last time at this place."""
        bed, text = self.bed, self.bed.measure.text
        seats = {one.channel: one for one in bed.choice.seats} if bed.choice else {}
        found: list[tuple[str, ...]] = []
        for number, one in sorted(bed.live.channels.items()):
            seat = seats.get(number)
            site = (seat.site if seat else None) or one.role
            course = bed.live.course.channels.get(number)
            level = text(course.highest_level) if course is not None else "–"
            today = [_level(bed.marks, number, word) for word in WORDS]
            found.append((f"{number} {safe(site).replace('-', ' ')}", "today", *today, level))
            old = [mark for mark in bed.memory.marks if self._counts(mark)]
            last = [mark for mark in bed.memory.levels if self._same(mark)]
            when = max((mark.at_s for mark in (*old, *last) if mark.channel == number), default=0)
            if when:
                levels = [_level(old, number, word) for word in WORDS]
                found.append(("", _day(when), *levels, _level(last, number, "level")))
        return found

    def _same(self, mark: Mark) -> bool:
        """At the same site, with the same electrodes."""
        seats = self.bed.choice.seats if self.bed.choice else ()
        here = (mark.channel, mark.site, mark.area_mm2)
        return here in [(one.channel, one.site or "", one.area_mm2) for one in seats]

    def _counts(self, mark: Mark) -> bool:
        """And young enough to mean something."""
        return self._same(mark) and now_s() - mark.at_s < THRESHOLDS_FOR_H * 3600


def _level(marks: list[Mark] | tuple[Mark, ...], channel: int, what: str) -> str:
    return next((one.text for one in marks if (one.channel, one.what) == (channel, what)), "–")


def _day(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone():%d %b %H:%M}"
