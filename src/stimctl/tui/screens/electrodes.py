"""Where the electrodes are, how large they are, and how far each channel may be raised."""

from __future__ import annotations

from typing import cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Checkbox, Input, Static

from stimctl.errors import StimctlError
from stimctl.tui.model.electrodes import SetupPage
from stimctl.tui.model.side import SidePage
from stimctl.tui.screens.base import StimModal, StimScreen
from stimctl.tui.screens.channel_row import ChannelRow
from stimctl.tui.screens.form import Form
from stimctl.tui.screens.said import labelled, tell
from stimctl.tui.screens.trains import trains_of
from stimctl.tui.widgets.body_figure import BodyChannel, BodyFigure
from stimctl.tui.widgets.tick import Tick
from stimctl.tui.widgets.train_view import TrainView

_CHECKS = (
    ("pads-spaced", "Electrode spacing confirmed (d)"),
    ("cautions", "Cautions below are read (c)"),
    ("new-electrodes", "New electrodes, first use (v)"),
    ("mains-isolated", "No mains: unit and computer on battery (i)"),
)


class ElectrodesScreen(StimScreen, page=SetupPage):
    """The channels, what is confirmed by hand, and what the protocol asks for."""

    AUTO_FOCUS = "#electrodes"

    def body(self) -> ComposeResult:
        """The channels; below them what is confirmed by hand, beside the body."""
        with VerticalScroll(id="electrodes"), Form(id="seats"):
            yield Static("   Site                     Electrode size        Maximum    Tab: fields",
                         id="seats-head", classes="heading")  # fmt: skip
            yield Vertical(id="rows")
            yield Static(id="verdict", markup=False)
            with Horizontal(id="below"):
                with Vertical(id="checks"):
                    yield TrainView()
                    for name, label in _CHECKS:
                        yield Tick(label, id=name, compact=True)
                    yield Static(id="worn", classes="refused", markup=False)
                    yield Static(id="advice")
                yield BodyFigure(id="figure")

    @property
    def model(self) -> SetupPage:
        """Its own page."""
        return cast("SetupPage", self.page)

    def fill(self) -> None:
        """Channels, checks and advice as they are now."""
        page = self.model
        there = self.desk.bed.choice is not None
        hidden = ("#seats-head", "#rows", "#advice", "#figure", "#pads-spaced", "#new-electrodes")
        sometimes = ("#worn", "#cautions", "#mains-isolated")  # else shown where they say something
        for one in (*hidden, *(() if there else sometimes)):
            self.query_one(one).display = there
        told = page.verdict() if there else "Choose a protocol first: press 4"
        verdict = tell(self, "#verdict", told)
        if not there:
            self.query_one(TrainView).show(None)
            return
        self._fill_rows()
        verdict.set_class(self.desk.bed.plan is None, "refused")
        several = len(page.seats) > 1 and page.choice.protocol.channels[0].cycle is not None
        self.query_one(TrainView).show(trains_of(page.choice) if several else None)
        self._fill_checks()
        self._fill_advice()
        self.query_one(BodyFigure).show(
            tuple(
                BodyChannel(
                    seat.channel, tuple((seat.site or "").split("/")), seat.channel == page.channel
                )
                for seat in page.seats
            )
        )

    def _fill_rows(self) -> None:
        page, rows = self.model, self.query_one("#rows", Vertical)
        key = (page.choice.name, tuple(seat.channel for seat in page.seats))
        if key != getattr(self, "_channels", None) or not rows.is_attached:
            self._channels = key
            self._rows = [ChannelRow(page, seat.channel) for seat in page.seats]
            rows.remove_children()
            rows.mount_all(self._rows)
            return
        for row in self._rows:  # and none of those before, which are there until they are gone
            if row.is_mounted and row.children:
                row.fill(locked=page.busy() is not None)

    def _fill_checks(self) -> None:
        page, papers, bed = self.model, self.desk.bed.papers, self.desk.bed
        offered = page.offers()
        ticked = {
            "pads-spaced": papers.spaced(page.seats),
            "cautions": papers.cautions == page.choice.name,
            "new-electrodes": papers.new_pads,
            "mains-isolated": bool(bed.device) and papers.isolated == bed.device,
        }
        for name, _ in _CHECKS:
            box = self.query_one(f"#{name}", Checkbox)
            with self.prevent(Checkbox.Changed):
                box.value = ticked[name]
            box.disabled = bool(offered[name]) and not ticked[name]
        self.query_one("#cautions").display = bool(page.cautions)
        hidden = bool(offered["mains-isolated"]) or bed.live.sim
        self.query_one("#mains-isolated").display = not hidden

    def _fill_advice(self) -> None:
        page = self.model
        tell(self, "#worn", "\n".join(page.worn()))
        facts = [*(("Caution", one) for one in page.cautions), *page.advice()]
        if facts != getattr(self, "_facts", None):
            self._facts = facts
            self.query_one("#advice", Static).update(labelled(facts))

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """Ticked, or not any more."""
        event.stop()
        self.stim.do(str(event.checkbox.id))

    def on_channel_row_changed(self, _event: ChannelRow.Changed) -> None:
        """Bring all of it up to what it is now."""
        self.stim.follow()

    def on_channel_row_refused(self, event: ChannelRow.Refused) -> None:
        """Say why; the value stays as it was."""
        self.desk.say(event.why)
        self.stim.follow()


class SideScreen(StimModal, page=SidePage):
    """Asked without giving the answer."""

    AUTO_FOCUS = "Input"

    def body(self) -> ComposeResult:
        """Question, field, and what follows."""
        yield Static(id="side-question", classes="heading", markup=False)
        yield Input(placeholder="left or right", id="side-typed", max_length=5)
        yield Static("Type left or right, then Enter. Where both sides are treated, the other one "
                     "is asked next.", classes="quiet", markup=False)  # fmt: skip

    def fill(self) -> None:
        """Which channels are asked about."""
        question = cast("SidePage", self.page).question()
        self.query_one("#side-question", Static).update(Content(question))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer, or say why it is none."""
        try:
            cast("SidePage", self.page).answer(event.value)
        except StimctlError as error:
            self.desk.say(str(error))
        event.input.clear()
        self.stim.follow()

    def resumed(self) -> None:
        """Nothing of an earlier answer stays."""
        field = self.query_one("#side-typed", Input)
        field.value = ""
        field.focus()
