"""The question between the two keys to output: ready, then start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.seats import pad_name
from stimctl.tui.model.words import clock_text


class ReadyPage(Page):
    """g starts, and l what is left of the plan; every other key goes back and stays at zero."""

    name = "armed"
    title = "Ready"
    actions = ("go", "go-on")
    footer = actions
    has_menu = False

    @property
    def labels(self) -> Mapping[str, str]:  # type: ignore[override]
        """With what is left, where something is."""
        left_us = self.bed.live.resumable_us
        return {
            "go": "start again" if left_us else "start",
            "go-on": f"continue ({clock_text(left_us)} left)",
        }

    def offers(self) -> Offers:
        """Only to start, and to continue where something is left of the plan, within the window."""
        now_ns = self.desk.clock.mono_ns()
        why = self.desk.window.refusal(now_ns) or self.desk.lookout.refusal(now_ns)
        left = None if self.bed.live.resumable_us else "nothing of this plan is left"
        return {"go": why, "go-on": left or why}

    def act(self, action: str) -> None:
        """Start, or back to zero."""
        self.desk.window.close()
        if action in ("go", "go-on"):
            chosen: dict[str, Any] = {}
            if self.bed.live.resumable_us:
                chosen["from"] = "what-is-left" if action == "go-on" else "beginning"
            self.bed.ask("start", **chosen)
            return
        self.desk.overlay = None
        self.bed.stop_line.stop("disarmed by the operator")
        self.desk.say("Not started: g starts, every other key goes back.")

    @property
    def left_s(self) -> int:
        """Seconds in which it can be started."""
        return -(-self.desk.window.left_ns(self.desk.clock.mono_ns()) // 10**9)

    def facts(self) -> Iterator[str]:
        """What will be able to flow, to whom, and where: as short as it can be said."""
        bed, live = self.bed, self.bed.live
        kind = "SIMULATION" if live.sim else "REAL CURRENT"
        label = live.shown_as or (f"serial {live.serial}" if live.serial else "")
        choice = bed.choice
        yield f"{kind}   {live.device}   {label}".rstrip()
        seen = " ✓" if bed.papers.second else ""
        yield f"{bed.person or 'no patient'}{seen}   {choice.name if choice else 'no protocol'}"
        seats = {seat.channel: seat for seat in choice.seats} if choice else {}
        for one in live.channels.values():
            seat = seats.get(one.number)
            where = f"{seat.site or 'site not given'}, {pad_name(seat.area_mm2)}" if seat else ""
            most = live.measure.text(one.ceiling_level or 0)
            yield f"{one.number}   {where}   from 0 to at most {most}"
        yield from self._people()

    def _people(self) -> Iterator[str]:
        """What nobody but the people here can see to."""
        if not self.bed.device:
            return
        sheet = family_of(self.bed.device).sheet
        own = sheet.protections.patient_override.presence.value
        stop = "" if own == "present" else " No patient stop button is known."
        yield f"Stay with the patient.{stop}"
        if not sheet.has_watchdog:
            yield "No watchdog: the device may go on without this computer."
        yield from (f"{label}: {words}" for label, words in self._unit())

    def _unit(self) -> Iterator[tuple[str, str]]:
        """Where another unit gives the pulses: what a percent of them is, and where its dial is."""
        choice, meaning = self.bed.choice, self.bed.measure.meaning
        if meaning:
            yield "percent", meaning
        if choice is not None:
            yield from choice.other_unit[-1:]
