"""Every widget of the terminal UI in its states, for tests and for a person to look at.

`python -m tests.support.widget_gallery SCENE THEME 80x24 out.svg` writes a picture; without
arguments it lists the scenes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from textual.app import App, ComposeResult
from textual.containers import Grid, Horizontal, Vertical
from textual.message import Message
from textual.pilot import Pilot
from textual.theme import Theme
from textual.widget import Widget

from stimctl.tui.widgets.alarm_banner import AlarmBanner, AlarmShown, Priority
from stimctl.tui.widgets.amplitude_plot import AmplitudePlot
from stimctl.tui.widgets.body_figure import BodyChannel, BodyFigure
from stimctl.tui.widgets.card_shown import CardShown, CardState
from stimctl.tui.widgets.channel_card import ChannelCard
from stimctl.tui.widgets.cycle_bar import CycleShown
from stimctl.tui.widgets.level_bar import Mark
from stimctl.tui.widgets.plot_shown import Curve, PlotShown
from stimctl.tui.widgets.pulse_view import PulseShown, PulseView
from stimctl.tui.widgets.state_banner import BannerShown, ChannelBrief, StateBanner, Tone
from stimctl.tui.widgets.steps_bar import StepsBar, StepState
from stimctl.tui.widgets.variables import widget_variables
from tests.support.cheap_textual import make_cheap
from tests.support.paths import ROOT

STYLES = ROOT / "src/stimctl/tui/styles/widgets.tcss"

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


def plotted(channels: int, now_min: float) -> PlotShown:
    """A session of 30 minutes, raised by hand in steps, lowered once, with a plan ahead."""
    curves = []
    for channel in range(1, channels + 1):
        peak = 22.0 - 2.3 * channel
        corners = [(0.0, 0.0), (3.0, peak * 0.6), (5.0, peak * 0.6), (6.5, peak), (11.0, peak),
                   (11.5, peak - 4), (14.0, peak - 4), (16.0, peak + 1)]  # fmt: skip
        past = [one for one in corners if one[0] < now_min]
        level = past[-1][1]
        confirmed = (*past, (now_min, level))
        commanded = (
            *past,
            (now_min - 0.8, level),
            (now_min - 0.7, level + 2),
            (now_min, level + 2),
        )
        planned = ((0.0, 0.0), (4.0, peak), (28.0, peak), (30.0, 0.0))
        curves.append(Curve(channel, confirmed, commanded, planned))
    return PlotShown(tuple(curves), now_min)


def plot(shown: PlotShown, rows: int) -> Widget:
    """A plot of so many rows."""
    widget = AmplitudePlot(shown)
    widget.styles.height = rows
    return widget


def cards(*shown: CardShown, columns: int, compact: bool = False, rows: str = "") -> Widget:
    """A grid of cards."""
    grid = Grid(*(ChannelCard(one, compact=compact) for one in shown))
    grid.styles.grid_size_columns = columns
    grid.styles.grid_rows = rows or ("8" if compact and columns < 4 else "9" if compact else "12")
    return grid


W = TypeVar("W", bound=Widget)


def shown(widget: W, value: object) -> W:
    """A widget that shows this from the start."""
    widget.show(value)  # type: ignore[attr-defined]
    return widget


ELECTRODE = AlarmShown(
    Priority.MEDIUM, "ELECTRODE OFF", "channel 1, low back",
    "Output is off.  1 press the electrode on  2 check the lead  3 x acknowledges", "17:26",
)  # fmt: skip
UNCONFIRMED = AlarmShown(
    Priority.HIGH, "OUTPUT NOT CONFIRMED", "all channels",
    "1 pull the electrode cable  2 switch the stimulator off  3 r reconnects", "17:27",
)  # fmt: skip
SLOW = AlarmShown(
    Priority.LOW, "Slow connection", "", "Increases are locked. Check the USB cable.", "17:20"
)
BRIEFS = (ChannelBrief(1, "low back", "12.0 mA"), ChannelBrief(2, "left buttock", "6.0 mA"))
TREATING = BannerShown(
    "● TREATING", Tone.ON, "23:41", "of 30:00", "Conventional TENS", "K-17", "SIM",
    channels=BRIEFS,
)  # fmt: skip
MANY = tuple(ChannelBrief(one, site, f"{10.5 + one:.1f} mA") for one, site in enumerate(SITES, 1))
BANNERS = (
    TREATING,
    replace(TREATING, channels=MANY, badge="REAL"),
    replace(TREATING, state="■ STOPPED", tone=Tone.STOPPED, link="slow connection", mode="WATCH"),
    replace(TREATING, state="✓ COMPLETE", tone=Tone.COMPLETE, time_left="0:00"),
    replace(TREATING, state="? OUTPUT UNKNOWN", tone=Tone.UNKNOWN, badge="REAL",
            channels=(ChannelBrief(1, "low back", "?"),)),
    replace(TREATING, state="◆ READY", tone=Tone.READY, mode="REPLAY"),
    BannerShown(),
)  # fmt: skip
DONE, MISSING, CURRENT = StepState.DONE, StepState.MISSING, StepState.CURRENT
WAY = (DONE, DONE, DONE, CURRENT, MISSING, MISSING, MISSING, MISSING)
TENS = PulseShown(100, 0, 100, 1.0, 80, "12.0 mA", channel=1)
NMES = PulseShown(300, 100, 300, 1.0, 35, "42.5 mA", channel=2)
SLANTED = PulseShown(200, 20, 800, 0.25, 2, "8.0 mA", "bursts of 7 at 2 Hz", channel=3)
SINGLE = PulseShown(1_000, rate_hz=1)
PLACED = (
    BodyChannel(1, ("low-back",), is_selected=True), BodyChannel(2, ("left-quadriceps",)),
    BodyChannel(3, ("right-calf", "right-hamstrings")),
)  # fmt: skip


def pulses(*told: PulseShown) -> Widget:
    """Two beside each other."""
    grid = Grid(*(shown(PulseView(), one) for one in told))
    grid.styles.grid_size_columns = 2
    grid.styles.grid_gutter_vertical = 4
    grid.styles.grid_rows = "11"
    return grid


def alarms(*told: AlarmShown, is_dark: bool = False) -> Widget:
    """A banner that does not flash by itself."""
    banner = AlarmBanner(flashes=False)
    banner.show(told)
    banner.lit = not is_dark
    return banner


def treating(*cards_shown: CardShown, alarm: AlarmShown | None = None) -> list[Widget]:
    """As much of a Run screen as is made of these widgets."""
    many = len(cards_shown) > 2
    briefs = tuple(
        ChannelBrief(one.channel, one.site, f"{one.value} {one.unit}") for one in cards_shown
    )
    columns = 4 if len(cards_shown) > 4 else min(2, len(cards_shown))
    grid = cards(*cards_shown, columns=columns, compact=many, rows="8" if many else "11")
    grid.styles.height = "auto"
    told = alarms(*([alarm] if alarm else []))
    pulse = shown(PulseView(), TENS)
    pulse.styles.width, pulse.styles.margin = 28, (0, 0, 0, 2)
    below = Horizontal(AmplitudePlot(plotted(len(cards_shown), 17.3)), pulse)
    below.styles.height = "1fr"
    return [shown(StateBanner(), replace(TREATING, channels=briefs)), told, grid, below]


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
    "plot-2": lambda: [plot(plotted(2, 17.3), 9)],
    "plot-8": lambda: [plot(plotted(8, 17.3), 20)],
    "plot-empty": lambda: [plot(PlotShown(), 9)],
    "alarms": lambda: [
        alarms(SLOW),
        alarms(ELECTRODE, SLOW),
        alarms(SLOW, ELECTRODE, UNCONFIRMED),
        alarms(UNCONFIRMED, is_dark=True),
        alarms(replace(ELECTRODE, acknowledged="17:28")),
    ],
    "banners": lambda: [shown(StateBanner(), one) for one in BANNERS],
    "steps": lambda: [shown(StepsBar(), WAY), StepsBar()],
    "pulses": lambda: [pulses(TENS, NMES, SLANTED, SINGLE)],
    "body": lambda: [shown(BodyFigure(), PLACED)],
    "run-1": lambda: treating(LOW_BACK),
    "run-2": lambda: treating(LOW_BACK, BUTTOCK),
    "run-nmes": lambda: treating(QUADRICEPS, OTHER_SIDE),
    "run-alarm": lambda: treating(LOW_BACK, BUTTOCK, alarm=ELECTRODE),
    "run-8": lambda: treating(*eight()),
    "cards-4": lambda: [cards(*eight()[:4], columns=2, compact=True)],
    "cards-8-lost": lambda: [
        cards(
            *(
                replace(
                    one,
                    state=lost,
                    state_more="4 s" if lost is CardState.NO_REPLY else "",
                    age="4 s ago",
                    is_selected=False,
                )
                for one in eight()
                for lost in [CardState.NO_REPLY if one.channel % 2 else CardState.UNKNOWN]
            ),
            columns=4,
            compact=True,
        )
    ],
    "cards-8": lambda: [cards(*eight(), columns=4, compact=True)],
}


class Gallery(App[None]):
    """One scene."""

    CSS_PATH = STYLES

    def __init__(self, scene: str, theme: str = "night") -> None:
        super().__init__()
        self.scene = scene
        self.told: list[Message] = []
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The widgets' own colours."""
        return widget_variables(dark=self.current_theme.dark)

    def on_channel_card_picked(self, message: Message) -> None:
        """Keep what a click tells."""
        self.told.append(message)

    on_steps_bar_picked = on_channel_card_picked

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
        make_cheap()
        app = Gallery(scene, theme)
        async with app.run_test(size=size) as pilot:
            await _settled(pilot)
            await check(app, pilot)

    asyncio.run(shown())


async def _settled(pilot: Pilot[None]) -> None:
    """After what the first paint starts: the plot is loaded then."""
    for _ in range(3):
        await pilot.pause()


async def photograph(scene: str, theme: str, size: tuple[int, int], path: Path) -> None:
    """Write the scene as SVG."""
    app = Gallery(scene, theme)
    async with app.run_test(size=size) as pilot:
        await _settled(pilot)
        path.write_text(app.export_screenshot(title=f"{scene} {theme}"), encoding="utf-8")


@contextmanager
def drawings() -> Iterator[list[str]]:
    """The kinds of widgets that are drawn meanwhile."""
    drawn: list[str] = []
    real = Widget.refresh

    def counted(self: Widget, *args: object, **named: object) -> Widget:
        drawn.append(type(self).__name__)
        return real(self, *args, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Widget, "refresh", counted)
        yield drawn


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
