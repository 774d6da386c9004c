"""One session as its operator has it: who, which device, what plan, and the line to its supervisor.

Everything that waits runs as a job; STOP does not pass through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stimctl.errors import (
    ExitCode,
    ImplausibleError,
    LinkError,
    NotReadyError,
    StimctlError,
)
from stimctl.supervisor.device_names import parse_device
from stimctl.tui.model.client import Client, MakeClient
from stimctl.tui.model.jobs import Jobs
from stimctl.tui.model.live import BUSY_STATES, Live, Row
from stimctl.tui.model.loading import loading
from stimctl.tui.model.measure import measure_of_device
from stimctl.tui.model.noting import Noting
from stimctl.tui.model.papers import Papers, check_second
from stimctl.tui.model.persons import NOTHING, Mark, Remembered, now_s, remember, remembered
from stimctl.tui.model.planning import Choice, compiled
from stimctl.tui.model.stopping import StopLine
from stimctl.tui.model.unconfirmed import TRY_EVERY_NS, Unconfirmed, still_unknown, unconfirmed_of

_LEFT = "the stimulator before was left without a confirmed zero"
Say = Callable[[str], None]
#: What the supervisor asks about and `w` answers: another device, a second one on the person.
_MEANT: Mapping[tuple[str, ...], str] = {("device",): "H63", ("one-device",): "H65"}


class Bedside(Noting):
    """State of the set-up, and the commands. `say` shows a sentence to the operator."""

    def __init__(
        self, stop_line: StopLine, jobs: Jobs, make_client: MakeClient, state: Path, say: Say
    ) -> None:
        super().__init__()
        self.stop_line = stop_line
        self.jobs = jobs
        self.state_folder = state
        self.say = say
        self._make_client = make_client
        self.on_row: Callable[[Row], None] = lambda _row: None
        self.live = Live()
        self.client: Client | None = None
        self.connecting = False
        #: Why the last connection was not made.
        self.failure: StimctlError | None = None
        #: A level in words, where more is known of it than its number (a calibration).
        self.level_text: Callable[[int, int], str] | None = None
        self.person = ""
        self.memory: Remembered = NOTHING
        self.answers: dict[str, bool] = {}
        #: The answers as they were handed in with their own date; {} where they were given here.
        self.answers_said: dict[str, str] = {}
        self.papers = Papers()
        #: The person the present supervisor was started for: its journal is theirs.
        self.connected_for = ""
        self._session = 0
        #: The device whose zero was not confirmed when its session was closed.
        self.lost: Unconfirmed | None = None
        self._try_ns = 0
        self.device = ""
        self.choice: Choice | None = None
        self.plan: Any = None
        self.why_not = ""
        self.warning = ""
        self.loaded_digest = ""
        self._digested: tuple[Any, str, str] = (None, "", "")
        #: One step of each channel, on the measure of the plan.
        self.steps: dict[int, int] = {}
        self.exit_codes: list[int] = []
        #: Each channel is found at threshold before the next one rises.
        self.find_channels = False

    # -- who and what --------------------------------------------------------------------------

    def take_person(self, code: str) -> None:
        """A person by a code (UsageError where it may be a name). Nothing of the last one stays:
        no answers, no marks, no approvals, and no ceilings either."""
        memory = remembered(self.state_folder, code)  # checks the code
        if self.person and self.person != code:
            self.choice, self.plan, self.why_not, self.warning = None, None, "", ""
        self.answers_said, self.said, self.levels = {}, [], ()
        self.person, self.memory, self.answers, self.marks = code, memory, {}, []
        self.papers = Papers()

    def confirm_person(self, typed: str) -> None:
        """By the second identifier; kept where there was none. Raises UsageError."""
        second = check_second(typed, self.memory.second)
        self.papers.second = True
        self.keep(second=second)

    def keep(self, **changes: Any) -> None:
        """Remember something about the person; of nobody nothing is kept."""
        self.memory = replace(self.memory, **changes)
        if self.person:
            marks = tuple(self.marks) or self.memory.marks  # of today, else of the last time
            kept = replace(self.memory, marks=marks, levels=self.levels or self.memory.levels)
            remember(self.state_folder, self.person, kept)

    def answered(self, answers: Mapping[str, bool]) -> None:
        """The screening is answered; kept, so that next time only changes are asked."""
        self.answers, self.answers_said = dict(answers), {}
        self.keep(answers=self.answers, answered_s=now_s())

    def take(self, choice: Choice) -> bool:
        """Take a choice if it compiles, else say why not and keep what there was."""
        plan, why_not, warning = compiled(choice, self.device)
        same = self.choice is not None and self.choice.name == choice.name
        if plan is None and self.plan is not None and same and not warning:
            self.say(f"refused: {why_not}")
            return False
        self.choice, self.plan, self.why_not, self.warning = choice, plan, why_not, warning
        return plan is not None

    @property
    def known_marks(self) -> tuple[Mark, ...]:
        """Of the last sessions and of today, the newest last."""
        return (*self.memory.marks, *self.marks)

    # -- the supervisor ------------------------------------------------------------------------

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
        self.device, self.live, self.loaded_digest = device, Live(measure_of_device(device)), ""
        if self.choice is not None:  # another device makes another plan of it, or none
            self.plan, self.why_not, self.warning = compiled(self.choice, device)
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
        self.jobs.run(lambda: client.ask(do, **fields), lambda _told: then(), self._refused)

    def raise_to(self, channel: int, level: int) -> None:
        """One step up, in the words of this session's measure."""
        since = self.live.newest_event
        self.command("raise", channel=channel, level=self.measure.short(level), since=since)

    def lower_to(self, channel: int, level: int) -> None:
        """Down, as far as wanted."""
        self.command("lower", channel=channel, level=self.measure.short(level))

    def load(self, then: Callable[[], None] = lambda: None) -> None:
        """Give the supervisor what was chosen, and compare what it makes of it with ours."""
        client, choice, plan = self.client, self.choice, self.plan
        if client is None or choice is None or plan is None:
            self.say(self.why_not or "choose a device and a protocol first")
            return

        def done(told: Row) -> None:
            self.loaded_digest = told["digest"]
            self.steps = {int(number): int(step) for number, step in told["steps"].items()}
            then()

        work = loading(client, choice, self.plan_digest, self.state_folder)
        self.jobs.run(work, done, self._refused)

    def _refused(self, error: StimctlError) -> None:
        """A warning only the supervisor can give, who knows earlier sessions; w accepts it."""
        refusal = getattr(error, "refusal", None)
        if refusal is not None and refusal.kind == "needs-acknowledgement":
            self.warning = refusal.limit_id
            self.say(f"{refusal.message} (w accepts this warning)")
        elif isinstance(error, ImplausibleError):
            from stimctl.session.plausible import ACKNOWLEDGE

            self.warning = ACKNOWLEDGE
            self.say(f"{error} (w: it is meant)")
        elif isinstance(error, NotReadyError) and error.needs[:1] in _MEANT:
            self.warning = _MEANT[error.needs[:1]]
            self.say(f"{error} (w: it is meant)")
        else:
            self.say(str(error))

    def accept_warning(self) -> None:
        """The operator has read the warning, and takes the plan with it."""
        if self.choice is not None and self.warning:
            acknowledged = self.choice.acknowledged | {self.warning}
            self.loaded_digest = ""
            self.take(replace(self.choice, acknowledged=acknowledged))

    @property
    def is_loaded(self) -> bool:
        """The supervisor holds exactly the plan that is shown."""
        return self.plan is not None and self.loaded_digest == self.plan_digest

    @property
    def plan_digest(self) -> str:
        """Of the plan that is shown."""
        return self._digests()[0]

    @property
    def confirmation(self) -> str:
        """The four characters of the plan that is shown."""
        return self._digests()[1]

    def _digests(self) -> tuple[str, str]:
        """Made once for each plan: they take as long as drawing a screen."""
        plan, digest, confirmation = self._digested
        if plan is not self.plan:
            from stimctl.session.confirmation import confirmation_of

            digest = "" if self.plan is None else self.plan.digest()
            confirmation = "" if self.plan is None else confirmation_of(self.plan)
            self._digested = (self.plan, digest, confirmation)
        return digest, confirmation

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
