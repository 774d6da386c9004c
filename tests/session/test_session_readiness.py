"""What is missing before output on hardware: each gap by its code, alone and in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from stimctl.safety.day_budget import Given
from stimctl.safety.electrodes import Electrode
from stimctl.safety.screening import QUESTIONS
from stimctl.session.commissioning import NOBODY
from stimctl.session.needs import Unsigned
from stimctl.session.readiness import (
    DAY_BUDGET,
    Known,
    Need,
    Permission,
    Preparation,
    asked_of_people,
    missing,
    side_of,
)
from stimctl.treatment.lock import Lock
from stimctl.treatment.program import AnyPlan, Plan
from tests.support.functional_world import ON_WHILE, functional_plan
from tests.support.gate_world import gate_plan
from tests.support.session_world import plan_of

TODAY = date(2026, 11, 29)
NO = {question.id: False for question in QUESTIONS}


def at(plan: AnyPlan, site: str | None) -> AnyPlan:
    """The same plan with every electrode at that site."""
    channels = tuple(
        replace(one, setup=replace(one.setup, electrode=Electrode(2_500, 1000, site)))
        for one in plan.channels
    )
    return replace(plan, channels=channels)


PLAN = at(plan_of(), "left-quadriceps")
SAID = Preparation(
    answers=NO,
    answers_person="K-17",
    answered=TODAY,
    acknowledged=frozenset({"E6", "N3"}),
    sides={one.channel: "left" for one in PLAN.channels},
    confirm="0f61",
)
KNOWN = Known(
    statement="research only",
    statement_accepted=True,
    person="K-17",
    person_known=True,
    today=TODAY,
    confirmation="0f61",
    rehearsed="0f61",
    devices=frozenset({"serial 2103-17"}),
    present=True,
)


def needs(plan: Plan[Any] = PLAN, said: Preparation = SAID, known: Known = KNOWN) -> list[Need]:
    return [gap.need for gap in missing(plan, said, known)]


def test_with_everything_there_nothing_is_missing() -> None:
    assert needs() == []


@pytest.mark.hazard(
    "H62", "H25", "H32", "H45", "H54", "H69", "H72", "H63", "H65", "H39", "H78"
)  # fmt: skip
@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"statement_accepted": False}, Need.STATEMENT),
        ({"person_known": False}, Need.KNOWN_PERSON),
        ({"second": "1961"}, Need.SECOND_IDENTIFIER),
        ({"has_screen": True}, Need.STOP_KEY),
        ({"rehearsed": ""}, Need.REHEARSAL),
        ({"rehearsed": "1111"}, Need.REHEARSAL),
        ({"rehearsed_for": "serial 2103-18"}, Need.REHEARSAL),
        ({"last_device": "serial 2103-18"}, Need.DEVICE),
        ({"uncommissioned": "there is no commissioning of it"}, Need.COMMISSIONING),
        ({"others": ("p24:/dev/ttyACM1, pid 7",)}, Need.ONE_DEVICE),
        ({"asks_attendance": False}, Need.PROMPTS),
        ({"watchdog_tested": False}, Need.WATCHDOG),
        ({"present": False}, Need.PRESENCE),
        ({"remote": "over SSH"}, Need.STOP_FACE),
    ],
)
def test_what_the_supervisor_knows_is_enough_to_refuse(changes: dict[str, Any], need: Need) -> None:
    assert needs(known=replace(KNOWN, **changes)) == [need]


@pytest.mark.hazard("H62", "H45", "H46", "H47", "H41", "H33", "H30", "H68")
@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"answers": {}}, Need.ANSWERS),
        ({"answers": {**NO, "C02": True}}, Need.BLOCKED),
        ({"answers": {id_: no for id_, no in NO.items() if id_ != "C13"}}, Need.ANSWERS),
        ({"answers": {**NO, "C03": True}}, Need.SPECIALIST),
        ({"answers": {**NO, "C13": True}}, Need.CAUTION),
        ({"answers_person": "K-71"}, Need.ANSWERS_PERSON),
        ({"answers_person": ""}, Need.ANSWERS_PERSON),
        ({"answered": None}, Need.ANSWERS_DATE),
        ({"answered": TODAY - timedelta(days=91)}, Need.ANSWERS_DATE),
        ({"answered": TODAY + timedelta(days=1)}, Need.ANSWERS_DATE),
        ({"expires": TODAY - timedelta(days=1)}, Need.ANSWERS_DATE),
        ({"acknowledged": frozenset({"N3"})}, Need.PADS_APART),
        ({"acknowledged": frozenset({"E6"})}, Need.KNOWS_STOP),
        ({"confirm": ""}, Need.CONFIRMATION),
        ({"confirm": "0f62"}, Need.CONFIRMATION),
    ],
)
def test_what_people_have_to_say_is_asked_one_by_one(changes: dict[str, Any], need: Need) -> None:
    assert needs(said=replace(SAID, **changes)) == [need]


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("sides", [{}, {1: "right", 2: "right", 3: "right"}])
def test_each_channel_with_a_side_has_it_said_by_who_looks(sides: dict[int, str]) -> None:
    assert set(needs(said=replace(SAID, sides=sides))) == {Need.SIDE}


@pytest.mark.hazard("H41")
@pytest.mark.parametrize(
    ("site", "side"),
    [
        ("left-calf/left-foot", "left"), ("right-calf", "right"), ("left-calf/right-calf", ""),
        ("abdomen", ""), (None, ""),
    ],
)  # fmt: skip
def test_a_site_has_a_side_where_it_can_be_mistaken(site: str | None, side: str) -> None:
    assert side_of(site) == side


@pytest.mark.hazard("H33")
def test_a_channel_without_a_site_is_named() -> None:
    assert Need.SITE in needs(plan=at(plan_of(), None))


@pytest.mark.hazard("H62")
def test_nobody_is_no_person() -> None:
    found = needs(said=Preparation(), known=replace(KNOWN, person="", person_known=False))
    assert Need.PERSON in found
    assert Need.KNOWN_PERSON not in found


@pytest.mark.hazard("H25")
@pytest.mark.parametrize(
    ("told", "kept", "found"),
    [
        ("1961", "1961", []), ("1962", "1961", [Need.SECOND_IDENTIFIER]),
        ("", "1961", [Need.SECOND_IDENTIFIER]), ("1961", "", []), ("", "", []),
        (" 1961", "1961", [Need.SECOND_IDENTIFIER]),
    ],
)  # fmt: skip
def test_the_second_identifier_is_the_one_that_is_kept_with_the_code(
    told: str, kept: str, found: list[Need]
) -> None:
    assert needs(said=replace(SAID, second=told), known=replace(KNOWN, second=kept)) == found


@pytest.mark.hazard("H56")
def test_where_no_maker_states_isolation_somebody_has_to() -> None:
    plan = at(gate_plan(), "left-quadriceps")
    said = replace(SAID, sides={one.channel: "left" for one in plan.channels})
    assert needs(plan=plan, said=said) == [Need.ISOLATION]
    acknowledged = said.acknowledged | {"H56"}
    assert needs(plan=plan, said=replace(said, acknowledged=acknowledged)) == []


@pytest.mark.parametrize(
    ("changes", "acknowledge"),
    [
        ({"person_known": False}, "H25"),
        ({"last_device": "serial 2103-18"}, "H63"),
        ({"others": ("another",)}, "H65"),
        ({"has_screen": True}, "H32"),
    ],
)
def test_what_may_be_meant_is_acknowledged_by_its_id(
    changes: dict[str, Any], acknowledge: str
) -> None:
    said = replace(SAID, acknowledged=SAID.acknowledged | {acknowledge})
    assert needs(said=said, known=replace(KNOWN, **changes)) == []


def test_ninety_days_are_the_last_on_which_answers_count() -> None:
    said = replace(SAID, answered=TODAY - timedelta(days=90))
    assert needs(said=said) == []
    longer = replace(said, answered=TODAY - timedelta(days=91), expires=TODAY)
    assert needs(said=longer) == [Need.ANSWERS_DATE]


def test_a_stop_face_stands_for_the_person_at_the_machine_and_for_a_distant_terminal() -> None:
    known = replace(KNOWN, present=False, remote="over SSH", stop_faces=frozenset({"pedal"}))
    assert needs(known=known) == []


def test_a_device_that_tells_no_name_is_not_taken_for_the_last_one() -> None:
    known = replace(KNOWN, devices=frozenset(), last_device="serial 2103-18")
    assert needs(known=known) == [Need.DEVICE]


def test_what_a_face_can_close_beforehand_leaves_out_what_the_device_decides() -> None:
    known = replace(KNOWN, last_device="x", others=("y",), present=False, person_known=False)
    assert [gap.need for gap in asked_of_people(PLAN, SAID, known)] == [Need.KNOWN_PERSON]


def test_every_gap_says_what_why_and_what_to_do() -> None:
    nothing = Known("text", False, "", False, TODAY, "0f61", "", asks_attendance=False,
                    watchdog_tested=False, remote="far", others=("x",),
                    last_device="y")  # fmt: skip
    for gap in missing(at(plan_of(), None), Preparation(), nothing):
        assert all((gap.what, gap.why, gap.what_to_do)), gap


HOUR_US = 3_600_000_000


def before(hours: float, **changes: Any) -> tuple[Given, ...]:
    one = Given("left-thigh", True, int(hours * HOUR_US), 10**9, 3 * HOUR_US)
    return (replace(one, **changes),)


@pytest.mark.hazard("H67")
def test_more_in_a_day_is_asked_about_and_beyond_the_most_refused() -> None:
    plan = at(plan_of(), "left-quadriceps")
    assert needs(plan, known=replace(KNOWN, given=before(2))) == []
    asked = replace(KNOWN, given=before(4))
    meant = replace(SAID, acknowledged=SAID.acknowledged | {DAY_BUDGET})
    assert set(needs(plan, known=asked)) == {Need.DAY_BUDGET}
    assert needs(plan, said=meant, known=asked) == []
    assert needs(plan, said=meant, known=replace(KNOWN, given=before(8))) == [Need.DAY_BUDGET]
    assert needs(plan, known=replace(KNOWN, given=before(8, region="left-forearm"))) == []


# -- the protocol itself ---------------------------------------------------------------------------

LOCK = Lock(reason="So (D).", needs=("Two people start it.",), unlocked_by="The physician.")


def locked(plan: AnyPlan = PLAN) -> AnyPlan:
    return replace(plan, protocol=plan.protocol.model_copy(update={"locked": LOCK}))


@pytest.mark.parametrize("approval", ["TENS-CONVENTIONAL", "tens-conventional"])
def test_a_locked_protocol_needs_the_approval_that_has_its_name(approval: str) -> None:
    assert needs(locked()) == [Need.PROTOCOL_LOCKED]
    (gap,) = missing(locked(), SAID, KNOWN)
    assert gap.about == "TENS-CONVENTIONAL"
    for words in (LOCK.reason, *LOCK.needs, LOCK.unlocked_by):
        assert words in gap.why
    assert needs(locked(), replace(SAID, approvals=frozenset({approval}))) == []
    other = replace(SAID, approvals=frozenset({"NMES-ACL", "C01"}))
    assert needs(locked(), other) == [Need.PROTOCOL_LOCKED]
    acknowledged = replace(SAID, acknowledged=SAID.acknowledged | {"NMES-TKA"})
    assert needs(locked(), acknowledged) == [Need.PROTOCOL_LOCKED]


def test_the_lock_of_a_parent_and_the_missing_signature_are_told_by_their_codes() -> None:
    assert needs(known=replace(KNOWN, permission=Permission(lock=LOCK))) == [Need.PROTOCOL_LOCKED]
    unsigned = Unsigned("library-changed", "it has changed", "why", "what to do")
    known = replace(KNOWN, permission=Permission(unsigned=unsigned))
    (gap,) = missing(PLAN, SAID, known)
    assert gap.codes == ("protocol-library", "library-changed")
    assert needs(locked(), known=known) == [Need.PROTOCOL_LOCKED, Need.PROTOCOL_LIBRARY]
    every = replace(SAID, approvals=frozenset({"TENS-CONVENTIONAL", "LIBRARY-CHANGED"}))
    assert needs(locked(), every, known) == [Need.PROTOCOL_LIBRARY]


BENCH = replace(KNOWN, bench=True, person="", person_known=False, stop_tried=True,
                uncommissioned="not yet", rehearsed="")  # fmt: skip
AT_BENCH = Preparation(load_ohm=1_000, nobody=NOBODY)


@pytest.mark.hazard("H78")
def test_a_bench_session_asks_for_nothing_of_a_person() -> None:
    assert needs(said=AT_BENCH, known=BENCH) == []


@pytest.mark.hazard("H78")
@pytest.mark.parametrize(
    ("said", "known", "need"),
    [
        ({"load_ohm": None}, {}, Need.LOAD_VALUE),
        ({"load_ohm": 199}, {}, Need.LOAD_VALUE),
        ({"load_ohm": 2_001}, {}, Need.LOAD_VALUE),
        ({"nobody": ""}, {}, Need.NOBODY_CONNECTED),
        ({"nobody": "Nobody is connected"}, {}, Need.NOBODY_CONNECTED),
        ({"nobody": "nobody is connected "}, {}, Need.NOBODY_CONNECTED),
        ({}, {"person": "K-17"}, Need.NOBODY_CONNECTED),
        ({}, {"stop_tried": False}, Need.STOP_TRIED),
        ({}, {"statement_accepted": False}, Need.STATEMENT),
        ({}, {"present": False}, Need.PRESENCE),
        ({}, {"watchdog_tested": False}, Need.WATCHDOG),
        ({}, {"asks_attendance": False}, Need.PROMPTS),
    ],
)
def test_each_line_of_the_list_of_the_bench_refuses_alone(
    said: dict[str, Any], known: dict[str, Any], need: Need
) -> None:
    assert needs(said=replace(AT_BENCH, **said), known=replace(BENCH, **known)) == [need]


@pytest.mark.hazard("H78")
def test_a_bench_session_goes_no_higher_than_its_own_maximum() -> None:
    high = at(plan_of("tens-conventional", 25_500), None)
    assert needs(high, AT_BENCH, BENCH) == [Need.BENCH_LEVEL]
    assert needs(at(plan_of("tens-conventional", 25_000), None), AT_BENCH, BENCH) == []


@pytest.mark.hazard("H82")
def test_a_bench_session_on_hardware_gives_no_functional_output_either() -> None:
    """N8: a load at the device, and inputs that switch it; a simulated device may."""
    plan = functional_plan({"one": ON_WHILE})
    assert Need.FUNCTIONAL in needs(plan, AT_BENCH, BENCH)
    assert Need.FUNCTIONAL not in needs(plan, AT_BENCH, replace(BENCH, simulation=True))


@pytest.mark.hazard("H78")
def test_nothing_that_is_said_of_the_bench_helps_a_session_for_a_person() -> None:
    said = replace(SAID, load_ohm=1_000, nobody=NOBODY)
    assert needs(said=said, known=replace(KNOWN, uncommissioned="not yet")) == [Need.COMMISSIONING]
