"""Where the pads of each channel are, how large they are, and its ceiling by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stimctl.quantity import format_area
from stimctl.tui.model.papers import side_of, worn_pads
from stimctl.tui.model.planned import binding_of
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.seats import PADS, Seat, pad_name, sites_for
from stimctl.tui.model.text import Line, line, safe, wrap
from stimctl.tui.old.page import ListPage, Offers

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_FIELDS = ("site", "pads", "ceiling")


class SetupPage(ListPage):
    """Three values for each channel; left and right change the picked one."""

    name = "setup"
    title = "SET-UP"
    footer = ("less", "more", "choose", "side", "pads-spaced")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        #: The side as far as it is typed; None where nobody is typing it.
        self._side: str | None = None

    def opened(self) -> None:
        """No field is open."""
        self._side = None

    def count(self) -> int:
        """Three lines for each seat."""
        return len(self.bed.choice.seats) * len(_FIELDS) if self.bed.choice else 0

    def offers(self) -> Offers:
        """Changing; a new electrode or site starts at zero, so not while output may be on."""
        busy = None
        if self.bed.choice is None:
            busy = "choose a protocol first (4)"
        elif self.bed.output_may_be_on:
            busy = "output may be on: STOP first; electrodes change at zero only"
        return {
            **super().offers(), "more": busy, "less": busy, "choose": busy,
            "contact": self._no_contact(), "accept-warning": self._no_warning(),
            "back": None, "move-up": None, "move-down": None, "side": busy or self._no_side(),
            "pads-spaced": busy, "new-electrodes": busy,
            "mains-isolated": busy or self._no_isolation(),
        }  # fmt: skip

    def _no_contact(self) -> str | None:
        if not self.bed.device:
            return "connect a device first"
        sheet = family_of(self.bed.device).sheet
        return f"the {sheet.model} measures no impedance: press the pads on and look at them"

    def _no_warning(self) -> str | None:
        return None if self.bed.warning else "there is no warning to accept"

    def _no_isolation(self) -> str | None:
        if not self.bed.device:
            return "connect a device first"
        stated = family_of(self.bed.device).sheet.isolation_stated
        return "its maker states how it is isolated from the mains" if stated else None

    def _no_side(self) -> str | None:
        choice = self.bed.choice
        open_ = self.bed.papers.open_sides(choice.seats) if choice else []
        return None if open_ else "every side is confirmed"

    @property
    def takes_text(self) -> bool:
        """While the side is typed, which is at zero only."""
        return self._side is not None and not self.bed.output_may_be_on

    def typed(self, key: str, character: str | None) -> None:
        """One letter of left or right."""
        side = self._side or ""
        gone = key in ("backspace", "delete")
        self._side = side[:-1] if gone else f"{side}{character or ''}"[:5]

    def _confirm_side(self) -> None:
        typed, self._side = self._side or "", None
        assert self.bed.choice is not None
        there = self.bed.papers.confirm_side(typed, self.bed.choice.seats)
        named = ", ".join(f"ch{seat.channel} {seat.site}" for seat in there)
        self.desk.say(f"confirmed: {named}")

    def act(self, action: str) -> None:
        """Change, go on, confirm the side, or accept a warning."""
        if self._side is not None:
            if action == "choose":
                self._confirm_side()
            else:
                self._side = None
        elif action == "side":
            self._side = ""
        elif action == "mains-isolated":
            self.bed.papers.isolated = self.bed.device
            self.desk.say("no mains at the person: seen to at the unit and this computer (H56)")
        elif action in ("pads-spaced", "new-electrodes"):
            self._pads(action)
        elif action in ("more", "less"):
            self._change(1 if action == "more" else -1)
        elif action == "accept-warning":
            self.bed.accept_warning()
        elif action == "back":
            self.desk.back()
        else:
            super().act(action)

    def chosen(self) -> None:
        """On to the values, once all of this makes a plan."""
        if self.bed.plan is None:
            self.desk.say(f"refused: {self.bed.why_not}")
        else:
            self.desk.open("adjust")

    def _change(self, by: int) -> None:
        choice = self.bed.choice
        assert choice is not None
        number, field = divmod(self.picked, len(_FIELDS))
        seat = choice.seats[number]
        if _FIELDS[field] == "site":
            sites = list(sites_for(choice.protocol, seat))
            at = sites.index(seat.site) if seat.site in sites else 0
            seat = replace(seat, site=sites[(at + by) % len(sites)])
        elif _FIELDS[field] == "pads":
            areas = [area for area, _ in PADS]
            near = min(range(len(areas)), key=lambda one: abs(areas[one] - seat.area_mm2))
            seat = replace(seat, area_mm2=areas[max(0, min(len(areas) - 1, near + by))])
        else:
            seat = seat.changed(by)
        self.bed.take(choice.with_seat(seat))

    def body(self, width: int, height: int) -> list[Line]:
        """The seats, the path check, and what placement the protocol asks for."""
        choice = self.bed.choice
        if choice is None:
            return [line("Choose a protocol first: 4")]
        rows: list[Line] = []
        for seat in choice.seats:
            rows += self._seat(seat)
        protocol = choice.protocol
        if self._side is not None:
            return self._side_field(width)
        below: list[Line] = [()]
        below += [line((part, "strong")) for part in self._verdict(width)]
        below += [
            line((part, "dim"))
            for label, words in choice.other_unit[1:]
            for part in wrap(f"{label}: {words}", width)[:2]
        ]
        placement = f"placement: {safe(protocol.electrodes.placement)} "
        placement += safe(protocol.electrodes.distance or "")
        below += [line(part) for part in wrap(placement, width)[:3]]
        least = format_area(protocol.electrodes.minimum_area_mm2)
        papers = self.bed.papers
        apart = "✓ spacing confirmed" if papers.apart == choice.seats else "○ d = spacing confirmed"
        new = "✓ new" if papers.new_pads else "v = new ones"
        below.append(line((f"at least {least}, this person's only; {apart}; {new}", "dim")))
        if not self.bed.live.sim and self._no_isolation() is None:
            below.append(self._isolation())
        worn = (
            []
            if papers.new_pads
            else worn_pads(self.bed.state_folder, self.bed.person, choice.seats)
        )
        below += [line((part, "wait")) for text in worn for part in wrap(text, width)[:2]]
        contact = f"contact: {self._no_contact()}"
        below += [line((part, "dim")) for part in wrap(contact, width)[:2]]
        return [*self.rows(rows, max(3, height - len(below))), *below]

    def _isolation(self) -> Line:
        if self.bed.papers.isolated == self.bed.device:
            return line(("✓ isolated from the mains (H56)", "dim"))
        ask = "○ i = no mains: unit on battery or medical, computer on battery (H56)"
        return line((ask, "strong"))

    def _seat(self, seat: Seat) -> list[Line]:
        plan = self.bed.plan
        source = binding_of(plan, seat.channel) if plan else "–"
        head = f"ch{seat.channel} {seat.role_name[:14]:<14}"
        blank = " " * len(head)
        sided = side_of(seat)
        seen = bool(sided) and self.bed.papers.sides.get(seat.channel) == seat.site
        side = f"  ✓ {sided} confirmed" if seen else "  ○ side: s" if sided else ""
        return [
            line((head, "strong"), f"  site     ◂ {seat.site or 'not given'} ▸", (side, "dim")),
            line(blank, f"  pads     ◂ {pad_name(seat.area_mm2)} ▸"),
            line(blank, f"  ceiling  ◂ {seat.ceiling} ▸  from {source}"),
        ]

    def _pads(self, action: str) -> None:
        """What somebody has seen of the electrodes; another site or size asks again."""
        papers = self.bed.papers
        assert self.bed.choice is not None
        if action == "pads-spaced":
            papers.apart = self.bed.choice.seats
            self.desk.say("Electrode spacing confirmed (E6)")
        else:
            papers.new_pads = not papers.new_pads
            self.desk.say(f"the electrodes are {'new' if papers.new_pads else 'used ones'} (E1)")

    def _side_field(self, width: int) -> list[Line]:
        """What is asked without saying the answer: who types it looks at the person."""
        assert self.bed.choice is not None
        open_ = self.bed.papers.open_sides(self.bed.choice.seats)
        named = ", ".join(f"ch{seat.channel} {seat.role_name}" for seat in open_)
        ask = f"Look at the person: on which side are the pads of {named}?"
        return [
            *(line((part, "strong")) for part in wrap(ask, width)),
            (),
            line((f"type left or right, then Enter:  {self._side}_", "key")),
            (),
            line(("Where both sides are treated, s asks again for the other one.", "dim")),
        ]

    def _verdict(self, width: int) -> list[str]:
        if self.bed.plan is not None:
            return ["✓ All checks passed"]
        accept = " Press w to accept this warning." if self.bed.warning else ""
        return wrap(f"✗ {self.bed.why_not}{accept}", width)[:4]
