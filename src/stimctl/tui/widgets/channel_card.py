"""One channel, to be read from two metres away: confirmed and set level, state, room left."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

from textual.app import ComposeResult, RenderResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive, var
from textual.widgets import Digits, Sparkline, Static

from stimctl.tui.widgets.card_shown import CardShown, CardState
from stimctl.tui.widgets.cycle_bar import CycleBar
from stimctl.tui.widgets.level_bar import LevelBar

_NARROW = 30
#: So much room lets the value be read from across a room; a cycle and an impedance need rows too.
_TALL_WIDTH, _TALL_ROWS, _CYCLE_ROWS, _IMPEDANCE_ROWS = 60, 11, 2, 1
_NARROW_SIDE = 7
_DIGITS_ROWS = 3
_NOTE_STYLES = {"refused": "bold $text-warning", "lock": "bold", "contact": "$text-muted"}
_ON = (
    CardState.ON, CardState.RAMP_UP, CardState.RAMP_DOWN, CardState.WAITING, CardState.DIFFERS,
)  # fmt: skip
_UNKNOWN = Content("╺━┓\n ┏┛\n •")
#: Large figures, row by row, as octal digits: each bit is a block.
_LARGE = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717",
    "6": "74757", "7": "71111", "8": "75757", "9": "75717", "?": "71302", ".": "00001",
}  # fmt: skip


class Figure(Digits):
    """Digits that also know a question mark of their own size; `tall`: five rows of blocks."""

    tall = reactive(False, layout=True)

    def render(self) -> RenderResult:
        """The digits, or one question mark."""
        if self.tall:
            return Content("\n".join(large_figures(self.value)))
        return _UNKNOWN if self.value == "?" else super().render()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as what is drawn."""
        small = super().get_content_width(container, viewport)
        return len(large_figures(self.value)[0]) if self.tall else small

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as what is drawn."""
        small = super().get_content_height(container, viewport, width)
        return len(large_figures(self.value)) if self.tall else small


def large_figures(value: str) -> list[str]:
    """A number in rows of blocks."""
    return ["  ".join(_blocks(one, row) for one in value) for row in range(5)]


def _blocks(figure: str, row: int) -> str:
    bits = f"{int(_LARGE[figure][row]):03b}"
    return bits[-1 if figure == "." else 0 :].replace("0", "  ").replace("1", "██")


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
        self._said: dict[str, tuple[str | tuple[str, str], ...]] = {}

    def show(self, shown: CardShown) -> None:
        """Show this from now on; what has not changed is not drawn again."""
        self.shown = shown

    def compose(self) -> ComposeResult:
        """Value, bar, cycle, words; what a compact card never shows is not there."""
        with Horizontal(classes="value"):
            yield Figure(self.shown.value, classes="tint")
            yield Static(classes="side")
        yield Static(classes="site -empty")
        if not self.compact:
            yield Static(classes="aim -empty")
        yield LevelBar(classes="tint")
        if not self.compact:
            yield Static(classes="thresholds -empty")
        yield CycleBar(classes="tint")
        if not self.compact:
            with Horizontal(classes="impedance"):
                yield Static(classes="ohms -empty")
                yield Sparkline()
        yield Static(classes="notes -empty")

    def on_mount(self) -> None:
        """Show the first value, where it was not taken away before it was built."""
        if self.query(Figure):
            self._update(None)

    def watch_shown(self, old: CardShown) -> None:
        """Update what has changed."""
        if self.is_mounted:
            self._update(old)

    def on_resize(self, event: Resize) -> None:
        """In little width the state stands below the value, not beside it."""
        self.set_class(event.size.width < _NARROW, "-narrow")
        self._be_tall(self.shown)
        self._words(self.shown)

    def on_click(self) -> None:
        """A click selects; it never raises."""
        self.post_message(self.Picked(self.shown.channel))

    def _be_tall(self, shown: CardShown) -> None:
        """Large figures where everything else still has its rows."""
        needed = _TALL_ROWS + _CYCLE_ROWS * (shown.cycle is not None)
        needed += _IMPEDANCE_ROWS * bool(shown.impedance)
        width, height = self.content_size
        tall = not self.compact and width >= _TALL_WIDTH and height >= needed
        self.set_class(tall, "-tall")
        for figure in self.query(Figure):
            figure.tall = tall

    def _update(self, old: CardShown | None) -> None:
        new = self.shown
        if old is None or (old.state, old.is_selected) != (new.state, new.is_selected):
            for state in CardState:
                self.set_class(state is new.state, f"-{state.name.lower()}")
            self.set_class(new.is_selected, "-selected")
        self.set_class(new.live is None, "-not-live")
        digits = self.query_one(Figure)
        if digits.value != new.value:
            digits.update(new.value)
        self.query_one(LevelBar).show(new.level)
        self.query_one(CycleBar).show(new.phase)
        if not self.compact and (old is None or old.impedance_kohm != new.impedance_kohm):
            self.query_one(Sparkline).data = new.impedance_kohm
            self.query_one(".impedance").set_class(not new.impedance, "-empty")
            self._be_tall(new)
        self._words(new)

    def _words(self, shown: CardShown) -> None:
        """Every text, each drawn again only where it differs."""
        narrow, tall = self.has_class("-narrow"), self.has_class("-tall")
        notes = shown.notes()[: 1 if self.compact else None]
        is_on = shown.state in _ON
        badge = f"bold auto on $channel-{shown.channel}" if is_on else "bold"
        state = (f" {shown.state_words} " if is_on else shown.state_words, badge)
        first, second = shown.beside
        if narrow:
            number = shown.number.replace(" ", "")
            fits = len(number) + len(shown.state_words) < self.size.width - 4
            heading = shown.state_words if fits else shown.state.value
            self._put("", (f"{number} {heading}", ""))
            self._put(".side", first, *wrap(second, _NARROW_SIDE))
        else:
            self._put("", (f"{shown.number}  {shown.site}", ""))
            self._put(".side", state, first, second, *(("", shown.aim) if tall else ()))
        self._put(".site", (shown.site if narrow else "", "bold"))
        if not self.compact:
            self._put(".aim", "" if tall else shown.aim)
            self._put(".thresholds", shown.thresholds(self.content_size.width))
            self._put(".ohms", shown.impedance)
        self._put(".notes", *((words, _NOTE_STYLES[kind]) for kind, words in notes))
        width, height = self.content_size
        said = (shown.site, *(words for _, words in notes)) if narrow else ()
        room = height - _DIGITS_ROWS - sum(len(wrap(words, width)) for words in said if width)
        # Words come before drawings where both have no room.
        self.set_class(narrow and room < 2, "-tight")
        self.set_class(narrow and room < 1, "-tightest")

    def _put(self, where: str, *lines: str | tuple[str, str]) -> None:
        """Lines with their styles into a text, or into the title."""
        if self._said.get(where) == lines:
            return
        self._said[where] = lines
        text = Content("\n").join(
            Content(line) if isinstance(line, str) else Content.styled(*line) for line in lines
        )
        if not where:
            self.border_title = text
            return
        static = self.query_one(where, Static)
        static.update(text, layout=where != ".side")
        static.set_class(not text.plain.strip(), "-empty")
