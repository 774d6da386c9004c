"""Placeholder until the real one lands."""

from __future__ import annotations

from textual.widgets import Static


class AlarmBanner(Static):
    """Alarms."""

    def show(self, shown: str) -> None:
        """Show it."""
        self.update(shown)
        self.display = bool(shown)
