"""What a run on hardware needs beforehand: acceptance, person, pads, screening, a rehearsal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stimctl.errors import LimitRefusedError, StateError, UsageError
from stimctl.toml_text import parse_toml

if TYPE_CHECKING:
    from stimctl.records.approvals import Rehearsal
    from stimctl.records.pads import Pads
    from stimctl.safety.screening import Screening
    from stimctl.session.kits import AnyPlan

_YES_NO = {"yes": True, "no": False}
FIRST_SESSION = "H25"
"""Acknowledging this id says that a code without a session on record is not mistyped."""
PADS_APART = "E6"
"""Acknowledging this id says that pads are one pad width apart (R: RehaStim2 manual)."""
ISOLATED = "H56"
"""Acknowledging this id says that no mains current can flow through the person."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What was given on the command line for a run on hardware."""

    person: str = ""
    confirm: str = ""
    answers: Sequence[str] = ()
    screening_file: Path | None = None
    approvals: Sequence[str] = ()
    acknowledged: Collection[str] = ()
    accept_use: bool = False
    new_pads: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """What the gate found; goes into the record. `cautions` are shown before the start."""

    answers: Mapping[str, bool]
    cautions: tuple[str, ...]
    approvals: tuple[str, ...]
    acknowledged: tuple[str, ...]
    rehearsal: Rehearsal

    def notes(self) -> dict[str, str]:
        """For the journal, by topic; each short enough for one command."""
        answered = (f"{id_}={'yes' if yes else 'no'}" for id_, yes in sorted(self.answers.items()))
        rehearsal = self.rehearsal
        notes = {
            "screening": " ".join(answered),
            "specialist approvals": " ".join(self.approvals),
            "acknowledged": " ".join(self.acknowledged),
            "rehearsal": f"{rehearsal.confirmation} {rehearsal.digest} {rehearsal.rehearsed}",
        }
        return {topic: text for topic, text in notes.items() if text}


def pass_gate(plan: AnyPlan, papers: Papers, state: Path) -> Passed:
    """Check everything, in the order in which it is cheapest to mend; refuse with the first gap.

    Raises UsageError, StateError, and LimitRefusedError where screening blocks.
    """
    _need_acceptance(papers, state)
    if not papers.person:
        raise UsageError(
            "a run on hardware needs --person",
            why="the record has to say for whom it is, by a pseudonym",
            what_to_do="Add --person CODE, for example --person K-17",
        )
    _need_known_person(papers, state)
    _need_sites(plan)
    _need_distance(papers)
    _need_isolation(plan, papers)
    screening, answers = _screened(plan, papers)
    rehearsal = _need_rehearsal(plan, papers, state)
    cautions = [f"{each.id} {each.text}: {each.basis}" for each in screening.cautions]
    cautions += _worn_pads(plan, papers, state)
    acknowledged = tuple(sorted(papers.acknowledged))
    return Passed(answers, tuple(cautions), tuple(papers.approvals), acknowledged, rehearsal)


def _need_acceptance(papers: Papers, state: Path) -> None:
    import time

    from stimctl.records.approvals import STATEMENT, accept_use, use_is_accepted
    from stimctl.records.rows import utc_text
    from stimctl.version import __version__

    if use_is_accepted(state):
        return
    if papers.accept_use:
        accept_use(state, utc_text(time.time_ns()), __version__)
        return
    raise StateError(
        "the statement of use has not been accepted on this computer yet",
        why=STATEMENT,
        what_to_do="If you accept it, add --accept-research-use once; that is recorded",
    )


def _need_known_person(papers: Papers, state: Path) -> None:
    """H25: a mistyped code would make the limits and records of somebody else those of this one."""
    from stimctl.records.history import knows_person
    from stimctl.records.places import journal_folder

    if FIRST_SESSION in papers.acknowledged or knows_person(journal_folder(state), papers.person):
        return
    raise UsageError(
        f"there is no session of {papers.person} on record here",
        why="a mistyped code looks like this, and would put this session on another person's "
        "record",
        what_to_do="Correct the code; if this is the person's first session on this computer, "
        f"add --acknowledge {FIRST_SESSION}",
    )


def _need_distance(papers: Papers) -> None:
    if PADS_APART not in papers.acknowledged:
        raise UsageError(
            "nobody has said that the pads are far enough apart",
            why="between pads less than one pad width apart the current flows along the skin and "
            "heaps up at their edges (RehaStim2 manual)",
            what_to_do="See that the pads of each channel are at least one pad width apart, then "
            f"add --acknowledge {PADS_APART}",
        )


def _need_isolation(plan: AnyPlan, papers: Papers) -> None:
    """H56: software cannot see a leakage current; where no maker states isolation, people must."""
    if plan.sheet.isolation_stated or ISOLATED in papers.acknowledged:
        return
    raise UsageError(
        "nobody has said that the stimulus is isolated from the mains",
        why=f"no maker states it for {plan.sheet.family}, and a leakage current of the unit or of "
        "this computer would flow through the person",
        what_to_do="See that the unit runs on its own battery or is a medical device, and run this "
        f"computer on its battery; then add --acknowledge {ISOLATED}",
    )


def pads_of(plan: AnyPlan) -> list[Pads]:
    """The electrodes of a plan whose sites are known."""
    from stimctl.records.pads import Pads

    all_electrodes = [one.setup.electrode for one in plan.channels]
    return [Pads(one.site, one.area_mm2) for one in all_electrodes if one.site is not None]


def _worn_pads(plan: AnyPlan, papers: Papers, state: Path) -> list[str]:
    import time

    from stimctl.records.pads import used

    if papers.new_pads:
        return []
    now_s = int(time.time())
    found = used(state, papers.person, pads_of(plan))
    return [use.warning(now_s) for use in found if use.is_worn(now_s)]


def _need_sites(plan: AnyPlan) -> None:
    for one in plan.channels:
        if one.setup.electrode.site is None:
            raise UsageError(
                f"channel {one.channel} has no --site",
                why="blocked body sites and current paths can only be checked for known sites",
                what_to_do=f"Write --site {one.channel}=left-quadriceps (or where the pads are)",
            )


def _screened(plan: AnyPlan, papers: Papers) -> tuple[Screening, Mapping[str, bool]]:
    from stimctl.safety.screening import CONDITION_BY_ID, screen
    from stimctl.treatment.gate_program import GateChannel

    answers = read_answers(papers.answers, papers.screening_file)
    sites = [one.setup.electrode.site for one in plan.channels if one.setup.electrode.site]
    motor = any(
        one.motor if isinstance(one, GateChannel) else one.stimulus.motor for one in plan.channels
    )
    screening = screen(answers, sites, motor=motor)
    if screening.blocks:
        first = screening.blocks[0]
        raise LimitRefusedError(
            f"screening blocks this session: {first.id} {first.text}",
            why=f"{first.basis} (certainty {first.certainty})",
            what_to_do="Do not stimulate here; there is no override in this program",
        )
    if screening.unanswered:
        id_ = screening.unanswered[0]
        raise UsageError(
            f"{len(screening.unanswered)} screening questions are not answered, the first is {id_}",
            why=f"{id_}: {CONDITION_BY_ID[id_].text}?",
            what_to_do="Answer each with --answer C01=no, or all of them in a --screening FILE; "
            "`stimctl screening` prints a form",
        )
    missing = [each for each in screening.specialist if each.id not in papers.approvals]
    if missing:
        raise LimitRefusedError(
            f"{missing[0].id} {missing[0].text} needs a specialist's approval",
            why=f"{missing[0].basis} (certainty {missing[0].certainty})",
            what_to_do=f"With the approval on file, add --specialist-approval {missing[0].id}",
        )
    unread = [each for each in screening.cautions if each.id not in papers.acknowledged]
    if unread:
        raise LimitRefusedError(
            f"{unread[0].id} {unread[0].text} needs an acknowledgement",
            why=f"{unread[0].basis} (certainty {unread[0].certainty})",
            what_to_do=f"Watch for it during the session, and add --acknowledge {unread[0].id}",
        )
    return screening, answers


def read_answers(given: Sequence[str], file: Path | None) -> dict[str, bool]:
    """Answers from a TOML file (`C01 = "no"`) and from options, which go before it.

    Raises UsageError or ProtocolFileError with what is wrong.
    """
    answers = {} if file is None else _answers_in(file)
    for text in given:
        id_, equals, word = text.partition("=")
        if not equals or word.strip().lower() not in _YES_NO:
            raise UsageError(
                f"--answer {text!r} is not ID=yes or ID=no",
                why="every question is answered with one of these two words",
                what_to_do="Write --answer C01=no",
            )
        answers[id_.strip().upper()] = _YES_NO[word.strip().lower()]
    return answers


def _answers_in(path: Path) -> dict[str, bool]:
    from stimctl.errors import ProtocolFileError
    from stimctl.records.text_files import read_text_file

    file = read_text_file(path, "screening file")
    try:
        found: Mapping[str, Any] = parse_toml(file.text)
    except (ValueError, RecursionError) as error:
        raise ProtocolFileError(
            "the screening file is not TOML",
            why=str(error),
            what_to_do='Write lines such as: C01 = "no"',
            file=str(path),
        ) from error
    answers: dict[str, bool] = {}
    for id_, value in found.items():
        answer = _YES_NO.get(value.strip().lower()) if isinstance(value, str) else None
        if answer is None:
            raise ProtocolFileError(
                f"the answer is {value!r}",
                why='an answer is "yes" or "no"',
                what_to_do=f'Write: {id_} = "no"',
                file=str(path),
                field=id_,
            )
        answers[id_.upper()] = answer
    return answers


def _need_rehearsal(plan: AnyPlan, papers: Papers, state: Path) -> Rehearsal:
    from stimctl.records.approvals import find_rehearsal
    from stimctl.session.confirmation import LENGTH, confirmation_of

    rehearsal = find_rehearsal(state, plan.digest())
    expected = confirmation_of(plan)
    rehearse = "Rehearse with the same options (stimctl rehearse ...), then copy what it prints"
    if rehearsal is None or rehearsal.confirmation != expected:
        raise StateError(
            "this session has not been rehearsed",
            why="a run on hardware needs a successful rehearsal of the same protocol, device, "
            "channels and limits, with this version of stimctl",
            what_to_do=rehearse,
        )
    if papers.confirm.strip().lower() != expected:
        given = f"--confirm {papers.confirm}" if papers.confirm else "no --confirm"
        raise StateError(
            f"{given} does not confirm this session",
            why=f"the {LENGTH} characters of its rehearsal are others",
            what_to_do=rehearse,
        )
    return rehearsal
