"""The way through a session: which steps are done, which is missing, where one is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

STEPS = ("Patient", "Device", "Screening", "Protocol", "Electrodes", "Check", "Run", "Report")


class StepState(Enum):
    """A glyph for each."""

    DONE = "✓"
    MISSING = "○"
    NOT_NEEDED = "–"
    CURRENT = "▸"


class StepsBar(Horizontal):
    """One row."""

    @dataclass
    class Picked(Message):
        """A step was clicked."""

        step: str

    shown: var[tuple[StepState, ...]] = var((StepState.MISSING,) * len(STEPS))

    def show(self, states: tuple[StepState, ...]) -> None:
        """Show these from now on, one for each of `STEPS`."""
        self.shown = states

    def compose(self) -> ComposeResult:
        """A text for each step."""
        for step in STEPS:
            yield _Step(name=step)

    def on_mount(self) -> None:
        """Show the first states."""
        self.watch_shown()

    def watch_shown(self) -> None:
        """Glyph, name and look of each step that has changed."""
        for static, state in zip(self.query(Static), self.shown, strict=False):
            text = f"{state.value} {static.name}"
            if static.content != text:
                static.update(text)
                static.set_class(state is StepState.DONE, "-done")
                static.set_class(state is StepState.CURRENT, "-current")


class _Step(Static):
    """One step, to be clicked."""

    def on_click(self) -> None:
        """Tell which step was meant."""
        self.post_message(StepsBar.Picked(self.name or ""))
