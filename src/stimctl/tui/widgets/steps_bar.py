"""The way through a session: which steps are done, which is missing, where one is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import var
from textual.style import Style
from textual.widgets import Static

STEPS = ("Patient", "Device", "Screening", "Protocol", "Electrodes", "Check", "Run", "Report")


class StepState(Enum):
    """A glyph for each."""

    DONE = "✓"
    MISSING = "○"
    NOT_NEEDED = "–"
    CURRENT = "▸"


_LOOKS = {
    StepState.DONE: "$text-success", StepState.CURRENT: "bold reverse",
    StepState.MISSING: "$foreground 80%", StepState.NOT_NEEDED: "$foreground 80%",
}  # fmt: skip


class StepsBar(Static):
    """One row."""

    @dataclass
    class Picked(Message):
        """A step was clicked."""

        step: str

    shown: var[tuple[StepState, ...]] = var((StepState.MISSING,) * len(STEPS))

    def show(self, states: tuple[StepState, ...]) -> None:
        """Show these from now on, one for each of `STEPS`."""
        self.shown = states

    def watch_shown(self) -> None:
        """Glyph and name of each step."""
        self.update(
            Content(" ").join(
                Content.styled(f"{state.value} {step}", _LOOKS[state]).stylize(
                    Style.from_meta({"step": step})
                )
                for step, state in zip(STEPS, self.shown, strict=True)
            )
        )

    def on_click(self, event: Click) -> None:
        """Tell which step was meant."""
        step = event.style.meta.get("step")
        if step:
            self.post_message(self.Picked(step))
