"""The way to a session in steps: what is done, what is missing, and where it is mended.

What is missing is said by the supervisor's own list (`stimctl.session.readiness`), and by what a
face has to know itself: a device that has answered, and a plan. On a twin only that counts, and
what the screening blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from stimctl.errors import JournalError
from stimctl.tui.model.handing import preparation, screening_of

if TYPE_CHECKING:
    from stimctl.session.needs import Gap
    from stimctl.tui.model.desk import Desk

#: Each step with the screen it is on, in the order of the way.
STEPS: Final = (
    ("Patient", "person"), ("Device", "connect"), ("Screening", "precheck"),
    ("Protocol", "protocols"), ("Electrodes", "setup"), ("Check", "adjust"), ("Run", "run"),
    ("Report", "report"),
)  # fmt: skip
_PAGE_OF: Final = MappingProxyType(dict(STEPS))
_DIGIT: Final = MappingProxyType(
    {"Patient": 1, "Device": 2, "Screening": 3, "Protocol": 4, "Electrodes": 5, "Check": 6,
     "Run": 7, "Report": 9}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is missing: on which step, in words, and the key that mends it there.

    `page` is where it is mended, which may be a question over the step's own screen. `about`: the
    channel or the condition.
    """

    step: str
    words: str
    key: str = ""
    page: str = ""
    about: str = ""

    @property
    def text(self) -> str:
        """What is missing, and the key on that screen."""
        return f"{self.words} ({self.key})" if self.key else self.words

    @property
    def refusal(self) -> str:
        """The same from another screen."""
        there = f"{self.words}: {_DIGIT[self.step]} {self.step}"
        return f"{there}, then {self.key}" if self.key else there


@dataclass(frozen=True, slots=True)
class Step:
    """A step. Neither done nor with a gap: a simulation does not need it."""

    name: str
    page: str
    is_done: bool
    gaps: tuple[Missing, ...] = ()


#: For each need of the supervisor's list: its step, what is missing in words, the key there.
_WORDS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "person": ("Patient", "No patient code is given", ""),
        "known-person": ("Patient", "{person} is not confirmed by the PIN", ""),
        "second-identifier": ("Patient", "{person} is not confirmed by the PIN", ""),
        "statement": ("Device", "The statement of use is not accepted", "u"),
        "commissioning": ("Device", "This device has not been commissioned on the bench", ""),
        "answers": ("Screening", "{left} questions left", ""),
        "answers-person": ("Screening", "{what}", ""),
        "answers-date": ("Screening", "{what}", ""),
        "answers-changed": ("Screening", "{what}", ""),
        "blocked": ("Screening", "Do not treat: {about} {text}. This cannot be overridden", ""),
        "specialist": ("Screening", "{about} {text}: a specialist has to approve", "w"),
        "protocol-locked": ("Protocol", "{what}: it has to be approved", "w"),
        "protocol-library": ("Protocol", "{what}", ""),
        "caution": ("Screening", "{about} {text}: read the caution", "w"),
        "knows-stop": ("Screening", "The patient was not shown how to stop", "t"),
        "stop-key": ("Screening", "The STOP key was not tried: press SPACE once", ""),
        "site": ("Electrodes", "Channel {about} has no site", ""),
        "pads-apart": ("Electrodes", "Electrode spacing is not confirmed", "d"),
        "isolation": ("Electrodes", "Mains isolation is not confirmed", "i"),
        "side": ("Electrodes", "The side of channel {about} is not confirmed", "s"),
        "day-budget": ("Electrodes", "{what}", ""),
        "person-maximum": ("Electrodes", "{what}", ""),
        "electrodes": ("Electrodes", "{what}", ""),
        "electrodes-of-another": ("Electrodes", "{what}", ""),
        "rehearsal": ("Check", "These settings were not simulated", "r"),
        "confirmation": ("Check", "The four characters shown after r are not typed", ""),
    }
)


def steps(desk: Desk) -> tuple[Step, ...]:
    """Every step as it is now; in a session, as it was before."""
    live = desk.bed.live
    if desk.steps and live.state in ("armed", "running", "paused"):
        return desk.steps
    everything = tuple(_missing(desk))
    sim = is_simulated(desk)
    counts = [one for one, on_twin in everything if on_twin or not sim]
    undone = {one.step for one, _ in everything if not (sim and one.page)}
    undone |= set() if desk.bed.answers else {"Screening"}
    undone |= set() if desk.bed.plan else {"Electrodes", "Check"}
    undone |= {"Report"} | ({"Run"} if not live.outcome else set())
    desk.steps = tuple(
        Step(name, page, name not in undone, tuple(one for one in counts if one.step == name))
        for name, page in STEPS
    )
    return desk.steps


def is_simulated(desk: Desk) -> bool:
    """Nobody is at the electrodes: a twin, known by its name before it answers."""
    return desk.bed.live.sim or desk.bed.device.startswith("sim:")


def next_gap(desk: Desk) -> Missing | None:
    """The first thing that is missing on the way; None where a session may begin."""
    return next((gap for step in steps(desk) for gap in step.gaps), None)


def go_on(desk: Desk) -> None:
    """To the next thing that is missing; to the session where nothing is."""
    gap = next_gap(desk)
    if gap is None:
        desk.open("run")
        return
    page = _PAGE_OF[gap.step]
    if desk.page.name != page or desk.overlay is not None:
        desk.open(page)
    if gap.page:
        desk.ask(gap.page)
    desk.say(f"Next: {gap.text}")


def _missing(desk: Desk) -> Iterator[tuple[Missing, bool]]:
    """Each gap, and whether it counts on a twin, too."""
    yield from ((one, True) for one in _of_face(desk))
    bed = desk.bed
    if bed.client is None and bed.choice is None and not bed.person:
        step, words, _ = _WORDS["person"]  # nothing is begun: a first screen waits for no list
        yield Missing(step, words), False
        return
    seen = set()
    for gap in _of_list(desk):
        one = _in_words(desk, gap)
        if one not in seen:  # two needs can be one question to the operator
            seen.add(one)
            yield one, gap.need == "blocked"


def _of_face(desk: Desk) -> Iterator[Missing]:
    bed = desk.bed
    if bed.connecting or (bed.client is not None and bed.live.state == "disconnected"):
        yield Missing("Device", "The device has not answered yet: wait")
    elif bed.client is None or not bed.live.identified:
        yield Missing("Device", "No device is connected")
    elif bed.connected_for != bed.person:
        yield Missing("Device", "This session was opened for another patient: connect again")
    if bed.choice is None:
        yield Missing("Protocol", "No protocol is chosen")
    elif bed.plan is None:
        yield Missing("Electrodes", bed.why_not or "The plan is not complete",
                      "w" if bed.warning else "")  # fmt: skip
    else:
        why = bed.sources.missing(bed.plan, simulation=is_simulated(desk))
        if why:
            yield Missing("Check", f"{why[:1].upper()}{why[1:]}", page="sources")


def _of_list(desk: Desk) -> Iterator[Gap]:
    from stimctl.records.approvals import STATEMENT, find_rehearsal, use_is_accepted
    from stimctl.records.protocol_permission import permission_of
    from stimctl.session.readiness import Gap, Known, Need, Permission, missing

    bed, plan = desk.bed, desk.bed.plan
    if not bed.answers:  # a site that is never stimulated needs no answer to be refused
        for one in screening_of(desk, {}).blocks:
            yield Gap(Need.BLOCKED, one.text, one.basis, "", one.id)
    rehearsal = find_rehearsal(bed.state_folder, bed.plan_digest) if plan else None
    text = bed.choice.as_text(bed.state_folder) if bed.choice and plan else None
    known = Known(
        statement=STATEMENT,
        statement_accepted=use_is_accepted(bed.state_folder),
        person=bed.person,
        person_known=False,  # so that the PIN is asked each time
        today=datetime.now().astimezone().date(),
        confirmation=bed.confirmation,
        rehearsed=rehearsal.confirmation if rehearsal else "",
        second=bed.memory.second,
        **_kept(desk),
        has_screen=True,
        present=True,
        permission=permission_of(text, plan.protocol, bed.state_folder) if text else Permission(),
        uncommissioned=_uncommissioned(desk),
    )
    yield from missing(plan, preparation(desk), known)


def _uncommissioned(desk: Desk) -> str:
    """Known here where the device has told its serial number; the supervisor knows it always."""
    from stimctl.records.commissioning import FOLDER

    bed, live = desk.bed, desk.bed.live
    if not bed.device or not live.identified or not live.serial or is_simulated(desk):
        return ""  # a replay has no device either
    try:
        changed_ns = (bed.state_folder / FOLDER).stat().st_mtime_ns
    except OSError:
        changed_ns = 0
    return _looked_up(bed.state_folder, bed.device, live.serial, live.firmware, changed_ns,
                      datetime.now().astimezone().date())  # fmt: skip


@lru_cache(maxsize=4)
def _looked_up(
    state: Path, device: str, serial: str, firmware: str, _changed_ns: int, today: date
) -> str:
    """Asked at each look at the screen: a signature is checked once."""
    from stimctl.records.commissioning import why_uncommissioned
    from stimctl.records.devices import names_of
    from stimctl.tui.model.planning import family_of

    sheet = family_of(device).sheet
    names = names_of(serial, "")
    return why_uncommissioned(state, names, sheet.family, firmware, sheet.package, today)


def _kept(desk: Desk) -> dict[str, Any]:
    """What is kept of the person; where it cannot be read, the supervisor says so and refuses."""
    from stimctl.records.people.kept import kept_for

    try:
        named = bool(desk.bed.papers.electrodes)
        return kept_for(desk.bed.state_folder, desk.bed.person, named=named)
    except JournalError:
        return {}


def _in_words(desk: Desk, gap: Gap) -> Missing:
    from stimctl.safety.screening import CONDITION_BY_ID, QUESTIONS

    step, words, key = _WORDS.get(gap.need, ("Run", "{what}", ""))
    condition = CONDITION_BY_ID.get(gap.about)
    text = words.format(
        person=desk.bed.person, what=gap.what, about=gap.about,
        left=len(QUESTIONS) - len(desk.bed.answers),
        text=condition.text if condition else "",
    )  # fmt: skip
    page = "statement" if gap.need == "statement" else ""
    return Missing(step, text, key, page, gap.about)
