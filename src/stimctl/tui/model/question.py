"""A question with a few answers, each with a key; it may be asked while output is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from stimctl.tui.model.actions import ACTION_BY_ID, ANSWERS, key_name
from stimctl.tui.model.page import Offers, Page


@dataclass(frozen=True, slots=True)
class Answer:
    """Words for the record, and what follows: "", "felt", "zero" (the channel) or "stop"."""

    text: str
    then: str = ""
    column: int = 0


class QuestionPage(Page):
    """A question over a screen. Its answers are numbered from 1."""

    actions = ANSWERS
    has_menu = False
    #: What stands above each column of answers.
    columns: ClassVar[tuple[str, ...]] = ("",)

    def question(self) -> str:
        """What is asked, in full."""
        return ""

    def answers(self) -> Sequence[Answer]:
        """What can be answered now."""
        return ()

    def take(self, answer: Answer) -> None:
        """Put it on record, and do what follows. Raises StimctlError."""

    def offers(self) -> Offers:
        """A key for each answer."""
        return dict.fromkeys(ANSWERS[: len(self.answers())])

    def act(self, action: str) -> None:
        """An answer ends the question."""
        answer = self.answers()[ANSWERS.index(action)]
        self.desk.overlay = None
        self.take(answer)

    def numbered(self) -> list[tuple[str, Answer]]:
        """Each answer with the name of its key."""
        keys = [key_name(ACTION_BY_ID[one].keys[0]) for one in ANSWERS]
        return list(zip(keys, self.answers(), strict=False))


_SKIN = (
    Answer("skin unchanged"),
    Answer("skin slightly and evenly red"),
    Answer("red spots under an electrode: output stopped", "stop"),
    Answer("blister, burn or burning pain: output stopped", "stop"),
)
_ANSWERS: Mapping[str, tuple[Answer, ...]] = {
    "skin_check": _SKIN,
    "skin_check_at_end": (
        Answer("skin unchanged"), Answer("skin slightly and evenly red"),
        Answer("red spots under an electrode"), Answer("blister or burn"),
    ),
    "no_sensation": (
        Answer("the patient feels it, and it is comfortable", "felt"),
        Answer("nothing is felt: channel to zero, electrodes and leads to be checked", "zero"),
        Answer("the patient cannot say: output stopped", "stop"),
    ),
}  # fmt: skip
_SEEN = (Answer("seen"),)


class AskedPage(QuestionPage):
    """What a session asks of the people at it: skin, sensation, its end."""

    name = "asked"
    title = "Please"

    def question(self) -> str:
        """With the channel it is about."""
        asked = self.bed.live.asked
        if asked is None:
            return "Nothing is asked (any more)."
        return f"Channel {asked.channel}: {asked.text}" if asked.channel else asked.text

    def answers(self) -> Sequence[Answer]:
        """By what is asked."""
        asked = self.bed.live.asked
        return () if asked is None else _ANSWERS.get(asked.id, _SEEN)

    def take(self, answer: Answer) -> None:
        """What stops goes first."""
        bed, asked = self.bed, self.bed.live.asked
        assert asked is not None
        if answer.then == "stop":
            bed.stop_line.stop(answer.text)
        elif answer.then == "zero":
            bed.lower_to(asked.channel, 0)
        elif answer.then == "felt":
            bed.command("felt", channel=asked.channel)
        bed.live.asked = None
        bed.note(asked.id, answer.text)
        self.desk.say(f"Recorded: {answer.text}.")


class FoundPage(QuestionPage):
    """Where the patient feels a channel: at the site of one of the plan, or elsewhere. The
    selected one is not marked."""

    name = "found"
    title = "Felt where?"
    actions = (*ANSWERS, "no")
    #: The channel that is asked about.
    channel = 0

    def question(self) -> str:
        """For one channel."""
        return f"Ask the patient: where is channel {self.channel} felt?"

    def _sites(self) -> list[str]:
        choice = self.bed.choice
        return [] if choice is None else [one.site or "" for one in choice.seats]

    def answers(self) -> Sequence[Answer]:
        """The sites in the order of the channels."""
        words = [Answer(one.replace("-", " ")) for one in self._sites()]
        return (*words, Answer("at none of these"))

    def offers(self) -> Offers:
        """`no` is at none of these, however many there are."""
        return {**super().offers(), "no": None}

    def act(self, action: str) -> None:
        """The supervisor compares it with the plan."""
        sites = [*self._sites(), "elsewhere"]
        site = sites[-1] if action == "no" else sites[ANSWERS.index(action)]
        self.desk.overlay = None
        self.bed.ask("found", channel=self.channel, site=site)


class FaultPage(QuestionPage):
    """Why it is right to go on after a fault; a device that was stopped by hand demands it."""

    name = "fault"
    title = "Fault"

    def question(self) -> str:
        """What happened, and what is asked."""
        return f"{self.bed.live.why}\nWhat did you find?"

    def answers(self) -> Sequence[Answer]:
        """What is found mostly."""
        return tuple(Answer(text) for text in REASONS)

    def take(self, answer: Answer) -> None:
        """The supervisor decides whether the fault is over; everything begins at zero again."""
        self.bed.ask("acknowledge", reason=answer.text)


REASONS = (
    "electrode or lead fixed", "stimulator checked, no fault found", "USB plugged in again",
    "stimulator restarted", "battery charged", "stopped by the patient, who agrees to go on",
    "STOP was pressed by mistake",
)  # fmt: skip
