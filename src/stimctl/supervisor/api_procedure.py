"""What a program does with a procedure: its events one by one, the answers, and what was found."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.supervisor.api_output import Output
from stimctl.supervisor.client import Row
from stimctl.supervisor.view import GivenPulse

_LOOK_S = 0.02


class Procedures(Output):
    """These methods of a `Device`."""

    def pulses_given(self) -> Iterator[GivenPulse]:
        """Each pulse of a procedure, as soon as the device has acknowledged it.

        The loop ends with the plan. Meanwhile the hold is renewed, by the duration it had last, as
        long as the program asks for the next pulse. Events without a pulse are not told here, so
        that nobody answers them by mistake.

        Yields:
            The pulse with its times. Answer it in the body of the loop.

        Raises:
            DeviceFaultError, OutputUnknownError, StateError: as soon as the session no longer runs.
        """
        while True:
            given = self._view.next_pulse(_LOOK_S)
            if given is not None:
                yield given
                continue
            if self._view.model.plan_ended and self.state == "stopped":
                return
            if not self._view.model.plan_ended:
                self._still("running", "paused")
                self._renew()

    def answer(self, answer: str) -> None:
        """Tell what the person says of the event that was given last.

        Args:
            answer: "felt", or "too-much": then nothing in this session is as high any more.

        Raises:
            StateError: no event waits for an answer now, or the session is not running.
            UsageError: it is no answer.
        """
        self._ask("answer", answer=answer)

    def mark_threshold(self, mark: str = "") -> None:
        """Mark the level given last as a threshold, in a tune stage of a procedure.

        Args:
            mark: one of the `marks` of the stage; the next one where it is not given.

        Raises:
            StateError: the present level was not given yet, or there is nothing to mark.
        """
        self._ask("mark_threshold", **({"mark": mark} if mark else {}))

    def results(self) -> tuple[Row, ...]:
        """What the procedure has found so far: the rows of the kind `result`, in their order."""
        self._client.check_owner()
        return tuple(self._view.results)
