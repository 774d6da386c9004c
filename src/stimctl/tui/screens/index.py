"""Which screen shows which model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stimctl.tui.screens.adjust import AdjustScreen
from stimctl.tui.screens.base import StimModal, StimScreen
from stimctl.tui.screens.chooser import ChooserScreen, SafetyScreen
from stimctl.tui.screens.connect import ConnectScreen
from stimctl.tui.screens.covers import SmallScreen, UnknownScreen
from stimctl.tui.screens.electrodes import ElectrodesScreen, SideScreen
from stimctl.tui.screens.help import HelpScreen
from stimctl.tui.screens.last_time import LastTimeScreen
from stimctl.tui.screens.lessons import LessonsScreen
from stimctl.tui.screens.log import LogScreen
from stimctl.tui.screens.outcome import OutcomeScreen
from stimctl.tui.screens.person import PersonScreen
from stimctl.tui.screens.precheck import PrecheckScreen
from stimctl.tui.screens.protocols import ProtocolsScreen
from stimctl.tui.screens.question import FoundScreen, NotesScreen, QuestionScreen
from stimctl.tui.screens.ready import ReadyScreen
from stimctl.tui.screens.report import ReportScreen
from stimctl.tui.screens.run import RunScreen
from stimctl.tui.screens.service import ServiceScreen
from stimctl.tui.screens.statement import StatementScreen
from stimctl.tui.screens.thresholds import ThresholdsScreen

if TYPE_CHECKING:
    from stimctl.tui.model.page import Page

_SCREENS: Mapping[str, type[StimScreen | StimModal]] = {
    "adjust": AdjustScreen,
    "armed": ReadyScreen,
    "asked": QuestionScreen,
    "export": QuestionScreen,
    "fault": QuestionScreen,
    "found": FoundScreen,
    "last-time": LastTimeScreen,
    "notes": NotesScreen,
    "help": HelpScreen,
    "lessons": LessonsScreen,
    "log": LogScreen,
    "service": ServiceScreen,
    "thresholds": ThresholdsScreen,
    "outcome": OutcomeScreen,
    "report": ReportScreen,
    "unknown": UnknownScreen,
    "small": SmallScreen,
    "protocols": ProtocolsScreen,
    "run": RunScreen,
    "setup": ElectrodesScreen,
    "side": SideScreen,
    "chooser": ChooserScreen,
    "connect": ConnectScreen,
    "person": PersonScreen,
    "precheck": PrecheckScreen,
    "safety-sheet": SafetyScreen,
    "statement": StatementScreen,
}


def screen_of(page: Page) -> StimScreen | StimModal:
    """The screen of a model."""
    return _SCREENS[page.name](page)
