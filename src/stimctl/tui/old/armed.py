"""The question between the two keys to output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stimctl.tui.model.planning import family_of
from stimctl.tui.model.seats import pad_name
from stimctl.tui.model.text import Line, line, wrap
from stimctl.tui.model.words import clock_text
from stimctl.tui.old.page import Offers, Page

if TYPE_CHECKING:
    from stimctl.tui.model.bedside import Bedside

_TRIPS = {"passed": "✓ seen", "not due": "not tried", "begun": "… being observed"}


class ArmedPage(Page):
    """g starts, and l what is left of the plan; every other key goes back and disarms."""

    name = "armed"
    title = "ARM"
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
        self.desk.say("disarmed: g alone starts")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """What will be able to flow, where, and the key."""
        bed, live = self.bed, self.bed.live
        kind = ("SIMULATION", "sim") if live.sim else ("REAL CURRENT", "notice")
        label = f"{live.shown_as}  " if live.shown_as else f"sn {live.serial}  "
        label = label if live.serial or live.shown_as else ""
        person = f"{bed.person}{' ✓ two identifiers' if bed.papers.second else ''}"
        lines = [
            line(kind, (f"  {label}{live.device}", "title")),
            line("person ", (person or "none", "strong"), f"   protocol {_protocol(bed)}"),
            (),
        ]
        seats = {seat.channel: seat for seat in bed.choice.seats} if bed.choice else {}
        for one in live.channels.values():
            seat = seats.get(one.number)
            where = f"{seat.site or 'site not given'}, {pad_name(seat.area_mm2)}" if seat else ""
            most = live.measure.text(one.ceiling_level or 0)
            lines.append(
                line((f"{one.number} {one.role:<14}", "strong"), f" 0 → max {most}   {where}")
            )
        left_s = -(-self.desk.window.left_ns(self.desk.clock.mono_ns()) // 10**9)
        trip = _TRIPS.get(live.dead_man, live.dead_man)
        journal = "✓ written" if live.journal else "✗ none"
        lines += [
            (),
            line(f"zero ✓ confirmed   watchdog test {trip}   journal {journal}"),
            *(line(part) for part in self._people(width)),
            *(line(part) for part in self._unit(width)),
            (),
            *self._keys(left_s),
        ]
        return lines

    def _keys(self, within_s: int) -> list[Line]:
        left_us = self.bed.live.resumable_us
        within, back = f"  within {within_s} s      ", ("any other key = back", "dim")
        if not left_us:
            return [line(("g = GO", "key"), within, back)]
        return [
            line(("g = GO from the beginning", "key"), within),
            line(("l = GO ON with what is left: ", "key"), clock_text(left_us), "  ", back),
        ]

    def _people(self, width: int) -> list[str]:
        """What nobody but the people here can see to, and what the screening warns of."""
        from stimctl.tui.old.precheck import screening_of

        sheet = family_of(self.bed.device).sheet
        own = sheet.protections.patient_override.presence.value
        stop = "has a stop of its own" if own == "present" else f"NO PATIENT STOP ({own})"
        lines = [f"person at the device: {stop}; stay with the person"]
        if not sheet.has_watchdog:
            lines.append("NO WATCHDOG: the device may go on without this computer; attended only")
        lines.append("contact: not measured by this device; look at the pads")
        cautions = screening_of(self.desk, self.bed.answers).cautions
        if cautions:
            lines.append("caution: " + "; ".join(f"{one.id} {one.text}" for one in cautions))
        return [part for text in lines for part in wrap(text, width)[:2]]

    def _unit(self, width: int) -> list[str]:
        """Where another unit gives the pulses: what a percent of them is, and where its dial is."""
        choice, meaning = self.bed.choice, self.bed.measure.meaning
        dial = [f"{label}: {words}" for label, words in choice.other_unit[-1:]] if choice else []
        texts = [*[meaning] * bool(meaning), *dial]
        return [part for text in texts for part in wrap(text, width)[:3]]


def _protocol(bed: Bedside) -> str:
    return f"{bed.choice.name} {bed.choice.short_hash}" if bed.choice else "none"
