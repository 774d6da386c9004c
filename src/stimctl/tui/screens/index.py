"""Which screen shows which model. A screen is imported when it is asked for first."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from stimctl.tui.screens.base import StimModal, StimScreen

if TYPE_CHECKING:
    from stimctl.tui.model.page import Page

_SCREENS: Mapping[str, str] = {
    "adjust": "adjust:AdjustScreen",
    "armed": "ready:ReadyScreen",
    "asked": "question:QuestionScreen",
    "export": "question:QuestionScreen",
    "fault": "question:QuestionScreen",
    "found": "question:FoundScreen",
    "last-time": "last_time:LastTimeScreen",
    "notes": "question:NotesScreen",
    "help": "help:HelpScreen",
    "lessons": "lessons:LessonsScreen",
    "log": "log:LogScreen",
    "service": "service:ServiceScreen",
    "thresholds": "thresholds:ThresholdsScreen",
    "outcome": "outcome:OutcomeScreen",
    "report": "report:ReportScreen",
    "unknown": "covers:UnknownScreen",
    "small": "covers:SmallScreen",
    "protocols": "protocols:ProtocolsScreen",
    "run": "run:RunScreen",
    "sources": "question:QuestionScreen",
    "setup": "electrodes:ElectrodesScreen",
    "side": "electrodes:SideScreen",
    "chooser": "chooser:ChooserScreen",
    "connect": "connect:ConnectScreen",
    "person": "person:PersonScreen",
    "precheck": "precheck:PrecheckScreen",
    "safety-sheet": "chooser:SafetyScreen",
    "statement": "statement:StatementScreen",
}


def screen_type(name: str) -> type[StimScreen | StimModal]:
    """The screen of the model of that name."""
    module, _, screen = _SCREENS[name].partition(":")
    found: type[StimScreen | StimModal] = getattr(
        import_module(f"stimctl.tui.screens.{module}"), screen
    )
    return found


def screen_of(page: Page) -> StimScreen | StimModal:
    """The screen of a model."""
    return screen_type(page.name)(page)


def load_all() -> None:
    """Import every screen and what the questions of screening need, in a thread that nobody waits
    for: nothing of it is to hold up a beat later."""
    for name in _SCREENS:
        screen_type(name)
    import_module("stimctl.safety")
