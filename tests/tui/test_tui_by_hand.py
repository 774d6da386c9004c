"""`run --manual`: what the command line has said is handed in as it was said, and nothing more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from stimctl.records.answers import Answers
from stimctl.records.approvals import accept_use
from stimctl.safety import QUESTIONS
from stimctl.session.needs import FIRST_SESSION, KNOWS_STOP, PADS_APART, Preparation
from stimctl.tui.model.arming import arm_refusal
from stimctl.tui.model.handing import handed_in
from stimctl.tui.model.manual import Manual, begin_manual
from stimctl.tui.model.planning import choose
from stimctl.tui.plain.commands import COMMANDS
from tests.support.commissioned_device import commissioned
from tests.support.tui_desk import S, World

NO_TO_ALL = {"C01": False, "C13": False}


def begun(world: World, device: str = "sim:p24", **said: Any) -> World:
    preparation = Preparation(**said)
    answers = Answers(
        preparation.answers, preparation.answers_person, preparation.answered, preparation.expires
    )
    choice = choose("gate-tens" if "openemsstim" in device else "tens-conventional")
    seats = tuple(replace(seat, site="left-knee") for seat in choice.seats)
    choice = replace(choice, seats=seats, acknowledged=frozenset({"L-ATT", "H18"}))
    given = answers.as_fields() if preparation.answers else {}
    begin_manual(world.desk, Manual(device, choice, preparation, given, person="K-17"))
    world.pass_time((2 if "p24" in device else 14) * S)
    return world


def handed(world: World) -> dict[str, str]:
    return {name: text for fields in handed_in(world.desk) for name, text in fields.items()}


@pytest.mark.parametrize("device", ["sim:p24", "sim:openemsstim"])
def test_the_plan_of_the_command_line_is_with_the_supervisor_at_once(
    world: World, device: str
) -> None:
    bed = begun(world, device).bed
    assert bed.is_loaded, bed.why_not
    assert bed.live.state == "checked"
    assert bed.device == device
    assert arm_refusal(world.desk) is None


@pytest.mark.hazard("H68", "H45")
def test_answers_keep_their_own_person_and_day(world: World) -> None:
    told = handed(begun(world, answers=NO_TO_ALL, answers_person="K-71", answered=date(2020, 1, 1)))
    assert (told["person"], told["answered"]) == ("K-71", "2020-01-01")
    world.bed.answered({"C01": False})  # given in the face: of the person here, today
    assert handed(world)["person"] == "K-17"
    assert handed(world)["answered"] != "2020-01-01"


@pytest.mark.hazard("H25")
def test_nothing_is_acknowledged_that_nobody_has_said(world: World) -> None:
    told = handed(begun(world))
    assert told.keys() <= {"acknowledge", "approvals", "confirm"}
    assert not told.get("acknowledge")
    assert world.bed.papers.sides == {}


def test_what_was_said_is_handed_in(world: World) -> None:
    ids = frozenset({FIRST_SESSION, KNOWS_STOP, PADS_APART, "C13"})
    told = handed(
        begun(world, acknowledged=ids, sides={1: "left"}, confirm="0F61", electrodes={1: "E-12"})
    )
    assert ids <= set(told["acknowledge"].split())
    assert (told["sides"], told["confirm"]) == ("1=left", "0f61")
    assert told["electrodes"] == "1=E-12"
    assert "E-13" in COMMANDS["electrodes"].do(world.desk, ["1", "E-13"])
    assert handed(world)["electrodes"] == "1=E-13"


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("sides", [{1: "right"}, {2: "left"}, {}])
def test_a_side_that_is_not_that_of_the_site_is_not_handed_in(
    world: World, sides: dict[int, str]
) -> None:
    assert "sides" not in handed(begun(world, sides=sides))


@pytest.mark.hazard("H25")
def test_another_person_takes_nothing_of_it(world: World) -> None:
    ids = frozenset({FIRST_SESSION, KNOWS_STOP, PADS_APART})
    begun(world, answers=NO_TO_ALL, answers_person="K-17", acknowledged=ids, sides={1: "left"})
    world.bed.take_person("K-18")
    told = handed(world)
    assert "answers" not in told
    assert "sides" not in told
    assert not told.get("acknowledge")


# -- on hardware: each item of the checklist that the command line left out is asked for ----------

DEVICE = f"p24:{Path(__file__)}"  # a file that is no port: not software
TODAY = datetime.now().astimezone().date()
IDS = frozenset({FIRST_SESSION, KNOWS_STOP, PADS_APART})
SAID: dict[str, Any] = {
    "answers": {one.id: False for one in QUESTIONS}, "answers_person": "K-17", "answered": TODAY,
    "acknowledged": IDS, "sides": {1: "left"},
}  # fmt: skip


@pytest.mark.hazard("H25", "H41", "H45")
@pytest.mark.parametrize(
    ("left_out", "asked"),
    [
        ({}, "STOP key"),
        ({"acknowledged": IDS - {FIRST_SESSION}}, "not confirmed by the PIN"),
        ({"acknowledged": IDS - {KNOWS_STOP}}, "not shown how to stop"),
        ({"acknowledged": IDS - {PADS_APART}}, "spacing is not confirmed"),
        ({"answers": {}}, "questions left"),
        ({"answers": SAID["answers"] | {"C02": True}}, "C02"),
        ({"sides": {}}, "side of channel 1"),
        ({"sides": {1: "right"}}, "side of channel 1"),
    ],
)
def test_what_was_left_out_is_asked_for_before_hardware_is_armed(
    world: World, left_out: dict[str, Any], asked: str
) -> None:
    accept_use(world.bed.state_folder, "2026-01-01T00:00:00Z", "0")
    commissioned(world.bed.state_folder, "SIM0000000")
    begun(world, DEVICE, **(SAID | left_out))
    assert not world.bed.live.sim
    if left_out:
        world.bed.papers.stop_key = "SPACE"
    told = arm_refusal(world.desk)
    assert told is not None
    assert asked in told
    world.bed.papers.stop_key = "SPACE"
    if not left_out:
        assert "not simulated" in str(arm_refusal(world.desk))
