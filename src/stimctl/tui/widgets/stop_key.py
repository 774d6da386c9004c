"""STOP, first in the last line of every screen, to be clicked too."""

from __future__ import annotations

from textual.events import MouseDown
from textual.message import Message
from textual.widgets import Static


class StopKey(Static):
    """Sends STOP when the button of the mouse goes down on it."""

    class Pressed(Message):
        """The mouse went down on STOP."""

    def __init__(self) -> None:
        super().__init__(" SPACE  STOP ", markup=False)

    def on_mouse_down(self, event: MouseDown) -> None:
        """At once: nobody waits for the button to come up."""
        event.stop()
        self.post_message(self.Pressed())
