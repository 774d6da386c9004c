"""What the record of this session holds so far: in words and rows, for any face."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stimctl.errors import StimctlError
from stimctl.records.delivered import HOW, describe
from stimctl.tui.model.actions import key_name
from stimctl.tui.model.course import ChannelCourse
from stimctl.tui.model.device_facts import intended_use
from stimctl.tui.model.handing_on import WEB_PAGE, hand_on
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.planned import trains_in
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.seats import pad_name
from stimctl.tui.model.text import safe
from stimctl.tui.model.words import clock_text
from stimctl.version import __version__

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

#: Above the table of channels. What was set is not what was acknowledged: that is the dose.
HEADS = ("Channel", "Electrode", "Maximum", "Max set", "Mean set", "Set for", "Pulses")


class ReportPage(Page):
    """A preview; the journal is the record."""

    name = "report"
    title = "Report"
    actions = ("outcome", "web-page", "export", "plot", "log")
    footer = actions

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.integrity = ""
        #: The plot instead of the words, where there is no room for both.
        self.shows_plot = False

    def opened(self) -> None:
        """Check the journal as far as it is written."""
        journal = self.bed.live.journal
        if journal:
            self.bed.jobs.run(
                lambda: _verified(journal), self._verified, lambda e: self._verified(str(e))
            )

    def _verified(self, words: str) -> None:
        self.integrity = words

    def offers(self) -> Offers:
        """How it went can be said from here; a page opens a window and a file is asked for, so
        only at zero."""
        on = "output may be on: STOP first" if self.bed.output_may_be_on else None
        nothing = None if self.bed.live.journal else "nothing is recorded yet"
        return {**dict.fromkeys(self.actions), "web-page": on or nothing, "export": on or nothing}

    def act(self, action: str) -> None:
        """To the form, or to every event."""
        if action == "plot":
            self.shows_plot = not self.shows_plot
        elif action == "web-page":
            hand_on(self, WEB_PAGE.id, shows=True)
        elif action == "export":
            self.desk.ask("export")
        else:
            self.desk.open(action)

    # -- what it says ----------------------------------------------------------------------------

    def verdict(self) -> tuple[str, str]:
        """How the session stands, in words and by name: "none", "on", "completed", "stopped"."""
        live = self.bed.live
        done = f"{clock_text(live.plan_time_us)} of {clock_text(live.duration_us)}"
        if not live.course.started:
            return "No treatment yet", "none"
        if live.state in ("armed", "running", "paused"):
            return f"● IN PROGRESS  {done}", "on"
        if live.plan_ended or live.outcome == "completed":
            return f"✓ COMPLETED  {done}", "completed"
        return f"■ STOPPED EARLY  {done}  {_why(str(live.ended_why) or live.why)}", "stopped"

    def who(self) -> list[tuple[str, str]]:
        """Session, patient, device, protocol."""
        bed, live = self.bed, self.bed.live
        kind = "SIMULATION" if live.sim else "REAL CURRENT" if live.device else "no device"
        use = f" ({intended_use(family_of(live.device))})" if live.device else ""
        told = f"serial {live.serial or 'not reported'}, firmware {live.firmware or 'not reported'}"
        about = [
            ("Patient", f"{bed.person or '–'}, session {live.session or '–'}, {kind}"),
            ("Stimulator", f"{live.device or '–'}{use}, {told}"),
        ]
        choice = bed.choice
        if choice is not None and bed.plan is not None:
            protocol, mark = choice.protocol, ", changed" if choice.adjusted else ""
            plan = f"{choice.short_hash}, plan {bed.plan_digest[:12]}"
            about += [
                ("Protocol", f"{protocol.id} {protocol.version}{mark} {plan}"),
                ("Evidence",
                 f"{protocol.evidence.grade}: {safe(protocol.evidence.lines[0], 400)}"),
            ]  # fmt: skip
        return [*about, ("Program", f"stimctl {__version__}")]

    def channels(self) -> list[tuple[str, ...]]:
        """For each where, with what, how strong at most and in the mean, and for how long."""
        bed, course, text = self.bed, self.bed.live.course, self.bed.measure.text
        seats = {seat.channel: seat for seat in bed.choice.seats} if bed.choice else {}
        found: list[tuple[str, ...]] = []
        for number in sorted({*seats, *course.channels}):
            seat, one = seats.get(number), course.channels.get(number, ChannelCourse())
            role = seat.role_name if seat else bed.live.channel(number).role
            site = (seat.site if seat else None) or role
            train = trains_in(bed.plan, number)
            done = f"{one.contractions} contractions" if one.contractions else ""
            found.append(
                (f"{number} {site.replace('-', ' ')}", pad_name(seat.area_mm2) if seat else "–",
                 seat.ceiling if seat else "–", text(one.highest_level), text(one.mean_level),
                 clock_text(one.on_s * 1_000_000), ", ".join(filter(None, (train, done))))
            )  # fmt: skip
        return found

    def facts(self) -> list[tuple[str, str]]:
        """Course, dose, marks, alarms, what was asked and said, and whether the record is whole."""
        live, course = self.bed.live, self.bed.live.course
        told = course.answers
        skin = told.get("skin_check_at_end", told.get("skin_check", ""))
        alarms = (f"{course.alarm_words[code]} ({n})" for code, n in course.alarms.items())
        key = self.desk.keymap.name_of("outcome")
        rows = [
            ("Outcome", told.get("outcome") or f"not recorded yet: {key}"),
            ("Time", self._time()),
            *self._dose(),
            ("Thresholds", self._marks()),
            ("Alarms", ", ".join(alarms) or "none"),
            ("Skin", skin),
            ("Record", self.integrity or "not checked yet"),
            ("Note", told.get("note", "")),
            ("Zero", live.zero or "not confirmed in this session yet"),
            ("Screening", told.get("screening", "")),
            *self.who(),
        ]
        return [(label, words) for label, words in rows if words]

    def _time(self) -> str:
        course = self.bed.live.course
        if not course.started:
            return ""
        pauses = f"{course.pauses} pause{'' if course.pauses == 1 else 's'}"
        return f"{course.started} to {course.ended or 'now'}, {pauses}"

    def _dose(self) -> list[tuple[str, str]]:
        told = self.bed.live.course.acknowledged
        rows = [(f"Dose {number}", f"{describe(one)} ({HOW})") for number, one in told.items()]
        unknown = self.bed.measure.no_dose
        return [*rows, ("Dose", unknown)] if unknown else rows

    def _marks(self) -> str:
        return ", ".join(f"ch{one.channel} {one.what} {one.text}" for one in self.bed.marks)


def _why(ended: str) -> str:
    """A key that stopped was somebody's at it."""
    key = ended.removeprefix("key ")
    return ended if key == ended else f"by the operator ({key_name(key)})"


def _verified(journal: str) -> str:
    from stimctl.records.verify import verify_journal

    try:
        found = verify_journal(Path(journal))
    except StimctlError as error:
        return safe(error)
    if found.ok:
        return f"✓ complete and unaltered, closed ({found.rows} rows)"
    if found.unfinished_only:
        return f"✓ complete and unaltered, session open ({found.rows} rows)"
    return f"✗ DAMAGED: {found.problems[0].message}"
