"""What every screen is: its model's actions as bindings, and its body in the same frame.

A key reaches a screen as one of Textual's bindings. Their keys and words come from the table of
actions, and whether one works now is the model's to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.events import ScreenResume
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Footer, Static

from stimctl.tui.model.actions import ACTION_BY_ID
from stimctl.tui.model.steps import STEPS
from stimctl.tui.screens.said import tell
from stimctl.tui.screens.shown import alarms_shown, head_shown, steps_shown
from stimctl.tui.widgets.alarm_banner import AlarmBanner
from stimctl.tui.widgets.state_banner import StateBanner
from stimctl.tui.widgets.steps_bar import StepsBar
from stimctl.tui.widgets.stop_key import StopKey

_FADES_S = 3.0

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.page import Page


class Face(Protocol):
    """What screens and the palette need of the app."""

    desk: Desk
    is_running: bool

    def do(self, action: str) -> None:
        """Do an action of the table; its refusal is said."""

    def follow(self) -> None:
        """Show what there is now."""

    def works(self, action: str) -> bool:
        """Whether an action is offered now, and not refused."""


def bindings_of(actions: Iterable[str], footer: Iterable[str] = ()) -> list[BindingType]:
    """Textual's bindings for actions of the table. What may raise output is a priority binding:
    those are obeyed for a key only, never for a click on the footer."""
    shown = set(footer)
    found: list[BindingType] = []
    for one in actions:
        told = ACTION_BY_ID[one]
        found.append(
            Binding(
                ",".join(told.keys), f"do('{one}')", told.label, show=one in shown, id=one,
                priority=told.raises, tooltip=told.help,
            )
        )  # fmt: skip
    return found


class Keys(Footer):
    """Textual's footer, which else is made anew for every move of the focus, gives each key its
    styles three times, and keeps every key that it has ever shown, to tell it of another width:
    200 widgets a session."""

    _told: object = None

    def compose(self) -> ComposeResult:
        """Its keys, as wide from the first as the footer says."""
        for one in super().compose():
            kind: Any = type(one)
            one.set_reactive(kind.compact, self.compact)
            yield one

    async def recompose(self) -> None:
        """Its keys anew where one of them differs, and the old ones are forgotten."""
        bound = self.screen.active_bindings.values()
        told = [(one.binding, one.enabled, one.tooltip) for one in bound if one.binding.show]
        if told != self._told:
            await super().recompose()
            self.mutate_reactive(Footer.compact)
            self._told = told


class _Framed(Screen[None]):
    """What full screens and questions share."""

    AUTO_FOCUS = ""
    page_type: ClassVar[type[Page]]
    _is_built = _is_whole = _is_fresh = False
    #: Until what it has drawn is forgotten, since it has left the front.
    _fades: Timer | None = None
    _styled_for = ""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def __init_subclass__(cls, page: type[Page] | None = None, **options: Any) -> None:
        if page is not None:
            cls.page_type = page
            cls.BINDINGS = bindings_of(page.actions, page.footer)
        super().__init_subclass__(**options)

    @property
    def stim(self) -> Face:
        """The app, by its own type."""
        return cast("Face", self.app)

    @property
    def desk(self) -> Desk:
        """The model behind all screens."""
        return self.page.desk

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what works now is bound and named. A key that does nothing now falls through to the
        app, which says why."""
        return action != "do" or self.stim.works(str(parameters[0]))

    def action_do(self, action: str) -> None:
        """Do an action of the table."""
        self.stim.do(action)

    def body(self) -> ComposeResult:
        """What the screen is about, or the question."""
        yield from ()

    def foot(self) -> ComposeResult:
        """Message, STOP and keys."""
        yield Static(id="message", markup=False)
        with Horizontal(id="foot"):
            yield StopKey()
            yield Keys(show_command_palette=False)

    def frame_shown(self) -> None:
        """Head, alarms and message as they are now."""
        desk = self.desk
        self.query_one(StateBanner).show(head_shown(desk))
        self.query_one(AlarmBanner).show(alarms_shown(desk))
        tell(self, "#message", desk.message)

    def on_mount(self) -> None:
        """Its widgets are there now."""
        self._is_built, self._styled_for = True, self.app.theme
        self.show()

    def on_screen_resume(self, event: ScreenResume) -> None:
        """It is in front (again). Its styles have stayed what they were but for another theme: to
        work them all out again would take the event loop 50 ms."""
        event.refresh_styles = self._styled_for != self.app.theme
        self._styled_for = self.app.theme
        self._is_fresh = True
        if self._fades is not None:
            self._fades.stop()
        self.show()

    def on_screen_suspend(self) -> None:
        """Another one is in front, or over it."""
        self._fades = self.set_timer(_FADES_S, self.forget_drawing)

    def forget_drawing(self) -> None:
        """Textual keeps every line that a widget has drawn, 0.5 MiB a screen. It is drawn anew when
        it comes to the front again, which takes 10 ms longer: so not for what is in use."""
        if self not in self.app.screen_stack:
            for one in self.walk_children(Widget, with_self=True):
                one.refresh()

    def resumed(self) -> None:
        """It has come to the front, and its widgets are there."""

    def show(self) -> None:
        """Bring everything up to what the model says now. A screen whose inner widgets are still
        being built, or which is being taken apart, shows nothing yet."""
        if not self._is_built:
            return
        try:
            self.frame_shown()
            self.fill()
            if self._is_fresh:
                self.resumed()
            self._is_whole, self._is_fresh = True, False
        except NoMatches:
            if self.app.return_code is not None:
                return  # the program is being left: nothing is put up any more, however often asked
            if self._is_whole and self.is_attached and self.stim.is_running:
                raise
            self.call_after_refresh(self.show)

    def fill(self) -> None:
        """Bring the body up to what the model says now."""


class StimScreen(_Framed):
    """A full screen."""

    def compose(self) -> ComposeResult:
        """Head, alarms, steps; the body; message and keys."""
        yield StateBanner()
        yield AlarmBanner()
        yield StepsBar()
        with Vertical(id="body") as box:
            box.border_title = f" {self.page.title} "
            yield from self.body()
        yield from self.foot()

    def frame_shown(self) -> None:
        """With the steps of the way to a session."""
        super().frame_shown()
        self.query_one(StepsBar).show(steps_shown(self.desk))

    def on_steps_bar_picked(self, event: StepsBar.Picked) -> None:
        """A step was clicked."""
        event.stop()
        self.stim.do(dict(STEPS)[event.step])


class StimModal(_Framed, ModalScreen[None]):
    """A question over a screen. It has a head of its own: what flows is read there too."""

    #: Textual asks no app for the bindings of a modal screen.
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(
        ("back", "help", "theme", "save", "quit"), ("back", "help")
    )

    def compose(self) -> ComposeResult:
        """Head and alarms; the question; message and keys."""
        yield StateBanner()
        yield AlarmBanner()
        with Vertical(id="question") as box:
            box.border_title = self.page.title
            yield from self.body()
        yield from self.foot()
