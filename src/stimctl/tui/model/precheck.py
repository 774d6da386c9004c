"""Screening: contraindications in groups, one question a line, and what else is asked before.

Every question is asked whatever protocol follows: the supervisor wants all of them answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from stimctl.errors import UsageError
from stimctl.tui.model.guards import AnswerLock
from stimctl.tui.model.handing import screening_of
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.persons import now_s
from stimctl.tui.model.steps import go_on

if TYPE_CHECKING:
    from stimctl.safety import Screening
    from stimctl.tui.model.desk import Desk

_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Implants": ("C01", "C02", "C03", "C18"),
        "Skin under the electrodes": ("C11", "C10", "C12", "C23", "C29"),
        "This site": ("C08", "C09", "C15", "C16", "C17", "C19", "C22", "C27"),
    }
)
_LAST_GROUP: Final = "Other"
#: What a present condition means, in words.
MEANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "block": "Do not treat", "site": "Not at this site", "specialist": "Specialist approval",
        "caution": "Caution",
    }
)  # fmt: skip
_PAIN_MOST = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A line: its condition, the answer (None: open), and what the answer means, if anything.

    `accepted`: the approval is on file, or the caution is read.
    """

    id: str
    text: str
    answer: bool | None
    level: str = ""
    basis: str = ""
    accepted: bool = False

    @property
    def waits(self) -> bool:
        """Whether it waits for an approval or for a caution to be read."""
        return self.level in ("specialist", "caution") and not self.accepted


class PrecheckPage(Page):
    """y or n to each; u copies the last visit; w accepts an approval or a caution on its line."""

    name = "precheck"
    title = "Screening"
    actions: ClassVar[tuple[str, ...]] = (
        "yes", "no", "unchanged", "accept-warning", "instructed", "pain", "choose",
    )  # fmt: skip
    footer = ("yes", "no", "unchanged", "accept-warning")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        #: The answers are those of the last visit, and nothing was changed since.
        self.copied = False
        self._held = AnswerLock()  # a held n would deny every contraindication in a second

    @cached_property
    def picked(self) -> str:
        """The id of the question that keys answer. The questions are loaded when one is asked."""
        return next(one for _, ids in groups() for one in ids)

    def opened(self) -> None:
        """At the first question that is open."""
        self.picked = self.first_open() or self.picked

    @property
    def busy(self) -> str | None:
        """Why nothing can be answered now."""
        return "A session is under way: STOP first." if self.bed.output_may_be_on else None

    def offers(self) -> Offers:
        """Answers; none while output may be on."""
        busy = self.busy
        old = None
        if not self.bed.memory.screening_is_recent(now_s()):
            old = "There is no screening of the last 90 days: answer every question."
        return {
            "yes": busy, "no": busy, "unchanged": busy or old, "accept-warning": busy,
            "instructed": busy, "pain": busy, "choose": None,
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Answer, or go on."""
        if action in ("yes", "no"):
            if self._held.press(self.desk.key_ns):
                self.answer(self.picked, present=action == "yes")
            else:
                self.desk.say("One answer in 700 ms: read the question, then press again.")
        elif action == "unchanged":
            self.bed.answered(self.bed.memory.answers)
            self.copied = True
            self.picked = self.first_open() or self.picked
            self.desk.say("Copied from last visit. Change what is different (y / n).")
        elif action == "accept-warning":
            self.accept(self.picked)
        elif action == "instructed":
            self.instruct()
        elif action == "choose":
            self.picked = self.first_open() or self.picked
            go_on(self.desk)

    # -- answers -------------------------------------------------------------------------------

    def answer(self, id_: str, *, present: bool) -> None:
        """One answer. On to the next question without one, unless this line waits for something
        else. No key that follows by habit answers or approves a line that has its answer."""
        self.copied = False
        self.bed.answered({**self.bed.answers, id_: present})
        one = self.question(id_)
        if one.level in ("block", "site"):
            self.desk.say(f"{MEANS[one.level]}: {one.text}. This cannot be overridden.")
        elif one.waits:
            key = self.desk.keymap.name_of("accept-warning")
            self.desk.say(f"{MEANS[one.level]}: {one.basis}. {key} {_accepts(one)}.")
        else:
            self.picked = self._next_unanswered(id_)

    def accept(self, id_: str) -> None:
        """A specialist's approval, or a caution that was read; again takes it back."""
        one, papers = self.question(id_), self.bed.papers
        if one.level not in ("specialist", "caution"):
            self.desk.say(f"refused: {one.text}: no approval is needed for this answer.")
            return
        papers.approvals ^= {id_}
        if one.accepted:
            self.desk.say(f"{id_}: taken back.")
            return
        done = "read: watch for it" if one.level == "caution" else "approval is on file"
        self.desk.say(f"{id_}: {done}.")
        self.picked = self._next_unanswered(id_)

    def instruct(self) -> None:
        """The patient was shown how to stop; again takes it back."""
        papers = self.bed.papers
        papers.told_stop = not papers.told_stop
        self.desk.say('Patient was shown how to stop: say "stop", or press the button.'
                      if papers.told_stop else "Patient was not shown how to stop.")  # fmt: skip

    def set_pain(self, text: str) -> None:
        """Pain before the session, 0 to 10; "" where it is not asked. Raises UsageError."""
        text = text.strip()
        number = int(text) if text.isascii() and text.isdigit() else -1
        if text and not 0 <= number <= _PAIN_MOST:
            raise UsageError(f"{text!r} is not a number from 0 to 10", what_to_do="0: no pain")
        self.bed.papers.pain_before = str(number) if text else ""

    # -- what is shown -------------------------------------------------------------------------

    def screening(self) -> Screening:
        """What the answers mean for the chosen sites; for the trunk where none is chosen."""
        return screening_of(self.desk, self.bed.answers)

    def questions(self) -> list[tuple[str, list[Question]]]:
        """Every group with its questions, as they are answered now."""
        from stimctl.safety.screening import CONDITION_BY_ID

        found = self.screening()
        level = {
            one.id: (one.level.value, one.basis)
            for one in (*found.blocks, *found.specialist, *found.cautions)
        }
        answers, approvals = self.bed.answers, self.bed.papers.approvals
        return [
            (name, [
                Question(id_, CONDITION_BY_ID[id_].text, answers.get(id_),
                         *level.get(id_, ("", "")), accepted=id_ in approvals)
                for id_ in ids
            ])
            for name, ids in groups()
        ]  # fmt: skip

    def question(self, id_: str) -> Question:
        """One of them. Raises UsageError."""
        for _, questions in self.questions():
            for one in questions:
                if one.id == id_:
                    return one
        raise UsageError(f"there is no question {id_}")

    @staticmethod
    def has(id_: str) -> bool:
        """Whether there is such a question."""
        return any(id_ in ids for _, ids in groups())

    def first_unanswered(self) -> str:
        """The id of the first question without an answer; "" where there is none."""
        return next((id_ for _, ids in groups() for id_ in ids if id_ not in self.bed.answers), "")

    def first_open(self) -> str:
        """The same; where all are answered, the first that waits for an approval."""
        waiting = (one.id for _, of_group in self.questions() for one in of_group if one.waits)
        return self.first_unanswered() or next(waiting, "")

    def _next_unanswered(self, after: str) -> str:
        """The next question without an answer, around the end; the same where none is."""
        every = [id_ for _, ids in groups() for id_ in ids]
        at = every.index(after) + 1
        turned = [*every[at:], *every[:at]]
        return next((id_ for id_ in turned if id_ not in self.bed.answers), after)

    @property
    def left(self) -> int:
        """How many questions are not answered."""
        return len(self.screening().unanswered)

    def verdict(self) -> Iterator[str]:
        """What the answers mean, the worst first."""
        found = self.screening()
        for one in (*found.blocks, *found.specialist, *found.cautions):
            yield f"{MEANS[one.level.value]}: {one.id} {one.text}. {one.basis}."
        if found.unanswered:
            yield f"{len(found.unanswered)} questions left"
        elif not any(one.waits for _, of_group in self.questions() for one in of_group):
            yield "No question is open." if found.blocks else "✓ Screening complete"


def groups() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The questions in the order in which they are asked: name of a group, ids."""
    from stimctl.safety import QUESTIONS

    asked = [one.id for one in QUESTIONS]
    grouped = {id_ for ids in _GROUPS.values() for id_ in ids}
    yield from ((name, tuple(id_ for id_ in ids if id_ in asked)) for name, ids in _GROUPS.items())
    yield _LAST_GROUP, tuple(id_ for id_ in asked if id_ not in grouped)


def _accepts(one: Question) -> str:
    return "says that you have read it" if one.level == "caution" else "once it is on file"
