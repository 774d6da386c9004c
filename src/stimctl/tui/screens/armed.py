"""The question between the two keys to output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.seats import pad_name
from stimctl.tui.model.text import Line, line, wrap
from stimctl.tui.model.words import clock_text

if TYPE_CHECKING:
    from stimctl.supervisor.session_model import Channel


class ArmedPage(Page):
    """g starts, and l what is left of the plan; every other key goes back."""

    name = "armed"
    title = "READY"
    footer = ("go",)
    has_menu = False

    def offers(self) -> Offers:
        """Only `go`, and `go-on` where something is left of the plan, within their window."""
        now_ns = self.desk.clock.mono_ns()
        why = self.desk.window.refusal(now_ns) or self.desk.lookout.refusal(now_ns)
        if not self.bed.live.resumable_us:
            return {"go": why, "go-on": "nothing of this plan is left to go on with"}
        return {"go": why, "go-on": why}

    def act(self, action: str) -> None:
        """Go, or back."""
        if action in ("go", "go-on"):
            self.desk.window.close()
            chosen: dict[str, Any] = {}
            if self.bed.live.resumable_us:
                chosen["from"] = "what-is-left" if action == "go-on" else "beginning"
            self.bed.ask("start", **chosen)
            return
        self.desk.window.close()
        self.desk.overlay = None
        self.bed.stop_line.stop("disarmed by the operator")
        self.desk.say("Not started: g starts, every other key goes back.")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """Who and what, how much at most, what nobody but the people here can see to, the keys."""
        bed, live = self.bed, self.bed.live
        kind = ("SIMULATION", "sim") if live.sim else ("REAL CURRENT", "notice")
        label = live.shown_as or (f"sn {live.serial}" if live.serial else live.device)
        person = f"{bed.person}{' ✓ two identifiers' if bed.papers.second else ''}"
        left_s = -(-self.desk.window.left_ns(self.desk.clock.mono_ns()) // 10**9)
        who = f"   {person or 'no person'}   {bed.choice.name if bed.choice else ''}   "
        return [
            line(kind, (who, "strong"), (label, "dim")),
            *(self._channel(one) for one in live.channels.values()),
            *(line(part) for text in self._people() for part in wrap(text, width)[:2]),
            *(line(part) for part in self._unit(width)),
            (),
            *self._keys(left_s),
        ]

    def _channel(self, one: Channel) -> Line:
        seats = self.bed.choice.seats if self.bed.choice else ()
        seat = next((seat for seat in seats if seat.channel == one.number), None)
        where = f"{seat.site or 'site not given'}, {pad_name(seat.area_mm2)}" if seat else ""
        most = self.bed.measure.text(one.ceiling_level or 0)
        return line((f"{one.number} {where or one.role}", "strong"), f"   from 0 to at most {most}")

    def _keys(self, within_s: int) -> list[Line]:
        left_us = self.bed.live.resumable_us
        within, back = f"   within {within_s} s      ", ("any other key: back", "dim")
        if not left_us:
            return [line(("g = START", "key"), within, back)]
        return [
            line((f"l = CONTINUE ({clock_text(left_us)} left)", "key"), within),
            line(("g = START again from the beginning", "key"), "   ", back),
        ]

    def _people(self) -> list[str]:
        from stimctl.tui.screens.precheck import screening_of

        sheet = family_of(self.bed.device).sheet
        own = sheet.protections.patient_override.presence.value == "present"
        stop = "the device has a stop button" if own else "no patient stop button known"
        alone = "" if sheet.has_watchdog else " NO WATCHDOG: output may outlast this computer."
        cautions = screening_of(self.desk, self.bed.answers).cautions
        told = [f"Stay with the person: {stop}.{alone}"]
        if cautions:
            told.append("Caution: " + "; ".join(f"{one.id} {one.text}" for one in cautions))
        return told

    def _unit(self, width: int) -> list[str]:
        """Where another unit gives the pulses: what a percent of them is, and where its dial is."""
        choice, meaning = self.bed.choice, self.bed.measure.meaning
        dial = [f"{label}: {words}" for label, words in choice.other_unit[-1:]] if choice else []
        texts = [*[meaning] * bool(meaning), *dial]
        return [part for text in texts for part in wrap(text, width)[:3]]
