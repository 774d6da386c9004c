"""Every widget of the terminal UI in its states, for tests and for a person to look at.

`python tests/support/widget_gallery.py SCENE THEME 80x24 out.svg` writes a picture; without
arguments it lists the scenes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Grid, Vertical
from textual.pilot import Pilot
from textual.theme import Theme
from textual.widget import Widget

from stimctl.tui.widgets.card_shown import CardShown, CardState
from stimctl.tui.widgets.channel_card import ChannelCard
from stimctl.tui.widgets.cycle_bar import CycleShown
from stimctl.tui.widgets.level_bar import Mark
from stimctl.tui.widgets.variables import widget_variables

STYLES = Path(__file__).parents[2] / "src/stimctl/tui/styles/widgets.tcss"

_MONO = {f"channel-{number}": "#ffffff" for number in range(1, 9)} | {
    "alarm-high": "#ffffff", "alarm-medium": "#ffffff", "alarm-low": "#c0c0c0",
}  # fmt: skip
THEMES = (
    Theme(
        "night", primary="#87afd7", secondary="#5f87af", warning="#ffaf5f", error="#ff6b6b",
        success="#8fd694", accent="#87d7ff", foreground="#e6e6e6", background="#101418",
        surface="#161b21", panel="#222a33",
    ),
    Theme(
        "day", primary="#0b4f7a", secondary="#33658a", warning="#8a4600", error="#b00000",
        success="#1d5c2a", accent="#005f87", foreground="#1c1c1c", background="#fafaf7",
        surface="#ffffff", panel="#e9edf0", dark=False,
    ),
    Theme(
        "cvd", primary="#56b4e9", secondary="#0072b2", warning="#e69f00", error="#ff8c42",
        success="#56b4e9", accent="#56b4e9", foreground="#f0f0f0", background="#000000",
        surface="#0c0c0c", panel="#1c1c1c",
    ),
    Theme(
        "mono", primary="#ffffff", secondary="#c0c0c0", warning="#ffffff", error="#ffffff",
        success="#ffffff", accent="#ffffff", foreground="#ffffff", background="#000000",
        surface="#000000", panel="#202020", variables=_MONO,
    ),
)  # fmt: skip

MARKS = (
    Mark("S", 9.0), Mark("M", 14.5), Mark("S", 8.0, False), Mark("M", 13.5, False),
    Mark("T", 22.0, False),
)  # fmt: skip
ON = CardState.ON
LOW_BACK = CardShown(
    1, "low back", ON, 12.0, 12.0, 40, is_selected=True, marks=MARKS, aim="strong, comfortable",
    contact="contact not monitored below 15 mA",
)  # fmt: skip
BUTTOCK = CardShown(2, "left buttock", ON, 6.0, 6.5, 30, refused="maximum 30 mA reached")
CYCLE = CycleShown(2, 11, 2, 10, at_s=5.2, contraction=4, contractions=15)
REST = CycleShown(2, 11, 2, 10, at_s=22.1, contraction=4, contractions=15)
QUADRICEPS = CardShown(
    1, "left quadriceps", ON, 42.5, 42.5, 80, is_selected=True, marks=MARKS, cycle=CYCLE,
    impedance="1.2 kΩ rising", impedance_kohm=(1.0, 1.0, 1.05, 1.1, 1.1, 1.15, 1.2),
)  # fmt: skip
OTHER_SIDE = CardShown(
    2, "right quadriceps", CardState.REST, 0.0, 38.0, 80, cycle=REST,
    impedance="1.1 kΩ steady", impedance_kohm=(1.1, 1.1, 1.1, 1.1),
    lock="locked: press ↑ twice",
)  # fmt: skip
SITES = (
    "left quadriceps", "right quadriceps", "left hamstrings", "right hamstrings",
    "left tibialis anterior", "right tibialis anterior", "left calf", "right calf",
)  # fmt: skip
SILENT = CardShown(1, "low back", CardState.NO_REPLY, 6.0, 6.0, 40, state_more="4 s")
STATES = tuple(CardState)


def eight() -> list[CardShown]:
    """A card of eight channels, each in another state."""
    cards = []
    for number, (site, state) in enumerate(zip(SITES, STATES[1:], strict=False), 1):
        cards.append(
            CardShown(
                number, site, state, 10.5 + 3 * number, 11.0 + 3 * number, 40, marks=MARKS,
                cycle=CYCLE, is_selected=number == 3,
                lock="locked: press ↑ twice" if number == 3 else "",
                refused="maximum 30 mA reached" if number == 2 else "",
            )
        )  # fmt: skip
    return cards


def cards(*shown: CardShown, columns: int, compact: bool = False, rows: str = "") -> Widget:
    """A grid of cards."""
    grid = Grid(*(ChannelCard(one, compact=compact) for one in shown))
    grid.styles.grid_size_columns = columns
    grid.styles.grid_rows = rows or ("8" if compact and columns < 4 else "9" if compact else "12")
    return grid


Scene = Callable[[], Iterable[Widget]]
SCENES: dict[str, Scene] = {
    "card-1": lambda: [cards(LOW_BACK, columns=1)],
    "card-roomy": lambda: [cards(LOW_BACK, OTHER_SIDE, columns=2, rows="17")],
    "card-2": lambda: [cards(LOW_BACK, BUTTOCK, columns=2)],
    "card-nmes": lambda: [cards(QUADRICEPS, OTHER_SIDE, columns=2)],
    "card-unknown": lambda: [
        cards(
            CardShown(
                1, "low back", CardState.NO_REPLY, 6.0, 6.0, 40, state_more="4 s", age="4 s ago"
            ),
            CardShown(2, "left buttock", CardState.UNKNOWN, None, None, 40),
            columns=2,
        )
    ],
    "cards-4": lambda: [cards(*eight()[:4], columns=2, compact=True)],
    "cards-8": lambda: [cards(*eight(), columns=4, compact=True)],
}


class Gallery(App[None]):
    """One scene."""

    CSS_PATH = STYLES

    def __init__(self, scene: str, theme: str = "night") -> None:
        super().__init__()
        self.scene = scene
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The widgets' own colours."""
        return widget_variables(dark=self.current_theme.dark)

    def compose(self) -> ComposeResult:
        """The scene's widgets, one below the other."""
        yield Vertical(*SCENES[self.scene]())


def run(
    scene: str,
    check: Callable[[Gallery, Pilot[None]], Awaitable[None]],
    *,
    theme: str = "night",
    size: tuple[int, int] = (80, 24),
) -> None:
    """Show a scene and let `check` look at it."""

    async def shown() -> None:
        app = Gallery(scene, theme)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await check(app, pilot)

    asyncio.run(shown())


async def photograph(scene: str, theme: str, size: tuple[int, int], path: Path) -> None:
    """Write the scene as SVG."""
    app = Gallery(scene, theme)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        path.write_text(app.export_screenshot(title=f"{scene} {theme}"), encoding="utf-8")


def main(arguments: list[str]) -> None:
    """List the scenes, or write one."""
    if len(arguments) != 4:
        print(*SCENES, sep="\n")
        return
    scene, theme, size, path = arguments
    width, height = map(int, size.split("x"))
    asyncio.run(photograph(scene, theme, (width, height), Path(path)))


if __name__ == "__main__":
    main(sys.argv[1:])
