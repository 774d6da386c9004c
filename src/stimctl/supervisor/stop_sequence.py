"""What a stop dialogue is, and what its silence means. Loaded with the first byte of a stop."""

from __future__ import annotations

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class StopSequence(Protocol):
        """Sans-IO: bursts out, answers in. Each family has its own, in `devices/*/stop.py`.

        Some have more, which is asked for by name: `reset_due(elapsed_s)`, whether to restart the
        device by its line (DTR) now, so long after the first burst; `starting(elapsed_s)`, whether
        silence is still to be expected after that; `ask_name()`, the question for the serial
        number, whose answer `receive` puts into `name`; `detail`, what else there is to say; and
        `load_the_rest()`, which loads now what is otherwise loaded with the first answer.
        """

        def next_bytes(self) -> bytes:
            """The next bytes to write; perhaps none."""

        def receive(self, data: bytes) -> bool:
            """Take what arrived; True once zero is verified."""


class Patience:
    """Tells once that zero is not verified, when nothing explains it any more.

    `report` is called with "starting" where a device that was restarted is silent until then.
    """

    def __init__(
        self, sequence: StopSequence, report: Callable[[str], None], after_s: float
    ) -> None:
        self._sequence = sequence
        self._report = report
        self._after_s = after_s
        self._told = ""

    def look(self, elapsed_s: float) -> None:
        """So much time has passed."""
        if elapsed_s < self._after_s or self._told == "unknown":
            return
        starting = hasattr(self._sequence, "starting") and self._sequence.starting(elapsed_s)
        state = "starting" if starting else "unknown"
        if state != self._told:
            self._told = state
            self._report(state)
