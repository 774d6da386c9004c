"""The screens that cover every other one: an output that is not confirmed, and a tiny terminal."""

from __future__ import annotations

from typing import ClassVar

from stimctl.tui.model.page import Offers, Page


class UnknownPage(Page):
    """Zero is not confirmed. STOP is repeated; nothing else is done before somebody acts."""

    name = "unknown"
    title = "OUTPUT UNKNOWN"
    actions: ClassVar[tuple[str, ...]] = ("reconnect", "unplugged")
    footer = actions
    has_menu = False

    def offers(self) -> Offers:
        """Connecting again, and saying that the electrodes are off."""
        gone = None if self.bed.device else "no device was connected"
        return {"reconnect": gone, "unplugged": None}

    def act(self, action: str) -> None:
        """Connect again (zero is verified by that), or put on record what somebody has done."""
        if action == "reconnect":
            self.bed.connect(self.bed.device)
        else:
            self.bed.note("unconfirmed output", "somebody says: the electrodes are unplugged")
            self.desk.say("On record: electrodes unplugged. Zero is still not confirmed.")


class SmallPage(Page):
    """Too little room for anything but the state, the amplitudes and STOP."""

    name = "small"
    title = "TOO SMALL"
    has_menu = False
