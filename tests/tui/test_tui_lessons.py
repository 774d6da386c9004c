"""The lessons: each leads through its steps by what the session shows, and says what it taught."""

from __future__ import annotations

import os

import pytest

from stimctl.supervisor.twin import OPTIONS_VARIABLE
from stimctl.tui.model.lessons import LESSONS, LessonsPage
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World


def begun(world: World, number: int) -> LessonsPage:
    world.desk.open("lessons")
    page = world.desk.pages["lessons"]
    assert isinstance(page, LessonsPage)
    page.picked = number
    world.key("enter")
    world.pass_time(1 * S)
    assert world.desk.course is not None
    return page


def start(world: World) -> None:
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(1 * S)


def climb(world: World, ua: int) -> None:
    world.key("alt+1")
    for _ in range(3 * ua // 500):
        if world.set_level() >= ua:
            break
        world.pass_time(800 * MS)
        world.key("up")
    world.pass_time(1 * S)


def test_the_first_treatment_goes_step_by_step(world: World) -> None:
    page = begun(world, 0)
    assert "Lesson 1/5: Press a (ready)" in world.desk.message
    start(world)
    assert "Lesson 2/5" in world.desk.message
    climb(world, 3_000)
    assert "Lesson 3/5" in world.desk.message
    world.key("s")
    world.pass_time(1 * S)
    world.key("z")  # a key that means nothing here takes the words away
    world.desk.message = ""
    world.pass_time(1 * S)
    assert "Lesson 4/5" in world.desk.message
    world.key("down", "down", "down")
    world.pass_time(1 * S)
    world.key("space")
    world.pass_time(2 * S)
    assert world.desk.course is None
    assert page.done == {0}
    assert world.desk.page.name == "lessons"
    assert "SPACE" in world.desk.message


def test_the_patient_says_stop(world: World) -> None:
    page = begun(world, 2)
    start(world)
    climb(world, 3_000)
    assert "The patient says: STOP!" in world.desk.message
    world.key("space")
    world.pass_time(2 * S)
    assert page.done == {2}


@pytest.mark.parametrize(("number", "state"), [(1, "fault"), (3, "unknown"), (4, "unknown")])
def test_what_goes_wrong_is_waited_for_and_what_was_done_then(
    world: World, number: int, state: str
) -> None:
    page = begun(world, number)
    start(world)
    assert "Lesson 2/3" in world.desk.message
    world.bed.live.state = state
    world.pass_time(300 * MS)
    assert world.desk.course is not None
    assert world.desk.course.at == 2
    world.bed.live.state = "stopped"
    world.pass_time(300 * MS)
    assert page.done == {number}


@pytest.mark.parametrize("number", range(len(LESSONS)))
def test_a_lesson_has_its_own_fault_and_the_next_session_none(
    world: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPTIONS_VARIABLE, "--seed 7")
    given: list[str] = []
    made = world.bed._make_client

    def make(*what: object) -> object:
        given.append(os.environ[OPTIONS_VARIABLE])
        return made(*what)  # type: ignore[arg-type]

    world.bed._make_client = make  # type: ignore[assignment]
    begun(world, number)
    assert given == [f"--seed 7 {LESSONS[number].fault}".strip()]
    assert os.environ[OPTIONS_VARIABLE] == "--seed 7"


@pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.name)
def test_the_fault_of_a_lesson_is_one_that_the_twin_has(one: object) -> None:
    from firmware_sim.faults import SPECS, parse_fault

    fault = one.fault  # type: ignore[attr-defined]
    if fault:
        assert parse_fault(fault.removeprefix("--fault ")).name in SPECS


def test_lessons_are_listed_and_begin_from_the_first_screen(world: World) -> None:
    with Headless(world) as ui:
        ui.press("l")
        for one in LESSONS:
            assert one.name in ui.text
        ui.press("enter")
        ui.pass_time(1 * S)
        assert ui.name == "run"
        assert "Lesson 1/5" in ui.text
