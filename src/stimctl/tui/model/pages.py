"""Which screens there are, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stimctl.tui.model.adjust import AdjustPage
from stimctl.tui.model.beginning import session_began
from stimctl.tui.model.chooser import ChooserPage, SafetyPage
from stimctl.tui.model.connect import ConnectPage
from stimctl.tui.model.covers import SmallPage, UnknownPage
from stimctl.tui.model.electrodes import SetupPage
from stimctl.tui.model.handing_on import ExportPage
from stimctl.tui.model.help import HelpPage
from stimctl.tui.model.last_time import LastTimePage
from stimctl.tui.model.lessons import LessonsPage
from stimctl.tui.model.log import LogPage
from stimctl.tui.model.notes import NotesPage
from stimctl.tui.model.outcome import OutcomePage
from stimctl.tui.model.page import Page
from stimctl.tui.model.person import PersonPage
from stimctl.tui.model.precheck import PrecheckPage
from stimctl.tui.model.protocols import ProtocolsPage
from stimctl.tui.model.question import AskedPage, FaultPage, FoundPage
from stimctl.tui.model.ready import ReadyPage
from stimctl.tui.model.report import ReportPage
from stimctl.tui.model.run import RunPage
from stimctl.tui.model.service import ServicePage
from stimctl.tui.model.side import SidePage
from stimctl.tui.model.sources import SourcesPage
from stimctl.tui.model.statement import StatementPage
from stimctl.tui.model.thresholds import ThresholdsPage

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_PAGES: tuple[type[Page], ...] = (
    ChooserPage, SafetyPage, PersonPage, ConnectPage, PrecheckPage, ProtocolsPage, SetupPage,
    AdjustPage, RunPage, ThresholdsPage, ReportPage, ServicePage, OutcomePage, LogPage, LessonsPage,
)  # fmt: skip
_QUESTIONS: tuple[type[Page], ...] = (
    SidePage, LastTimePage, ReadyPage, HelpPage, NotesPage, AskedPage, FoundPage, FaultPage,
    StatementPage, ExportPage, SourcesPage,
)  # fmt: skip
_COVERS: tuple[type[Page], ...] = (UnknownPage, SmallPage)
#: The titles of the screens, of the questions over them, and of what covers both, by their names.
PAGES: Mapping[str, str] = {page.name: page.title for page in _PAGES}
QUESTIONS = {page.name: page.title for page in _QUESTIONS}


def pages_of(desk: Desk) -> Mapping[str, Page]:
    """One of each, over a desk; what is kept of a person is kept when output begins."""
    desk.began = session_began
    return {page.name: page(desk) for page in (*_PAGES, *_QUESTIONS, *_COVERS)}
