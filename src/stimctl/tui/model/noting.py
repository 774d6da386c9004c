"""What is put on record by hand: notes and thresholds, and taking the last of them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stimctl.records.said import CORRECTION, THRESHOLD, taken_back, threshold_text
from stimctl.session.host_rows import Note
from stimctl.tui.model.connection import Connection, Say
from stimctl.tui.model.persons import Mark, now_s

if TYPE_CHECKING:
    from stimctl.tui.model.client import MakeClient
    from stimctl.tui.model.jobs import Jobs
    from stimctl.tui.model.measure import Measure
    from stimctl.tui.model.planning import Choice
    from stimctl.tui.model.stopping import StopLine


@dataclass(frozen=True, slots=True)
class Said:
    """One entry, and the marks as they were before it."""

    topic: str
    text: str
    marks: tuple[Mark, ...]


class Noting(Connection):
    """The part of a session's set-up that writes notes."""

    choice: Choice | None

    def __init__(self, stop_line: StopLine, jobs: Jobs, make_client: MakeClient, say: Say) -> None:
        super().__init__(stop_line, jobs, make_client, say)
        self.marks: list[Mark] = []
        #: What can be taken back, the last one last.
        self.said: list[Said] = []
        #: How strong the session was that has just ended.
        self.levels: tuple[Mark, ...] = ()

    @property
    def measure(self) -> Measure:
        """In what this session counts."""
        return self.live.measure

    def keep(self, **changes: Any) -> None:
        """Remember something about the person."""
        raise NotImplementedError

    def mark(self, what: str, channel: int, level: int) -> None:
        """A threshold at the present level; goes to the record and to memory."""
        mark = self._mark(what, channel, level)
        before = tuple(self.marks)
        same = (what, channel)
        self.marks = [one for one in self.marks if (one.what, one.channel) != same] + [mark]
        self.command("felt", channel=channel)  # whatever was marked, something is felt (H14)
        text = threshold_text(what, channel, mark.site, self.measure.short(level))
        self.note(THRESHOLD, text)
        self.said.append(Said(THRESHOLD, text, before))
        self.keep()

    def _mark(self, what: str, channel: int, level: int) -> Mark:
        seats = () if self.choice is None else self.choice.seats
        seat = next((one for one in seats if one.channel == channel), None)
        site, area = (seat.site or "", seat.area_mm2) if seat else ("", 0)
        kept: dict[str, Any] = {self.measure.mark: level}
        return Mark(what, channel, site, area, now_s(), **kept)

    def keep_levels(self) -> None:
        """How strong this session was, for the next visit: to be looked at, never to be set."""
        levels = tuple(
            self._mark("level", number, one.highest_level)
            for number, one in self.live.course.channels.items()
            if one.highest_level
        )
        if levels:
            self.levels = levels
            self.keep()

    def note(self, topic: str, text: str) -> None:
        """A row for the record."""
        if self.client is not None:
            self.command("note", topic=topic, text=text[:200])
            self.live.course.take(Note({"topic": topic, "text": text}), "")
            if topic == "note":
                self.said.append(Said(topic, text, tuple(self.marks)))

    def take_back(self) -> str:
        """The last note or mark does not count any more; the record keeps it, and says so."""
        last = self.said.pop()
        self.note(CORRECTION, taken_back(last.topic, last.text))
        if last.topic == THRESHOLD:
            self.marks = list(last.marks)
            self.keep()
        notes = [one.text for one in self.said if one.topic == "note"]
        self.live.course.answers["note"] = notes[-1] if notes else ""
        return last.text
