"""One channel, to be read from two metres away: confirmed and set level, state, room left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult, RenderResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive, var
from textual.widgets import Digits, Sparkline, Static

from stimctl.tui.widgets.card_shown import CardShown, CardState
from stimctl.tui.widgets.cycle_bar import CycleBar
from stimctl.tui.widgets.level_bar import LevelBar

_NARROW = 30
_ROOMY = 13
_NARROW_ROWS = 8
_NOTE_STYLES = {"refused": "bold $text-warning", "lock": "bold", "contact": "$text-muted"}
_UNKNOWN = Content("╺━┓\n ┏┛\n •")


class Figure(Digits):
    """Digits that also know a question mark of their own size."""

    def render(self) -> RenderResult:
        """The digits, or one question mark."""
        return _UNKNOWN if self.value == "?" else super().render()


class ChannelCard(Vertical):
    """A card; big for one or two channels, `compact` in a grid of up to eight."""

    @dataclass
    class Picked(Message):
        """The card was clicked: its channel shall be the selected one."""

        channel: int

    shown: var[CardShown] = var(CardShown(0, ""))
    compact = reactive(False, toggle_class="-compact")

    def __init__(self, shown: CardShown, *, compact: bool = False, id: str | None = None) -> None:
        super().__init__(id=id, classes=f"channel-{shown.channel}")
        self.set_reactive(ChannelCard.shown, shown)
        self.compact = compact
        self._title = ""

    def show(self, shown: CardShown) -> None:
        """Show this from now on; what has not changed is not drawn again."""
        self.shown = shown

    def compose(self) -> ComposeResult:
        """Value, bar, cycle, impedance, words."""
        with Horizontal(classes="value"):
            yield Figure(self.shown.value, classes="tint")
            yield Static(classes="side")
        yield Static(classes="site -empty")
        yield Static(classes="aim -empty")
        yield LevelBar(classes="tint")
        yield Static(classes="thresholds -empty")
        yield CycleBar(classes="tint")
        with Horizontal(classes="impedance"):
            yield Static(classes="ohms")
            yield Sparkline()
        yield Static(classes="notes -empty")

    def on_mount(self) -> None:
        """Show the first value."""
        self._update(None)

    def watch_shown(self, old: CardShown) -> None:
        """Update what has changed."""
        if self.is_mounted:
            self._update(old)

    def on_resize(self, event: Resize) -> None:
        """In little width the state stands below the value, not beside it."""
        self.set_class(event.size.width < _NARROW, "-narrow")
        self.set_class(self.content_size.height >= _ROOMY, "-roomy")
        self._words(self.shown)

    def on_click(self) -> None:
        """A click selects; it never raises."""
        self.post_message(self.Picked(self.shown.channel))

    def _update(self, old: CardShown | None) -> None:
        new = self.shown
        for state in CardState:
            self.set_class(state is new.state, f"-{state.name.lower()}")
        self.set_class(new.is_selected, "-selected")
        self.set_class(new.live is None, "-not-live")
        digits = self.query_one(Figure)
        if digits.value != new.value:
            digits.update(new.value)
        self.query_one(LevelBar).show(new.level)
        self.query_one(CycleBar).show(new.cycle)
        if old is None or old.impedance_kohm != new.impedance_kohm:
            self.query_one(Sparkline).data = new.impedance_kohm
        self.query_one(".impedance").set_class(not new.impedance, "-empty")
        self._words(new)

    def _words(self, shown: CardShown) -> None:
        """Every text, each drawn again only where it differs."""
        narrow = self.has_class("-narrow")
        unit, beside = ("" if shown.live is None else shown.unit), shown.beside
        state, site = Content.styled(shown.state_words, "bold"), Content.styled(shown.site, "bold")
        notes = shown.notes()[:1] if self.compact else shown.notes()
        heading = shown.state_words if narrow else shown.site
        if self._title != (title := f"{shown.number}  {heading}"):
            self._title, self.border_title = title, Content(title)
        texts: dict[str, Sequence[Content | str]] = {
            ".side": [unit, *beside.split(" ")] if narrow else [state, unit, beside],
            ".site": [site] if narrow else [],
            ".aim": [] if self.compact else [shown.aim],
            ".thresholds": [] if self.compact else [shown.thresholds(self.content_size.width)],
            ".ohms": [shown.impedance],
            ".notes": [Content.styled(words, _NOTE_STYLES[kind]) for kind, words in notes],
        }
        for where, parts in texts.items():
            static = self.query_one(where, Static)
            text = Content("\n").join(
                Content(part) if isinstance(part, str) else part for part in parts
            )
            if static.content != text:
                static.update(text)
                static.set_class(not text.plain.strip(), "-empty")
        is_tight = narrow and self.content_size.height < _NARROW_ROWS and bool(notes)
        self.set_class(is_tight, "-tight")
