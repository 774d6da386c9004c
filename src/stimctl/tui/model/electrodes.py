"""Electrodes: site, size and maximum of each channel, and what somebody has to look at by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from stimctl.errors import StimctlError, UsageError
from stimctl.quantity import parse_area_mm2
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.papers import places_of, side_of, worn_pads
from stimctl.tui.model.planned import binding_of
from stimctl.tui.model.planning import Choice, compiled, family_of
from stimctl.tui.model.protocols import plain_words
from stimctl.tui.model.seats import Seat, opposite, with_first_maximum
from stimctl.tui.model.text import safe

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_MOST_CHANNELS = 8


class SetupPage(Page):
    """Three values for each channel, and what is confirmed by hand."""

    name = "setup"
    title = "Electrodes"
    actions: ClassVar[tuple[str, ...]] = (
        "choose", "side", "pads-spaced", "cautions", "accept-warning", "add-channel",
        "remove-channel", "alternate", "new-electrodes", "mains-isolated",
    )  # fmt: skip
    footer = ("choose", "accept-warning", "side", "pads-spaced", "cautions", "add-channel",
              "remove-channel", "alternate")  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        #: The channel that the hand is at; it is the one that is removed.
        self.channel = 1

    @property
    def choice(self) -> Choice:
        """What is set up. UsageError where no protocol is chosen."""
        if self.bed.choice is None:
            raise UsageError("choose a protocol first (4)")
        return self.bed.choice

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The channels; none where no protocol is chosen."""
        return self.bed.choice.seats if self.bed.choice else ()

    def busy(self) -> str | None:
        """Why nothing can be changed now: electrodes and sites change at zero only."""
        if self.bed.choice is None:
            return "choose a protocol first (4)"
        if self.bed.output_may_be_on:
            return "output may be on: STOP first; electrodes change at zero only"
        return None

    def offers(self) -> Offers:
        """Going on, and what is seen to by hand."""
        busy = self.busy()
        found: dict[str, str | None] = dict.fromkeys(self.actions, busy)
        if busy is None:
            found["choose"] = None if self.bed.plan is not None else self.bed.why_not
            found["side"] = self._no_side()
            found["mains-isolated"] = self._no_isolation()
            found["add-channel"], found["remove-channel"] = self._no_more(), self._no_fewer()
            found["alternate"] = self._no_turns()
            found["cautions"] = None if self.cautions else "this protocol names no caution"
        if not self.bed.warning:
            del found["accept-warning"]
        return found

    def _no_side(self) -> str | None:
        open_ = self.bed.papers.open_sides(self.seats)
        return None if open_ else "every side is confirmed"

    def _no_isolation(self) -> str | None:
        if not self.bed.device:
            return "connect a device first (2)"
        stated = family_of(self.bed.device).sheet.isolation_stated
        return "its maker states how it is isolated from the mains" if stated else None

    def _no_more(self) -> str | None:
        if not self.choice.has_shared_role:
            return f"{self.choice.name} is for exactly {len(self.seats)} channels"
        most = family_of(self.bed.device).sheet.channels if self.bed.device else _MOST_CHANNELS
        return None if len(self.seats) < most else f"the device has {most} channels"

    def _no_fewer(self) -> str | None:
        if not self.choice.has_shared_role:
            return f"{self.choice.name} is for exactly {len(self.seats)} channels"
        return None if len(self.seats) > 1 else "one channel is needed"

    def _no_turns(self) -> str | None:
        if not self.choice.has_shared_role:
            return "this protocol says itself which channel is on when"
        if self.choice.stages:
            return "the stages of this treatment say what is on when"
        if self.choice.protocol.channels[0].cycle is None:
            return "this treatment is continuous: all channels are on together"
        return None if len(self.seats) > 1 else "add a second channel first"

    def act(self, action: str) -> None:
        """Go on, confirm what was seen, or another number of channels."""
        papers = self.bed.papers
        if action == "choose":
            self.desk.open("adjust")
        elif action == "side":
            self.desk.overlay = self.desk.pages["side"]
        elif action == "mains-isolated":
            papers.isolated = "" if papers.isolated == self.bed.device else self.bed.device
        elif action == "pads-spaced":
            papers.apart = () if papers.spaced(self.seats) else places_of(self.seats)
        elif action == "new-electrodes":
            papers.new_pads = not papers.new_pads
        elif action == "cautions":
            papers.cautions = "" if papers.cautions == self.choice.name else self.choice.name
        elif action == "accept-warning":
            self.bed.accept_warning()
        elif action == "add-channel":
            self.add_channel()
        elif action == "remove-channel":
            self.remove_channel(self.channel)
        elif action == "alternate":
            choice = self.choice
            self._take(choice.with_seats(choice.seats, alternate=not choice.alternates))

    # -- values ------------------------------------------------------------------------------

    def _change(self, seat: Seat) -> None:
        self._take(self.choice.with_seat(seat))

    def _take(self, choice: Choice) -> None:
        busy = self.busy()
        if busy:
            raise UsageError(busy)
        if not self.bed.take(choice) and self.bed.choice is not choice:
            raise UsageError(self.desk.message.removeprefix("refused: "))

    def set_site(self, channel: int, site: str | None) -> None:
        """Where the electrodes are. A maximum that nobody has set goes with it. Raises
        UsageError, as all of these do."""
        seat = replace(self.choice.seat(channel), site=site)
        if seat.source != "set here":
            seat = with_first_maximum(self.choice.protocol, seat, self.bed.known_marks)
        self._change(seat)

    def set_area(self, channel: int, text: str) -> None:
        """How large each electrode is, as an area with its unit."""
        self._change(replace(self.choice.seat(channel), area_mm2=parse_area_mm2(text)))

    def set_maximum(self, channel: int, text: str) -> None:
        """How far output may be raised by hand."""
        self._change(self._with_maximum(channel, text))

    def _with_maximum(self, channel: int, text: str) -> Seat:
        seat = self.choice.seat(channel)
        return replace(seat, ceiling_level=seat.measure.scale.parse(text), source="set here")

    def maximum_refusal(self, channel: int, text: str) -> str:
        """Why a maximum is refused, in the refusal's own words; "" where it is not."""
        return self._refusal(lambda: self._with_maximum(channel, text))

    def area_refusal(self, channel: int, text: str) -> str:
        """Why an area is refused; "" where it is not."""
        return self._refusal(
            lambda: replace(self.choice.seat(channel), area_mm2=parse_area_mm2(text))
        )

    def _refusal(self, wanted: Callable[[], Seat]) -> str:
        try:
            choice = self.choice.with_seat(wanted())
        except StimctlError as error:
            return safe(error, 300)
        if not self.bed.device:
            return ""
        plan, refusal, warning = compiled(choice, self.bed.device)
        return "" if plan is not None or warning or refusal == self.bed.why_not else refusal

    def add_channel(self) -> None:
        """One more for the same treatment: at the site on the other side, else at the same one;
        where both are refused, without a site, which somebody has to choose then."""
        last, used = self.seats[-1], {one.channel for one in self.seats}
        number = next(one for one in range(1, _MOST_CHANNELS + 1) if one not in used)
        for site in (opposite(last.site), last.site, None):
            seat = replace(last, channel=number, site=site)
            seat = with_first_maximum(self.choice.protocol, seat, self.bed.known_marks)
            seats = sorted((*self.seats, seat), key=lambda one: one.channel)
            choice = self.choice.with_seats(seats, alternate=self.choice.alternates)
            if self.bed.device and compiled(choice, self.bed.device)[0] is not None:
                break
        self._take(choice)
        self.channel = number

    def remove_channel(self, channel: int) -> None:
        """One less; one stays."""
        self.choice.seat(channel)
        seats = [one for one in self.seats if one.channel != channel]
        self._take(self.choice.with_seats(seats, alternate=self.choice.alternates))
        self.channel = self.seats[-1].channel

    # -- what is said ------------------------------------------------------------------------

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the protocol itself warns of."""
        return tuple(plain_words(one) for one in self.choice.protocol.cautions)

    def source_of(self, seat: Seat) -> str:
        """Whose word a maximum is: a limit's, or the one it was taken from."""
        plan = self.bed.plan
        numbers = {one.channel for one in plan.channels} if plan is not None else set()
        bound = binding_of(plan, seat.channel) if seat.channel in numbers else "set-up"
        return seat.source if bound in ("set-up", "treatment") else bound

    def side_words(self, seat: Seat) -> str:
        """Whether the side was typed by somebody who looked; never which one it is."""
        if not side_of(seat):
            return ""
        seen = self.bed.papers.sides.get(seat.channel) == seat.site
        return "✓ side confirmed" if seen else "○ side: press s"

    def verdict(self) -> str:
        """Whether all of this makes a plan; else why not."""
        if self.bed.plan is not None:
            return "✓ All checks passed"
        accept = " Press w to accept this warning." if self.bed.warning else ""
        return f"✗ {self.bed.why_not}{accept}" if self.bed.why_not else "○ no device is connected"

    def advice(self) -> list[tuple[str, str]]:
        """Placement, distance and size that the protocol asks for, and what is seen by eye only."""
        protocol = self.choice.protocol
        told = [("Placement", plain_words(protocol.electrodes.placement))]
        told += [("Distance", plain_words(protocol.electrodes.distance or ""))]
        told += [("In the trial", plain_words(protocol.electrodes.size or ""))]
        told += [(label.capitalize(), words) for label, words in self.choice.other_unit]
        if self.bed.device:
            model = family_of(self.bed.device).sheet.model
            told += [("Contact", f"{model} measures no impedance: check that the electrodes are "
                      "fully attached.")]  # fmt: skip
        return [(label, words) for label, words in told if words]

    def worn(self) -> list[str]:
        """Electrodes that are used up."""
        if self.bed.papers.new_pads:
            return []
        return worn_pads(self.bed.state_folder, self.bed.person, self.seats)
