"""The question between the two keys to output."""

from __future__ import annotations

from stimctl.tui.page import Offers, Page
from stimctl.tui.seats import pad_name
from stimctl.tui.text import Line, line
from stimctl.tui.words import milliampere

_TRIPS = {"passed": "✓ seen", "not due": "not tried", "begun": "… being observed"}


class ArmedPage(Page):
    """g starts; every other key goes back and disarms."""

    name = "armed"
    title = "ARM"
    footer = ("go",)
    has_menu = False

    def offers(self) -> Offers:
        """Only `go`, within its window."""
        now_ns = self.desk.clock.mono_ns()
        return {"go": self.desk.window.refusal(now_ns) or self.desk.lookout.refusal(now_ns)}

    def act(self, action: str) -> None:
        """Go, or back."""
        if action == "go":
            self.desk.window.close()
            self.bed.ask("start")
            return
        self.desk.window.close()
        self.desk.overlay = None
        self.bed.stop_line.stop("disarmed by the operator")
        self.desk.say("disarmed: g alone starts")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """What will be able to flow, where, and the key."""
        bed, live = self.bed, self.bed.live
        kind = ("SIMULATION", "sim") if live.sim else ("REAL CURRENT", "alarm")
        lines = [line((f"ARM   {live.device}  sn {live.serial}   ", "title"), kind), ()]
        seats = {seat.channel: seat for seat in bed.choice.seats} if bed.choice else {}
        for one in live.channels.values():
            seat = seats.get(one.number)
            where = f"{seat.site or 'site not given'}, {pad_name(seat.area_mm2)}" if seat else ""
            most = milliampere(one.ceiling_ua or 0)
            lines.append(
                line((f"{one.number} {one.role:<14}", "strong"), f" 0 → max {most} mA   {where}")
            )
        left_s = -(-self.desk.window.left_ns(self.desk.clock.mono_ns()) // 10**9)
        trip = _TRIPS.get(live.dead_man, live.dead_man)
        journal = "✓ written" if live.journal else "✗ none"
        lines += [
            (),
            line(f"zero ✓ confirmed   dead-man trip {trip}   journal {journal}"),
            line("contact: not measured by this device; look at the pads"),
            (),
            line(("g = GO", "key"), f"  within {left_s} s      ", ("any other key = back", "dim")),
        ]
        return lines
