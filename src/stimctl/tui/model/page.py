"""What every screen has behind it: the actions that it offers now, and what they do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from stimctl.tui.model.bedside import Bedside
    from stimctl.tui.model.desk import Desk

Offers = Mapping[str, str | None]


class Page:
    """The model of one screen; it knows nothing of Textual."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    #: Every action that it may ever offer, in the order of the footer.
    actions: ClassVar[tuple[str, ...]] = ()
    #: Those of them that the footer names.
    footer: ClassVar[tuple[str, ...]] = ()
    #: Words for actions that mean something else in this state than the table says.
    labels: Mapping[str, str] = MappingProxyType({})
    #: Digits open other screens here; where they mean something else this is False.
    has_menu: ClassVar[bool] = True

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def bed(self) -> Bedside:
        """The session."""
        return self.desk.bed

    def opened(self) -> None:
        """It has come to the front."""

    def began(self) -> None:
        """A session has been started."""

    def look(self) -> None:
        """Time has passed; five times a second, whatever screen is in front."""

    def offers(self) -> Offers:
        """Action ids, each with None, or with why it does nothing now and what would allow it."""
        return {}

    def act(self, action: str) -> None:
        """Do an offered action. Raises StimctlError."""
