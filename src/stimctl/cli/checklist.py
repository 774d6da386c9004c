"""What a run on hardware needs beforehand, asked of the command line before a device is touched.

The list itself is that of the supervisor (`stimctl.session.readiness`), which asks it again before
it arms; here each gap is told with the option that closes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stimctl.errors import LimitRefusedError, NotReadyError, StimctlError, UsageError

if TYPE_CHECKING:
    from stimctl.records.answers import Answers
    from stimctl.records.approvals import Rehearsal
    from stimctl.records.pads import Pads
    from stimctl.records.protocol_files import ProtocolText
    from stimctl.session.readiness import Gap, Known, Preparation
    from stimctl.treatment.program import AnyPlan


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What was given on the command line for a run on hardware."""

    person: str = ""
    second: str = ""
    confirm: str = ""
    answers: Sequence[str] = ()
    answered: str = ""
    screening_file: Path | None = None
    approvals: Sequence[str] = ()
    acknowledged: Collection[str] = ()
    sides: Sequence[str] = ()
    electrodes: Sequence[str] = ()
    accept_use: bool = False
    new_pads: bool = False
    second_device: bool = False
    operator: str = ""
    stop_faces: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """What was found; goes to the supervisor and into the record.

    `cautions` are shown before the start.
    """

    said: Preparation
    cautions: tuple[str, ...]
    rehearsal: Rehearsal

    def notes(self) -> dict[str, str]:
        """For the journal, by topic; each short enough for one command."""
        said, rehearsal = self.said, self.rehearsal
        notes = {
            "screening": _answers_text(said.answers),
            "specialist approvals": " ".join(sorted(said.approvals)),
            "acknowledged": " ".join(sorted(said.acknowledged)),
            "rehearsal": f"{rehearsal.confirmation} {rehearsal.digest} {rehearsal.rehearsed}",
        }
        return {topic: text for topic, text in notes.items() if text}


def check_readiness(
    text: ProtocolText, plan: AnyPlan, preconditions: Preconditions, state: Path
) -> Passed:
    """Check everything, in the order in which it is cheapest to mend; refuse with the first gap.

    Raises UsageError, NotReadyError, and LimitRefusedError where screening blocks.
    """
    from stimctl.records.approvals import find_rehearsal
    from stimctl.session.readiness import asked_of_people, screening_of

    said, known = said_by(preconditions), _known(text, plan, preconditions, state)
    for gap in asked_of_people(plan, said, known):
        raise _as_error(gap, preconditions)
    rehearsal = find_rehearsal(state, plan.digest())
    assert rehearsal is not None  # or there would have been a gap
    found = screening_of(plan, said)
    cautions = [f"{each.id} {each.text}: {each.basis}" for each in found.cautions]
    cautions += _worn_pads(plan, preconditions, state)
    return Passed(said, tuple(cautions), rehearsal)


def said_by(preconditions: Preconditions, passed: Passed | None = None) -> Preparation:
    """What the command line says, as the supervisor takes it; once checked, as it was then.

    Raises UsageError or ProtocolFileError.
    """
    if passed is not None:
        return passed.said
    from stimctl.records.answers import day_of
    from stimctl.session.readiness import SECOND_DEVICE, Preparation
    from stimctl.supervisor.preparation import electrodes_of, sides_of

    answers = read_answers(preconditions.answers, preconditions.screening_file)
    if preconditions.answered and preconditions.screening_file is not None:
        raise UsageError(
            "--answered is for answers that are given with --answer",
            why=f"{preconditions.screening_file} says itself when its answers were given",
            what_to_do="Leave --answered out, or correct the line `answered` of the file",
        )
    # Answers given here are of the person named here.
    if preconditions.screening_file is None and answers.given:
        day = day_of(preconditions.answered) if preconditions.answered else None
        answers = replace(answers, person=preconditions.person, answered=day)
    second = {SECOND_DEVICE} if preconditions.second_device else set()
    return Preparation(
        answers=answers.given,
        answers_person=answers.person,
        answered=answers.answered,
        expires=answers.expires,
        approvals=frozenset(preconditions.approvals),
        acknowledged=frozenset(preconditions.acknowledged) | second,
        sides=sides_of(" ".join(preconditions.sides)),
        confirm=preconditions.confirm,
        second=preconditions.second,
        electrodes=electrodes_of(" ".join(preconditions.electrodes)),
    )


def commands_of(said: Preparation) -> list[dict[str, Any]]:
    """The same as fields of the supervisor's `prepare` commands, each short enough."""
    from stimctl.records.answers import Answers

    answers = Answers(said.answers, said.answers_person, said.answered, said.expires)
    rest = {
        "approvals": " ".join(sorted(said.approvals)),
        "acknowledge": " ".join(sorted(said.acknowledged)),
        "sides": " ".join(f"{channel}={side}" for channel, side in said.sides.items()),
        "confirm": said.confirm,
        "second": said.second,
        "electrodes": " ".join(f"{channel}={name}" for channel, name in said.electrodes.items()),
    }
    return [answers.as_fields(), {name: text for name, text in rest.items() if text}]


def _known(text: ProtocolText, plan: AnyPlan, preconditions: Preconditions, state: Path) -> Known:
    """What the supervisor would find of this computer and these records."""
    from datetime import datetime

    from stimctl.records.approvals import STATEMENT, find_rehearsal, use_is_accepted
    from stimctl.records.history import knows_person
    from stimctl.records.people.kept import kept_for
    from stimctl.records.people.keys import key_of
    from stimctl.records.person import second_identifier
    from stimctl.records.places import journal_folder
    from stimctl.records.protocol_permission import permission_of
    from stimctl.session.confirmation import confirmation_of
    from stimctl.session.readiness import Known

    if preconditions.accept_use and not use_is_accepted(state):
        _accept(state)
    person, rehearsal = preconditions.person, find_rehearsal(state, plan.digest())
    return Known(
        statement=STATEMENT,
        statement_accepted=use_is_accepted(state),
        person=person,
        person_known=bool(person)
        and knows_person(journal_folder(state), person, key=key_of(state, person)),
        today=datetime.now().astimezone().date(),
        confirmation=confirmation_of(plan),
        rehearsed=rehearsal.confirmation if rehearsal else "",
        second=second_identifier(state, person),
        permission=permission_of(text, plan.protocol, state),
        **kept_for(state, person, named=bool(preconditions.electrodes)),
    )


def _accept(state: Path) -> None:
    import time

    from stimctl.records.approvals import accept_use
    from stimctl.records.rows import utc_text
    from stimctl.version import __version__

    accept_use(state, utc_text(time.time_ns()), __version__)


_LIMIT = frozenset({"blocked", "specialist", "caution"})
_STATE = frozenset(
    {
        "statement", "commissioning", "rehearsal", "confirmation", "protocol-locked",
        "protocol-library",
    }
)  # fmt: skip


def _as_error(gap: Gap, preconditions: Preconditions) -> StimctlError:
    """The gap with the option that closes it, with its code, and with the exit code of its kind."""
    what = gap.what
    if gap.need == "person":
        what = "a run on hardware needs --person"
    elif gap.need == "site":
        what = f"channel {gap.about} has no --site"
    elif gap.need == "confirmation":
        given = f"--confirm {preconditions.confirm}" if preconditions.confirm else "no --confirm"
        what = f"{given} does not confirm this session"
    what_to_do = _HOW.get(gap.need, "").format(about=gap.about) or gap.what_to_do
    if gap.need in _STATE:
        return NotReadyError(what, why=gap.why, what_to_do=what_to_do, needs=gap.codes)
    kind = LimitRefusedError if gap.need in _LIMIT else UsageError
    error = kind(what, why=gap.why, what_to_do=what_to_do)
    error.code = gap.need
    return error


_REHEARSE = "Rehearse with the same options (stimctl rehearse ...), then copy what it prints"
_NEW_ANSWERS = (
    "Ask the questions of `stimctl screening` again and fill in its form, with the person's code "
    "and the day; or, for --answer, add --answered with the day (2026-11-29)"
)
_HOW: Mapping[str, str] = {
    "statement": "If you accept it, add --accept-research-use once; that is recorded",
    "commissioning": "Put a resistor on its leads and run: stimctl commission DEVICE",
    "person": "Add --person CODE, for example --person K-17",
    "known-person": "Correct the code; if this is the person's first session on this computer, add "
    "--acknowledge H25",
    "second-identifier": "Ask the person for the four digits, then add --second-identifier DIGITS",
    "site": "Write --site {about}=left-quadriceps (or where the pads are)",
    "pads-apart": "See that the pads of each channel are at least one pad width apart, then add "
    "--acknowledge E6",
    "isolation": "See that the unit runs on its own battery or is a medical device, and run this "
    "computer on its battery; then add --acknowledge H56",
    "answers": "Answer each with --answer C01=no and --answered DAY, or all of them in a "
    "--screening FILE; `stimctl screening` prints a form",
    "answers-person": _NEW_ANSWERS,
    "answers-date": _NEW_ANSWERS,
    "answers-changed": _NEW_ANSWERS,
    "person-maximum": "Lower --amplitude of channel {about}; where the maximum has changed, set "
    "the new one with: stimctl people maximum CODE",
    "electrodes": "Correct --electrodes {about}=NAME; `stimctl people electrodes` lists them, and "
    "`stimctl people add-electrodes` enters new ones",
    "electrodes-of-another": "Take this patient's own electrodes or new ones, and name them with "
    "--electrodes {about}=NAME; `stimctl people add-electrodes` enters new ones",
    "specialist": "With the approval on file, add --specialist-approval {about}",
    "protocol-locked": "With that approval on file for this person, add --specialist-approval "
    "{about}",
    "caution": "Watch for it during the session, and add --acknowledge {about}",
    "side": "Look at the person, then write --side {about}=left or --side {about}=right",
    "knows-stop": "Tell the person how to stop, then add --acknowledge N3",
    "rehearsal": _REHEARSE,
    "confirmation": _REHEARSE,
}


def pads_of(plan: AnyPlan) -> list[Pads]:
    """The electrodes of a plan whose sites are known."""
    from stimctl.records.pads import Pads

    all_electrodes = [one.setup.electrode for one in plan.channels]
    return [Pads(one.site, one.area_mm2) for one in all_electrodes if one.site is not None]


def _worn_pads(plan: AnyPlan, preconditions: Preconditions, state: Path) -> list[str]:
    import time

    from stimctl.records.pads import used

    if preconditions.new_pads:
        return []
    now_s = int(time.time())
    found = used(state, preconditions.person, pads_of(plan))
    return [use.warning(now_s) for use in found if use.is_worn(now_s)]


def read_answers(given: Sequence[str], file: Path | None) -> Answers:
    """Answers from a TOML file and from options, which go before it.

    Raises UsageError or ProtocolFileError with what is wrong.
    """
    from stimctl.records.answers import YES_NO, Answers
    from stimctl.records.answers import read_answers as read_file

    found = Answers() if file is None else read_file(file)
    answers = dict(found.given)
    for text in given:
        id_, equals, word = text.partition("=")
        if not equals or word.strip().lower() not in YES_NO:
            raise UsageError(
                f"--answer {text!r} is not ID=yes or ID=no",
                why="every question is answered with one of these two words",
                what_to_do="Write --answer C01=no",
            )
        answers[id_.strip().upper()] = YES_NO[word.strip().lower()]
    return replace(found, given=answers)


def _answers_text(answers: Mapping[str, bool]) -> str:
    return " ".join(f"{id_}={'yes' if yes else 'no'}" for id_, yes in sorted(answers.items()))
