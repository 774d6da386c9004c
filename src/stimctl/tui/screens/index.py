"""Which screens there are, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stimctl.tui.model.page import Page
from stimctl.tui.screens.adjust import AdjustPage
from stimctl.tui.screens.armed import ArmedPage
from stimctl.tui.screens.asked import AskedPage
from stimctl.tui.screens.chooser import ChooserPage, SafetyPage
from stimctl.tui.screens.connect import ConnectPage
from stimctl.tui.screens.found import FoundPage
from stimctl.tui.screens.help import HelpPage, PalettePage
from stimctl.tui.screens.notes import FaultPage, NotesPage
from stimctl.tui.screens.outcome import OutcomePage
from stimctl.tui.screens.person import PersonPage
from stimctl.tui.screens.precheck import PrecheckPage
from stimctl.tui.screens.protocols import ProtocolsPage
from stimctl.tui.screens.report import ReportPage
from stimctl.tui.screens.run import RunPage
from stimctl.tui.screens.service import ServicePage
from stimctl.tui.screens.setup import SetupPage
from stimctl.tui.screens.statement import StatementPage
from stimctl.tui.screens.thresholds import ThresholdsPage

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_PAGES: tuple[type[Page], ...] = (
    ChooserPage, SafetyPage, PersonPage, ConnectPage, PrecheckPage, ProtocolsPage, SetupPage,
    AdjustPage, RunPage, ThresholdsPage, ReportPage, ServicePage, ArmedPage, HelpPage,
    PalettePage, NotesPage, AskedPage, FoundPage,
    FaultPage, StatementPage, OutcomePage,
)  # fmt: skip


def pages_of(desk: Desk) -> Mapping[str, Page]:
    """One of each."""
    return {page.name: page(desk) for page in _PAGES}
