"""Contraindications, one question a line; a person who was screened is asked only for changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.guards import AnswerLock
from stimctl.tui.model.persons import now_s
from stimctl.tui.model.text import Line, line, safe, wrap
from stimctl.tui.old.page import ListPage, Offers

if TYPE_CHECKING:
    from stimctl.safety import Screening
    from stimctl.tui.model.desk import Desk

#: Cells of a row before its question: the mark, the answer, the id.
_BEFORE_TEXT = 12
_WORDS = {"block": "BLOCK", "site": "SITE", "specialist": "SPEC", "caution": "CAUT"}


class PrecheckPage(ListPage):
    """y or n to each; u where nothing has changed; s SPEC approvals by w."""

    name = "precheck"
    title = "PRE-CHECK"
    footer = ("yes", "no", "unchanged", "accept-warning", "choose")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.answers: dict[str, bool] = {}
        self._held = AnswerLock()  # a held n would deny every contraindication in a second

    def opened(self) -> None:
        """Begin with what was answered in this session."""
        self.answers = dict(self.bed.answers)

    def count(self) -> int:
        """The questions."""
        from stimctl.safety import QUESTIONS

        return len(QUESTIONS)

    def offers(self) -> Offers:
        """Answers; none while output may be on."""
        busy = "a session is under way: STOP first" if self.bed.output_may_be_on else None
        recent = self.bed.memory.screening_is_recent(now_s())
        old = None if recent else "there is no screening of the last 90 days: answer each once"
        return {
            **super().offers(), "yes": busy, "no": busy, "unchanged": busy or old,
            "accept-warning": busy, "instructed": busy,
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Answer, or go on."""
        from stimctl.safety import QUESTIONS

        one = QUESTIONS[min(self.picked, len(QUESTIONS) - 1)]
        if action in ("yes", "no") and not self._held.press(self.desk.key_ns):
            self.desk.say("refused: one answer in 700 ms; read the question, then press again")
            return
        if action in ("yes", "no"):
            self.answers[one.id] = action == "yes"
            self.picked = min(self.picked + 1, len(QUESTIONS) - 1)
        elif action == "unchanged":
            self.answers = dict(self.bed.memory.answers)
            self.desk.say("as last time; change what is not so any more with y and n")
        elif action == "accept-warning":
            self._take(one.id)
        elif action == "instructed":
            papers = self.bed.papers
            papers.told_stop = not papers.told_stop
            knows = "knows" if papers.told_stop else "has not been told"
            self.desk.say(f"the person {knows} how to stop: say it, or press what is at hand")
            return
        else:
            super().act(action)
            return
        self.bed.answered(self.answers)

    def _take(self, id_: str) -> None:
        """A specialist's approval, or a caution that was read; nothing else can be accepted."""
        found, papers = self.screening(), self.bed.papers
        caution = any(one.id == id_ for one in found.cautions)
        if not caution and not any(one.id == id_ for one in found.specialist):
            self.desk.say(f"refused: {id_} asks for no approval and warns of nothing here")
            return
        papers.approvals ^= {id_}
        has = id_ in papers.approvals
        if caution:
            self.desk.say(f"{id_}: {'read; watch for it in the session' if has else 'not read'}")
        else:
            self.desk.say(f"{id_}: a specialist's approval is{'' if has else ' not'} on file")

    def chosen(self) -> None:
        """Go on, or say what is open."""
        why = why_not(self.screening(), self.bed.papers.approvals)
        if why and not self.bed.live.sim:
            self.desk.say(f"refused: {why}")
        else:
            self.desk.open("protocols")

    def screening(self) -> Screening:
        """What the answers mean for the chosen sites; for the trunk where none is chosen."""
        return screening_of(self.desk, self.answers)

    def body(self, width: int, height: int) -> list[Line]:
        """Questions above, what they mean below."""
        from stimctl.safety import QUESTIONS

        papers = self.bed.papers
        rows = [
            line((f"{_answer(self.answers.get(one.id)):<5}", "strong"),
                 f"{one.id}  {one.text}{' [accepted]' if one.id in papers.approvals else ''}")
            for one in QUESTIONS
        ]  # fmt: skip
        tested = "✓ seen" if papers.stop_key else "press SPACE"
        told = "✓ told" if papers.told_stop else "t = told"
        head = line("Is any of this so? y/n  STOP key: ", (tested, "strong"),
                    "   person knows stop: ", (told, "strong"))  # fmt: skip
        verdict = [*self._whole(QUESTIONS[min(self.picked, len(QUESTIONS) - 1)].text, width),
                   *self.verdict(width)]  # fmt: skip
        return [head, *self.rows(rows, height - len(verdict) - 2), (), *verdict]

    @staticmethod
    def _whole(text: str, width: int) -> list[Line]:
        """A question that its row cuts, in full: nobody may answer half of it."""
        if len(text) <= width - _BEFORE_TEXT:
            return []
        return [line((part, "strong")) for part in wrap(text, width)]

    def first_open(self) -> str:
        """The id of the first question without an answer; "" where there is none."""
        return next(iter(self.screening().unanswered), "")

    def verdict(self, width: int) -> list[Line]:
        """What the answers mean, and what is open."""
        found = self.screening()
        lines: list[Line] = []
        for finding in (*found.blocks, *found.specialist, *found.cautions)[:3]:
            word = _WORDS[finding.level.value]
            text = f"{word:<5} {finding.id} {finding.text}: {finding.basis}"
            lines += [line((part, "wait")) for part in wrap(safe(text), width)[:1]]
        left = len(found.unanswered)
        why = why_not(found, self.bed.papers.approvals)
        state = f"✗ {why}" if why else "✓ nothing is open"
        lines.append(line((state, "strong"), f"   ({left} unanswered)" if left else ""))
        return lines


def _answer(given: bool | None) -> str:
    return " ? " if given is None else "YES" if given else "no "


def screening_of(desk: Desk, answers: dict[str, bool]) -> Screening:
    """The screening for what is chosen on a desk."""
    from stimctl.safety import screen

    choice = desk.bed.choice
    sites = [seat.site for seat in choice.seats if seat.site] if choice else []
    motor = any(role.moves_muscle for role in choice.protocol.channels) if choice else True
    return screen(answers, sites, motor=motor)


def why_not(found: Screening, approvals: set[str]) -> str:
    """The first thing in the way of a session on hardware; "" where nothing is."""
    if found.blocks:
        one = found.blocks[0]
        return f"{one.id} {one.text} blocks this; there is no override in this program"
    if found.unanswered:
        return f"{len(found.unanswered)} questions are open, the first is {found.unanswered[0]}"
    missing = [one.id for one in found.specialist if one.id not in approvals]
    if missing:
        return f"{missing[0]} needs a specialist's approval (w, once it is on file)"
    unread = [one for one in found.cautions if one.id not in approvals]
    return f"{unread[0].id} {unread[0].text}: watch for it (w, once it is read)" if unread else ""


def answers_text(answers: dict[str, bool]) -> str:
    """The answers for the record, short enough for one command."""
    return " ".join(f"{id_[1:]}{'y' if yes else 'n'}" for id_, yes in sorted(answers.items()))
