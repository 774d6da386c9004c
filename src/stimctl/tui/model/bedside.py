"""One session as its operator has it: who, which device, what plan, and the line to its supervisor.

Everything that waits runs as a job; STOP does not pass through here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from stimctl.errors import (
    ImplausibleError,
    NotReadyError,
    StimctlError,
)
from stimctl.tui.model.client import MakeClient
from stimctl.tui.model.connection import Say
from stimctl.tui.model.jobs import Jobs
from stimctl.tui.model.live import Row
from stimctl.tui.model.loading import loading
from stimctl.tui.model.noting import Noting
from stimctl.tui.model.papers import Papers, check_second
from stimctl.tui.model.persons import NOTHING, Mark, Remembered, now_s, remember, remembered
from stimctl.tui.model.planning import Choice, compiled
from stimctl.tui.model.sources import Sources
from stimctl.tui.model.stopping import StopLine

#: What the supervisor asks about and `w` answers: another device, a second one on the person.
_MEANT: Mapping[tuple[str, ...], str] = {("device",): "H63", ("one-device",): "H65"}


class Bedside(Noting):
    """State of the set-up, and the commands. `say` shows a sentence to the operator."""

    def __init__(
        self, stop_line: StopLine, jobs: Jobs, make_client: MakeClient, state: Path, say: Say
    ) -> None:
        super().__init__(stop_line, jobs, make_client, say)
        self.state_folder = state
        #: A level in words, where more is known of it than its number (a calibration).
        self.level_text: Callable[[int, int], str] | None = None
        self.memory: Remembered = NOTHING
        #: The marks of today that are in the person's file, and the keys of who had none at first.
        self._kept_marks: tuple[Mark, ...] = ()
        self._keys: dict[str, str] = {}
        self.answers: dict[str, bool] = {}
        #: The answers as they were handed in with their own date; {} where they were given here.
        self.answers_said: dict[str, str] = {}
        self.papers = Papers()
        self.sources = Sources()
        self.choice: Choice | None = None
        self.plan: Any = None
        self.why_not = ""
        self.warning = ""
        self.loaded_digest = ""
        self._digested: tuple[Any, str, str] = (None, "", "")
        #: One step of each channel, on the measure of the plan.
        self.steps: dict[int, int] = {}

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
        self._kept_marks = ()
        self._keys.pop(code, None)

    def confirm_person(self, typed: str) -> None:
        """By the second identifier; kept where there was none. Raises UsageError."""
        second = check_second(typed, self.memory.second)
        self.papers.second, self.papers.pin = True, second
        self.keep(second=second)

    def keep(self, **changes: Any) -> None:
        """Remember something about the person; of nobody nothing is kept. The disk may wait, and
        output may be on: never here."""
        self.memory = self.memory.with_changes(changes)
        if not self.person:
            return
        if self.marks or self._kept_marks:  # of today, else those of the last time stay
            changes["marks"] = tuple(self.marks) or self.memory.marks
        if self.levels:
            changes["levels"] = self.levels
        about = (self.person, self.memory, changes, self._kept_marks)
        self._kept_marks = tuple(self.marks)
        self.jobs.run(partial(self._write, *about), lambda _done: None, self._not_kept)

    def _write(
        self, code: str, memory: Remembered, changes: dict[str, Any], before: tuple[Mark, ...]
    ) -> None:
        key = memory.key or self._keys.get(code, "")
        self._keys[code] = remember(self.state_folder, code, changes, key=key, before=before)

    def _not_kept(self, error: StimctlError) -> None:
        self.say(f"not kept: {error}")

    def answered(self, answers: Mapping[str, bool]) -> None:
        """The screening is answered; kept, so that next time only changes are asked."""
        self.answers, self.answers_said = dict(answers), {}
        self.keep(answers=self.answers, answered_s=now_s(), expires="")

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

    def close(self) -> int:
        code = super().close()
        self.sources.close()  # after zero: it may take its time
        return code

    # -- the supervisor ------------------------------------------------------------------------

    def for_device(self, device: str) -> None:
        """Another device makes another plan of the choice, or none."""
        self.loaded_digest = ""
        if self.choice is not None:
            self.plan, self.why_not, self.warning = compiled(self.choice, device)

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
        self.jobs.run(work, done, self.refused)

    def refused(self, error: StimctlError) -> None:
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
