"""Placeholder until the real one lands."""

from __future__ import annotations

from dataclasses import dataclass

from textual.widgets import Static


@dataclass(frozen=True, slots=True)
class StateShown:
    """What the head of every screen says."""

    state: str = ""


class StateBanner(Static):
    """Head of every screen."""

    def show(self, shown: StateShown) -> None:
        """Show it."""
        self.update(shown.state)
