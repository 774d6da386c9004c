"""Placeholder until the real one lands."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message
from textual.widgets import Static


class StepsBar(Static):
    """Steps."""

    @dataclass
    class Chosen(Message):
        """A step was clicked."""

        name: str

    def show(self, shown: str) -> None:
        """Show it."""
        self.update(shown)
