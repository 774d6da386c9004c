"""The inputs of a `stimctl run`: their process, and the second key of a stage they switch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stimctl.cli.output import say
from stimctl.codes import Code

if TYPE_CHECKING:
    from stimctl.cli.live import Row
    from stimctl.inputs.bindings import Binding
    from stimctl.inputs.child import InputsProcess
    from stimctl.supervisor.client import SupervisorClient

_RESUME_AFTER_S = 1.0


class BoundInputs:
    """None where the plan has none."""

    def __init__(self, bindings: tuple[Binding, ...]) -> None:
        self._bindings = bindings
        self._process: InputsProcess | None = None
        self._resume_at_s: float | None = None
        self.lost = ""
        """Why the session cannot go on: nobody is here who could resume it."""

    def start(self, client: SupervisorClient) -> None:
        """Begin to read, where there is anything."""
        if not self._bindings:
            return
        from stimctl.inputs.child import InputsProcess

        self._process = InputsProcess(client.ask("inputs"), self._bindings)
        for one in self._bindings:
            if one.source == "udp":
                say(f"input {one.name}: UDP 127.0.0.1:{one.port}, token {one.token}")

    def take(self, row: Row) -> None:
        """A row of the session: was it paused, and for what?"""
        if not self._bindings or row["kind"] != "stopping" or row.get("purpose") != "pause":
            return
        if row.get("code") == Code.NEEDS_RESUME:
            self._resume_at_s = time.monotonic() + _RESUME_AFTER_S
            say("SIMULATION: nobody is startled, so the stage is entered without a person")
        else:
            self.lost = str(row.get("reason", ""))

    def go_on(self, client: SupervisorClient) -> None:
        """Resume where that is due; on a simulated device only, others are refused before."""
        due = self._resume_at_s is not None and time.monotonic() >= self._resume_at_s
        if due and client.state == "paused":
            self._resume_at_s = None
            client.ask("resume")

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            said = self._process.ended  # before it is asked to end
            self._process.close()
            if said:
                say(said)
