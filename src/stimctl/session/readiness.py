"""What is missing before output on hardware: one list for every face, enforced by the supervisor.

A face hands in what people have said (`Preparation`); the supervisor adds what it knows itself
(`Known`). On a line that is known to be software only the list of a bench session applies.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from stimctl.safety.screening import CONDITION_BY_ID, Finding, Screening, screen
from stimctl.safety.sites import pad_sites
from stimctl.session import bench_gaps, day_gaps, functional_gaps, person_gaps
from stimctl.session.answer_age import ANSWERS_FOR_DAYS
from stimctl.session.needs import (
    ACKNOWLEDGEMENTS,
    DAY_BUDGET,
    FIRST_SESSION,
    ISOLATED,
    KNOWS_STOP,
    OTHER_DEVICE,
    PADS_APART,
    SECOND_DEVICE,
    STOP_KEY,
    Gap,
    Known,
    Need,
    Permission,
    Preparation,
    UntestedFace,
)
from stimctl.session.protocol_locks import about_protocol
from stimctl.treatment.program import AnyPlan

__all__ = [
    "ACKNOWLEDGEMENTS", "DAY_BUDGET", "FIRST_SESSION", "ISOLATED", "KNOWS_STOP", "OTHER_DEVICE",
    "PADS_APART", "SECOND_DEVICE", "STOP_KEY", "Gap", "Known", "Need", "Permission", "Preparation",
    "asked_of_people", "missing", "of_untested", "screening_of", "side_of",
]  # fmt: skip


def missing(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:
    """Every gap, in the order in which it is cheapest to close; empty where output may begin.

    None: no plan is chosen yet, and what can be asked before that is told.
    """
    for look in _BENCH_LOOKS if known.bench else _LOOKS:
        yield from look(plan, said, known)


def asked_of_people(plan: AnyPlan, said: Preparation, known: Known) -> Iterator[Gap]:
    """The gaps that a face can close before a device is connected."""
    later = {Need.DEVICE, Need.ONE_DEVICE, Need.PROMPTS, Need.WATCHDOG}
    later |= {Need.STOP_FACE, Need.STOP_KEY, Need.PRESENCE, Need.COMMISSIONING}
    return (gap for gap in missing(plan, said, known) if gap.need not in later)


def _about_use(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    if not known.statement_accepted:
        yield Gap(
            Need.STATEMENT,
            "the statement of use has not been accepted on this computer yet",
            known.statement,
            "accept it once: `stimctl run ... --accept-research-use`, or in the terminal UI",
        )


def _about_person(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    if not known.person:
        why = "the record has to say for whom it is, by a pseudonym"
        what = "hardware is armed for a person's code only"
        yield Gap(Need.PERSON, what, why, "give a code such as K-17")
    elif not known.person_known and FIRST_SESSION not in said.acknowledged:
        yield Gap(
            Need.KNOWN_PERSON,
            f"there is no session of {known.person} on record here",
            "a mistyped code looks like this, and would put this session on another person's "
            "record",
            "correct the code; if this is the person's first session on this computer, "
            f"acknowledge {FIRST_SESSION}",
        )


def _about_pads(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    if plan is None:
        return
    for one in plan.channels:
        if one.setup.electrode.site is None:
            yield Gap(
                Need.SITE,
                f"channel {one.channel} has no site",
                "blocked body sites and current paths can only be checked for known sites",
                f"say where the electrodes of channel {one.channel} are",
                str(one.channel),
            )
    if PADS_APART not in said.acknowledged:
        yield Gap(
            Need.PADS_APART,
            "electrode spacing is not confirmed",
            "with less than one electrode width between them the current flows along the skin "
            "and concentrates at their edges (RehaStim2 manual)",
            "check that the electrodes of each channel are one electrode width apart, then "
            f"acknowledge {PADS_APART}",
        )
    if not plan.sheet.isolation_stated and ISOLATED not in said.acknowledged:
        yield Gap(
            Need.ISOLATION,
            "mains isolation is not confirmed",
            f"no manufacturer states it for {plan.sheet.family}, and a leakage current of the unit "
            "or of this computer would flow through the person",
            "see that the unit runs on its own battery or is a medical device, and run this "
            f"computer on its battery; then acknowledge {ISOLATED}",
        )


def _about_answers(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:
    ask_again = "ask the screening questions today, and hand in the new answers"
    if not said.answers:
        yield Gap(
            Need.ANSWERS,
            f"{len(_screening(plan, {}).unanswered)} screening questions are not answered",
            "a contraindication rules out stimulation",
            "answer each question of `stimctl screening`",
        )
        return
    if said.answers_person != known.person:
        whose = said.answers_person
        yield Gap(
            Need.ANSWERS_PERSON,
            f"the screening answers are {f'of {whose}' if whose else 'of nobody that is named'}",
            f"this session is for {known.person or 'nobody yet'}",
            ask_again,
        )
    yield from _about_their_date(said, known, ask_again)
    yield from _judged(_screening(plan, said.answers), said)


def _about_their_date(said: Preparation, known: Known, ask_again: str) -> Iterator[Gap]:
    if said.answered is None:
        yield Gap(
            Need.ANSWERS_DATE,
            "the screening answers do not say when they were given",
            f"answers count for at most {ANSWERS_FOR_DAYS} days",
            ask_again,
        )
        return
    latest = said.answered + timedelta(days=ANSWERS_FOR_DAYS)
    until = min(said.expires or latest, latest)
    if said.answered > known.today:
        yield Gap(
            Need.ANSWERS_DATE,
            f"the screening answers are of {said.answered}, which is still to come",
            f"this computer says that today is {known.today}",
            "correct the date, or the clock of this computer",
        )
    elif known.today > until:
        yield Gap(
            Need.ANSWERS_DATE,
            f"the screening answers of {said.answered} have expired",
            f"they counted until {until}, and today is {known.today}",
            ask_again,
        )


def _judged(found: Screening, said: Preparation) -> Iterator[Gap]:
    for one in found.blocks:
        yield _finding(Need.BLOCKED, one, f"screening blocks this session: {one.id} {one.text}",
                       "do not stimulate here; there is no override in this program")  # fmt: skip
    if found.unanswered:
        first = found.unanswered[0]
        yield Gap(
            Need.ANSWERS,
            f"{len(found.unanswered)} screening questions are not answered, the first is {first}",
            f"{first}: {CONDITION_BY_ID[first].text}?",
            "answer each question of `stimctl screening`",
            first,
        )
    for one in found.specialist:
        if one.id not in said.approvals:
            yield _finding(Need.SPECIALIST, one,
                           f"{one.id} {one.text} needs a specialist's approval",
                           f"with the approval on file, give it as {one.id}")  # fmt: skip
    for one in found.cautions:
        if one.id not in said.acknowledged:
            yield _finding(Need.CAUTION, one, f"{one.id} {one.text} needs an acknowledgement",
                           "watch for it during the session, and acknowledge "
                           f"{one.id}")  # fmt: skip


def _finding(need: Need, one: Finding, what: str, what_to_do: str) -> Gap:
    return Gap(need, what, f"{one.basis} (certainty {one.certainty})", what_to_do, one.id)


def screening_of(plan: AnyPlan, said: Preparation) -> Screening:
    """What the answers mean for the sites of this plan."""
    return _screening(plan, said.answers)


def _screening(plan: AnyPlan | None, answers: Mapping[str, bool]) -> Screening:
    channels = () if plan is None else plan.channels
    sites = [one.setup.electrode.site for one in channels if one.setup.electrode.site]
    motor = plan is None or any(one.motor for one in channels)
    return screen(answers, sites, motor=motor)


def _about_side(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    for one in () if plan is None else plan.channels:
        side = side_of(one.setup.electrode.site)
        if side and said.sides.get(one.channel) != side:
            given = said.sides.get(one.channel)
            yield Gap(
                Need.SIDE,
                f"the side of channel {one.channel} is not confirmed"
                if given is None
                else f"the side of channel {one.channel} is not {given}",
                "left and right are easily mixed up, so the side is confirmed by looking at the "
                "person",
                f"look at the person, then give the side of channel {one.channel}: left or right",
                str(one.channel),
            )


def side_of(site: str | None) -> str:
    """ "left" or "right"; "" where the site has none to be mistaken, or its pads are on both."""
    sides = {pad.side for pad in pad_sites(site)} if site else set()
    return sides.pop() if sides in ({"left"}, {"right"}) else ""


def _about_stop(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    if KNOWS_STOP not in said.acknowledged:
        yield Gap(
            Need.KNOWS_STOP,
            "it is not confirmed that the person knows how to stop",
            "the person feels first what nobody else can see",
            f"tell the person how to stop, then acknowledge {KNOWS_STOP}",
        )
    if known.has_screen and STOP_KEY not in said.acknowledged:
        yield Gap(
            Need.STOP_KEY,
            "the STOP key has not been tried",
            "a terminal can keep a key for itself, and then the key stops nothing",
            "press SPACE once, and see that STOP was sent",
        )


def _about_rehearsal(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:
    if plan is None:
        return
    again = "rehearse it with the same options (`stimctl rehearse`), and give what that prints"
    if known.rehearsed != known.confirmation:
        yield Gap(
            Need.REHEARSAL,
            "this session has not been rehearsed",
            "hardware runs only what was rehearsed successfully with the same protocol, device "
            "family, channels and limits, by this very version of the program",
            again,
        )
    elif known.rehearsed_for and known.devices and known.rehearsed_for not in known.devices:
        yield Gap(
            Need.REHEARSAL,
            f"this session was rehearsed for another device, {known.rehearsed_for}",
            f"on the line is {', '.join(sorted(known.devices))}",
            again,
        )
    elif said.confirm.strip().lower() != known.confirmation:
        given = f"{said.confirm[:16]!r} is not theirs" if said.confirm else "none were given"
        yield Gap(
            Need.CONFIRMATION,
            "this session is not confirmed",
            f"hardware needs the characters that its rehearsal has printed; {given}",
            again,
        )


def _about_device(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    last = known.last_device
    if last and last not in known.devices and OTHER_DEVICE not in said.acknowledged:
        now = ", ".join(sorted(known.devices)) or "a device that reports no serial number"
        yield Gap(
            Need.DEVICE,
            f"this is not the device of the last session of {known.person}: {now}",
            f"the last one with this protocol was on {last}; two devices of one kind look alike",
            "look at the label of the device; if another one is intended, acknowledge "
            f"{OTHER_DEVICE}",
        )
    if known.others and SECOND_DEVICE not in said.acknowledged:
        yield Gap(
            Need.ONE_DEVICE,
            f"another program already has a device for {known.person}: {', '.join(known.others)}",
            "limits hold for one device; what two give together is not checked",
            "end the other session; if two devices on one person are intended, acknowledge "
            f"{SECOND_DEVICE} (--second-device-on-person)",
        )


def _about_attendance(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    if not known.asks_attendance:
        yield Gap(
            Need.PROMPTS,
            "this session would never ask whether somebody is there",
            "the attendance prompt was switched off, which is for twins only",
            "begin the session without --no-attendance-prompt",
        )
    if not known.watchdog_tested:
        yield Gap(
            Need.WATCHDOG,
            "the watchdog of the device is not tested in this session",
            "the watchdog test was switched off, which is for twins only",
            "begin the session without --no-watchdog-test",
        )
    yield from of_untested(known.untested)
    if known.remote and not known.stop_faces:
        yield Gap(
            Need.STOP_FACE,
            "this terminal is not at the machine, and no stop face there has been tested",
            f"{known.remote}; whoever is at the electrodes must be able to stop without it",
            "connect a pedal or a button to the machine and press it once, or work at the machine",
        )
    if not known.present and not known.stop_faces:
        yield Gap(
            Need.PRESENCE,
            "nobody at the machine has answered",
            "output on hardware needs a person who is there; a program cannot answer for one",
            "run it in the foreground of a terminal at the machine and type what is asked there, "
            "or press a stop face",
        )


def of_untested(faces: tuple[UntestedFace, ...]) -> Iterator[Gap]:
    """A stop face that a session was begun with is tested before it is armed, on a twin too."""
    for face in faces:
        yield Gap(
            Need.STOP_FACE,
            f"stop face {face.name} {face.why_not}",
            "whoever relies on it must have seen that its press stops",
            f"{face.what_to_do}; arm when zero is verified after that",
            face.name,
        )


_Look = Callable[[AnyPlan | None, Preparation, Known], Iterator[Gap]]
_LOOKS: tuple[_Look, ...] = (
    _about_use,
    about_protocol,
    _about_person,
    person_gaps.about_second_identifier,
    _about_pads,
    _about_answers,
    person_gaps.about_newer_answers,
    person_gaps.about_maxima,
    person_gaps.about_electrodes,
    _about_side,
    _about_stop,
    _about_rehearsal,
    _about_device,
    bench_gaps.about_commissioning,
    day_gaps.about_day,
    functional_gaps.about_functional,
    _about_attendance,
)
_BENCH_LOOKS: tuple[_Look, ...] = (
    _about_use,
    bench_gaps.about_nobody,
    bench_gaps.about_load,
    bench_gaps.about_level,
    bench_gaps.about_stop_tried,
    functional_gaps.about_functional,
    _about_attendance,
)
