"""Devices: what there is, what it can do, and whether the connection holds."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Input, OptionList, Select, Static

from stimctl.errors import StimctlError
from stimctl.supervisor.device_names import EXAMPLE
from stimctl.tui.model.connect import ConnectPage
from stimctl.tui.model.device_facts import families
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.lines import Fact, Facts, Line, Lines

_OTHER = "other"
_PLACEHOLDER = f"Other port (type, e.g. {EXAMPLE}:/dev/ttyACM0), then Enter"
_MARKS = {True: ("✓", "$success"), False: ("✗", "$warning"), None: ("…", "$warning")}


class ConnectScreen(StimScreen, page=ConnectPage):
    """The list above or to the left; the picked device, and the checks."""

    page: ConnectPage
    AUTO_FOCUS = "#places"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual has it

    def body(self) -> ComposeResult:
        """List, family, other port; facts and checks."""
        with Vertical(id="devices"):
            yield Lines(id="places")
            with Horizontal(id="family-row"):
                yield Static("Which device?  ← →", classes="quiet")
                yield Select([(one, one) for one in families()], id="family", compact=True,
                             prompt="choose the device")  # fmt: skip
            yield Input(id="port", compact=True, placeholder=_PLACEHOLDER)
        with Vertical(id="device-about"):
            yield Facts(id="device-facts")
            yield Facts(id="device-checks")

    def fill(self) -> None:
        """What the model says."""
        page = self.page
        lines = self.query_one("#places", Lines)
        lines.show(list(self._lines()))
        on_other = lines.picked == _OTHER
        if not on_other:
            lines.pick(str(page.picked))
        place = page.place
        self.query_one("#family-row").display = bool(place.port) and not on_other
        family = self.query_one("#family", Select)
        known = place.device.partition(":")[0] if place.port and place.device else Select.NULL
        if family.value != known:
            with family.prevent(Select.Changed):
                family.value = known
        family.disabled = page.busy is not None
        field = self.query_one("#port", Input)
        field.display = on_other or self.focused is field
        field.disabled = page.busy is not None
        facts = [] if on_other else page.facts()
        if page.is_connected(place.device) and not self.has_class("-wide"):
            facts = facts[:3]
        self.query_one("#device-facts", Facts).show(facts)
        self.query_one("#device-checks", Facts).show(list(self._checks()))

    def _lines(self) -> Iterator[Line]:
        for number, one in enumerate(self.page.places()):
            mark = "✓ " if self.page.is_connected(one.device) else "✗ " if one.why_not else "  "
            yield (
                str(number),
                Content.assemble(mark, (f"{one.label:<18}", "bold"), one.words),
                False,
            )
        yield _OTHER, Content.assemble("  ", ("Other port …", "bold")), False

    def _checks(self) -> Iterator[Fact]:
        checks = self.page.checks()
        if not checks:
            yield "", "○ Not connected. Enter connects what is picked."
        for one in checks:
            mark, colour = _MARKS[one.passed]
            yield one.label, Content.assemble((f"{mark} ", colour), one.words)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """What is said below is about this line."""
        event.stop()
        if event.option_id != _OTHER:
            self.page.picked = int(str(event.option_id))
        self.show()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Connect it, or type another port."""
        event.stop()
        if event.option_id == _OTHER:
            self.query_one("#port", Input).focus()
        else:
            self.stim.do("choose")

    def on_select_changed(self, event: Select.Changed) -> None:
        """This is what is at the port."""
        event.stop()
        if event.value is not Select.NULL:
            self.page.take_family(str(event.value))
            self.show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Another port; where there is none of that name, what is connected stays."""
        event.stop()
        try:
            self.page.connect_to(event.value)
            event.input.clear()
            self.query_one("#places", Lines).focus()
        except StimctlError as error:
            self.desk.say(f"refused: {error}")
        self.stim.follow()

    def on_key(self, event: Key) -> None:
        """Esc leaves the field, and not the screen."""
        if event.key == "escape" and self.focused is not None and self.focused.id == "port":
            event.stop()
            self.query_one("#places", Lines).focus()
