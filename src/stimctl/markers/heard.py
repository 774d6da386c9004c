"""What a program hears of its session, in the thread that reads it: its view, then markers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from stimctl.markers.reader import MarkerReaders
from stimctl.supervisor.view import SessionView


class Heard:
    """No part of the session itself, or a session that nobody holds any more would go on."""

    def __init__(self, view: SessionView) -> None:
        self._view = view
        self.markers = MarkerReaders(())

    def take(self, row: Mapping[str, Any]) -> None:
        """One row."""
        self._view.take(row)
        self.markers.take(row)

    def close_markers(self) -> None:
        """Let go of the outputs; a warning says what they have lost."""
        for trouble in self.markers.close():
            warnings.warn(trouble, RuntimeWarning, stacklevel=3)
