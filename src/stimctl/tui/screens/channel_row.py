"""One channel in the form of the electrodes: site, size, maximum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widgets import Input, Select, Static

from stimctl.errors import StimctlError
from stimctl.tui.model.seats import PADS, pad_name, site_name, sites_for
from stimctl.tui.screens.form import Refusing, words_of
from stimctl.tui.screens.said import tell

if TYPE_CHECKING:
    from stimctl.tui.model.electrodes import SetupPage
    from stimctl.tui.model.seats import Seat

#: In the list of sizes: one that is typed.
_OTHER = 0


class ChannelRow(Vertical):
    """What is typed goes to the model at Enter, or when the field is left."""

    class Refused(Message):
        """The model has refused a value."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    class Changed(Message):
        """A value was taken, or another channel has the hand."""

    def __init__(self, page: SetupPage, channel: int) -> None:
        super().__init__()
        self.page = page
        self.channel = channel
        self._protocol = page.choice.name
        self._areas: set[int] = set()

    @property
    def is_outdated(self) -> bool:
        """Its channel, or its protocol, is no more: the row goes, and what it still hears of its
        fields says nothing of the channels that there are now."""
        choice = self.page.bed.choice
        there = () if choice is None else (one.channel for one in choice.seats)
        return choice is None or choice.name != self._protocol or self.channel not in there

    @property
    def seat(self) -> Seat:
        """As the model has it. UsageError where the row is outdated."""
        return self.page.choice.seat(self.channel)

    def compose(self) -> ComposeResult:
        """Number, site, size, maximum; below it whose that is, and what is refused."""
        if self.is_outdated:
            return
        seat, page = self.seat, self.page
        locked, number = page.busy() is not None, self.channel
        with Horizontal(classes="fields"):
            yield Static(Content.styled(str(number), f"bold $channel-{number}"), classes="number")
            yield Select(
                self._sites(),
                prompt="choose the site",
                value=seat.site or Select.NULL,
                compact=True,
                classes="site",
                disabled=locked,
            )
            self._areas = {seat.area_mm2}
            yield Select(
                _sizes(self._areas),
                value=seat.area_mm2,
                allow_blank=False,
                compact=True,
                classes="size",
                disabled=locked,
            )
            yield Input(
                placeholder="e.g. 36 cm2",
                compact=True,
                classes="other-size",
                disabled=locked,
                validators=Refusing(lambda text: page.area_refusal(number, text)),
            )
            yield Input(
                seat.ceiling, compact=True, classes="maximum", disabled=locked, max_length=10,
                validators=Refusing(lambda text: page.maximum_refusal(number, text)),
            )  # fmt: skip
        yield Static(classes="whose", markup=False)
        yield Static(classes="refused why", markup=False)

    def _sites(self) -> list[tuple[str, str]]:
        """Those that the protocol suggests first, with a mark."""
        seat, protocol = self.seat, self.page.choice.protocol
        suggested = protocol.channels[seat.role].sites
        names = dict.fromkeys([*sites_for(protocol, seat), seat.site])
        return [
            (f"{site_name(one)}{' ·' if one in suggested else ''}", one) for one in names if one
        ]

    def fill(self, *, locked: bool) -> None:
        """As the model has it, but for the field that is being typed in."""
        seat = self.seat
        for field in self.query("Select, Input"):
            field.disabled = locked
        site = self.query_one(".site", Select)
        size = self.query_one(".size", Select)
        with self.prevent(Select.Changed):
            if not site.expanded and site.value != (seat.site or Select.NULL):
                site.value = seat.site or Select.NULL
            if not size.expanded and size.value not in (seat.area_mm2, _OTHER):
                self._to_area(size, seat.area_mm2)
        maximum = self.query_one(".maximum", Input)
        if not maximum.has_focus and maximum.value != seat.ceiling:
            maximum.value = seat.ceiling
        told = (self.page.side_words(seat), f"maximum from {self.page.source_of(seat)}")
        tell(self, ".whose", "   ".join(one for one in told if one), keeps_room=True)
        self.set_class(self.page.channel == self.channel, "-here")

    def _to_area(self, size: Select[int], area_mm2: int) -> None:
        """An area that is not in the list is put there."""
        if area_mm2 not in self._areas:
            self._areas.add(area_mm2)
            size.set_options(_sizes(self._areas))
        size.value = area_mm2

    def _refuse(self, why: str) -> None:
        shown = self.query_one(".why", Static)
        shown.update(why)
        shown.display = bool(why)

    def _take(self, name: str, value: str | None) -> None:
        try:
            getattr(self.page, f"set_{name}")(self.channel, value)
            self._refuse("")
            self.post_message(self.Changed())
        except StimctlError as error:
            self.post_message(self.Refused(str(error)))

    @on(Select.Changed, ".site")
    def _site_chosen(self, event: Select.Changed) -> None:
        event.stop()
        if self.is_outdated:
            return
        site = None if event.value is Select.NULL else str(event.value)
        if site != self.seat.site:
            self._take("site", site)

    @on(Select.Changed, ".size")
    def _size_chosen(self, event: Select.Changed) -> None:
        event.stop()
        if self.is_outdated:
            return
        self.set_class(event.value == _OTHER, "-typed")
        if event.value == _OTHER:
            self.query_one(".other-size", Input).focus()
        elif event.value != self.seat.area_mm2:
            self._take("area", f"{event.value} mm2")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.is_outdated:
            self._refuse(words_of(event.validation_result) if event.input.has_focus else "")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self.is_outdated:
            return
        self._settle(event.input)
        self.screen.focus_next()

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        event.stop()
        if self.is_outdated:
            return
        self._settle(event.input)
        event.input.value = self.seat.ceiling if event.input.has_class("maximum") else ""
        self._refuse("")

    def _settle(self, field: Input) -> None:
        """Take what was typed, where it is another value."""
        if field.has_class("maximum"):
            if field.value != self.seat.ceiling:
                self._take("maximum", field.value)
            return
        if field.value:
            self._take("area", field.value)
        self.set_class(False, "-typed")
        self._to_area(self.query_one(".size", Select), self.seat.area_mm2)

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        """The hand is at this channel."""
        if self.is_outdated:
            return
        self.page.channel = self.channel
        self.post_message(self.Changed())

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        """What was refused is not taken, and not shown on."""
        if not self.is_outdated:
            self._refuse("")


def _sizes(others: set[int]) -> list[tuple[str, int]]:
    """The usual electrodes and these, the smallest first; the last one is typed."""
    areas = sorted({*(area for area, _ in PADS), *others})
    named = [(pad_name(area).replace("cm2", "cm²"), area) for area in areas]
    return [*named, ("other size…", _OTHER)]
