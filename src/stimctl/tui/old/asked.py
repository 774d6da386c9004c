"""Answers to what a session asks of the people at it, by digit: skin, sensation, its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stimctl.tui.model.text import Line, line, wrap
from stimctl.tui.old.page import Offers, Page


@dataclass(frozen=True, slots=True)
class Answer:
    """Words for the record, and what follows: "", "felt", "zero" (the channel) or "stop"."""

    text: str
    then: str = ""


_SKIN = (
    Answer("skin unchanged"),
    Answer("skin slightly and evenly red"),
    Answer("red spots under a pad: output stopped", "stop"),
    Answer("blister, burn or burning pain: output stopped", "stop"),
)
_ANSWERS: Mapping[str, tuple[Answer, ...]] = {
    "skin_check": _SKIN,
    "skin_check_at_end": (
        Answer("skin unchanged"), Answer("skin slightly and evenly red"),
        Answer("red spots under a pad"), Answer("blister or burn"),
    ),
    "no_sensation": (
        Answer("the person feels it, and it is comfortable", "felt"),
        Answer("nothing is felt: channel to zero, electrodes and leads to be checked", "zero"),
        Answer("the person cannot tell: output stopped", "stop"),
    ),
}  # fmt: skip
_SEEN = (Answer("seen"),)


class AskedPage(Page):
    """The question in full, and a digit for each answer."""

    name = "asked"
    title = "PLEASE"
    footer = ("back",)
    has_menu = False

    def _answers(self) -> tuple[Answer, ...]:
        asked = self.bed.live.asked
        return () if asked is None else _ANSWERS.get(asked.id, _SEEN)

    def offers(self) -> Offers:
        """A digit for each."""
        return {f"channel-{number}": None for number in range(1, len(self._answers()) + 1)}

    def act(self, action: str) -> None:
        """Put it on record, and do what follows from it."""
        bed, asked = self.bed, self.bed.live.asked
        self.desk.overlay = None
        if asked is None:
            return
        answer = self._answers()[int(action[-1]) - 1]
        if answer.then == "stop":
            bed.stop_line.stop(answer.text)
        elif answer.then == "zero":
            bed.lower_to(asked.channel, 0)
        elif answer.then == "felt":
            bed.command("felt", channel=asked.channel)
        bed.live.asked = None
        bed.note(asked.id, answer.text)
        self.desk.say(f"on record: {answer.text}")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """Question and answers."""
        asked = self.bed.live.asked
        if asked is None:
            return [line("nothing is asked (any more)")]
        where = f"channel {asked.channel}: " if asked.channel else ""
        question = [line((part, "strong")) for part in wrap(where + asked.text, width)]
        rows = [line((f"{number}  ", "key"), one.text)
                for number, one in enumerate(self._answers(), 1)]  # fmt: skip
        return [*question, (), *rows]
