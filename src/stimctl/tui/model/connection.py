"""The line to the supervisor of one device: begun, spoken over, and closed at a confirmed zero."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from stimctl.errors import ExitCode, LinkError, StimctlError
from stimctl.supervisor.device_names import parse_device
from stimctl.tui.model.client import Client, MakeClient
from stimctl.tui.model.jobs import Jobs
from stimctl.tui.model.live import BUSY_STATES, Live, Row, still_unknown
from stimctl.tui.model.measure import measure_of_device
from stimctl.tui.model.stopping import StopLine
from stimctl.tui.model.unconfirmed import TRY_EVERY_NS, Unconfirmed, unconfirmed_of

_LEFT = "the stimulator before was left without a confirmed zero"
Say = Callable[[str], None]


class Connection:
    """At most one supervisor at a time. `say` shows a sentence to the operator."""

    def __init__(self, stop_line: StopLine, jobs: Jobs, make_client: MakeClient, say: Say) -> None:
        self.stop_line = stop_line
        self.jobs = jobs
        self.say = say
        self._make_client = make_client
        self.on_row: Callable[[Row], None] = lambda _row: None
        self.live = Live()
        self.client: Client | None = None
        self.connecting = False
        #: Why the last connection was not made.
        self.failure: StimctlError | None = None
        self.device = self.person = ""
        #: The person the present supervisor was started for: its journal is theirs.
        self.connected_for = ""
        #: Each channel is found at threshold before the next one rises.
        self.find_channels = False
        self.exit_codes: list[int] = []
        self._session = 0
        #: The device whose zero was not confirmed when its session was closed.
        self.lost: Unconfirmed | None = None
        self._try_ns = 0

    def for_device(self, device: str) -> None:
        """A connection to this device begins."""

    def refused(self, error: StimctlError) -> None:
        """The supervisor has refused what it was asked for."""
        self.say(str(error))

    def connect(
        self, device: str, then: Callable[[], None] = lambda: None, *, again: bool = False
    ) -> None:
        """Start the supervisor and identify the device; the one before is closed first, and has to
        be at zero unless it is the same one `again`."""
        if self.connecting:
            self.say("refused: a connection is being made")
            return
        parse_device(device)  # UsageError before anything is closed for it
        old, self.client, self.connecting = self.client, None, True
        before = unconfirmed_of(self.live, self.device, _LEFT)
        self.device, self.live = device, Live(measure_of_device(device))
        self.for_device(device)
        self.stop_line.detach()
        self.stop_line.starting()
        self.connected_for = self.person
        options = ["--person", self.person] if self.person else []
        options += ["--find-channels"] if self.find_channels else []
        options += ["--keys"]  # counts where the supervisor sees a person's terminal here
        client = self._make_client(device, options, self._rows_of_session())

        def work() -> Client:
            if old is not None:
                self._close_before(old, None if again else before)
            client.start()
            return client

        def done(_client: Client) -> None:
            self.client, self.connecting = client, False
            self.stop_line.attach(client)
            client.beat()
            self.ask("connect", then=then)

        self.jobs.run(work, done, self._failed_to_connect)

    def _rows_of_session(self) -> Callable[[Row], None]:
        """Rows of the session that begins now; what an older one still says is not about it."""
        self._session = session = self._session + 1

        def hear(row: Row) -> None:
            if session == self._session:
                self.on_row(row)

        return hear

    def _close_before(self, old: Client, lost: Unconfirmed | None) -> None:
        """Zero on the device before; where nobody confirmed it, there is no next one."""
        code = old.close()
        self.exit_codes.append(code)
        if code == ExitCode.NOT_CONFIRMED_ZERO and lost is not None:
            self.lost = lost
            self.on_row({"kind": "unknown", "mono_ns": time.monotonic_ns(), "reason": _LEFT})
            raise LinkError(_LEFT, what_to_do="switch it off")

    def _failed_to_connect(self, error: StimctlError) -> None:
        self.connecting, self.failure = False, error
        self.live.failed = str(error)
        self.say(str(error))

    def reconnect(self) -> None:
        """To the device whose zero is not confirmed. What is shown stays so until it is."""
        if self.connecting:
            return
        lost = self.lost = self.live.expects or self.lost or unconfirmed_of(self.live, self.device)
        self.connect(lost.device, again=True)
        still_unknown(self.live, lost)

    def try_again(self, now_ns: int) -> None:
        """Where connecting again has failed, nobody repeats STOP: go on trying."""
        waits = self.live.state == "unknown" and self.client is None and not self.connecting
        if not waits or self.lost is None:
            self._try_ns = now_ns + TRY_EVERY_NS
        elif now_ns >= self._try_ns:
            self._try_ns = now_ns + TRY_EVERY_NS
            self.reconnect()

    def command(self, do: str, **fields: object) -> None:
        """Send without waiting; a refusal comes as a row."""
        if self.client is None:
            self.say(f"{do}: not connected")
            return
        try:
            self.client.send(do, **fields)
        except StimctlError as error:
            self.say(str(error))

    def ask(self, do: str, then: Callable[[], None] = lambda: None, **fields: Any) -> None:
        """Send, and go on in `then` once the supervisor has agreed; else say its reason."""
        client = self.client
        if client is None:
            self.say(f"{do}: not connected")
            return
        self.jobs.run(lambda: client.ask(do, **fields), lambda _told: then(), self.refused)

    @property
    def output_may_be_on(self) -> bool:
        """By the rows, or by what the client knows, whichever is worse."""
        client = self.client
        return self.live.busy or (client is not None and client.output_may_be_on)

    @property
    def zero_was_confirmed(self) -> bool:
        """Zero since the last output, also while a further STOP has it verified once more."""
        client = self.client
        may_be_on = client is not None and client.output_may_be_on
        return self.live.state not in BUSY_STATES and not may_be_on

    def beat(self) -> None:
        """From the event loop, every 100 ms: the face lives. Rows are heard as they come, so the
        client's own queue of them is emptied here, or it would grow all day."""
        if self.client is not None:
            self.client.beat()
            for _row in self.client.rows(0.0):
                pass

    def close(self) -> int:
        """Zero, verified; the worst exit code of all sessions (6: not confirmed). Waits."""
        self.stop_line.detach()
        client, self.client = self.client, None
        if client is not None:
            self.exit_codes.append(client.close())
        if self.lost is not None and self.live.state != "unknown":
            self.lost = None  # confirmed since: the worst is that it took a fault
            once = int(ExitCode.NOT_CONFIRMED_ZERO)
            self.exit_codes = [1 if code == once else code for code in self.exit_codes]
        return max(self.exit_codes, default=0, key=_badness)


def _badness(code: int) -> int:
    return {0: 0, 6: 3}.get(code, 1)
