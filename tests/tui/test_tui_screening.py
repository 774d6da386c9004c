"""Screening on its screen: which questions, whose approval a key gives, what is copied."""

from __future__ import annotations

import pytest

from stimctl.errors import UsageError
from stimctl.safety import QUESTIONS
from stimctl.tui.model.precheck import PrecheckPage, groups
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World


def questions(world: World) -> PrecheckPage:
    """The screening of somebody, open."""
    world.bed.take_person("K-17")
    world.desk.open("precheck")
    page = world.desk.pages["precheck"]
    assert isinstance(page, PrecheckPage)
    return page


def answer(world: World, key: str) -> None:
    world.pass_time(700 * MS)
    world.key(key)


@pytest.mark.hazard("H45")
def test_every_question_of_the_list_is_asked_once_and_pacemaker_first() -> None:
    asked = [id_ for _, ids in groups() for id_ in ids]
    assert sorted(asked) == sorted(one.id for one in QUESTIONS)
    assert asked[0] == "C01"
    assert next(one.text for one in QUESTIONS if one.id == "C01") == "pacemaker (any type)"
    assert [name for name, _ in groups()] == [
        "Implants", "Skin under the electrodes", "This site", "Other",
    ]  # fmt: skip


@pytest.mark.hazard("H45")
def test_keys_answer_one_question_each_in_the_order_of_the_screen(world: World) -> None:
    page = questions(world)
    order = [id_ for _, ids in groups() for id_ in ids]
    for number, id_ in enumerate(order):
        assert page.picked == id_
        assert page.left == len(order) - number
        answer(world, "n")
    assert page.left == 0
    assert list(page.verdict()) == ["✓ Screening complete"]


@pytest.mark.hazard("H45")
@pytest.mark.parametrize("id_", ["C13", "C12", "C14", "C03", "C30"])
def test_after_a_yes_the_approval_is_for_that_line(world: World, id_: str) -> None:
    """A caution or a specialist's condition keeps the line until its own key was pressed."""
    page = questions(world)
    page.picked = id_
    answer(world, "y")
    assert page.picked == id_
    assert world.bed.papers.approvals == set()
    world.key("w")
    assert world.bed.papers.approvals == {id_}
    assert page.picked != id_
    world.key("w")  # the next line asks for none
    assert world.bed.papers.approvals == {id_}
    assert "no approval is needed" in world.desk.message


@pytest.mark.hazard("H45")
def test_what_waits_for_its_approval_is_come_back_to(world: World) -> None:
    page = questions(world)
    page.picked = "C13"
    answer(world, "y")
    page.picked = "C01"
    for _ in range(40):  # more often than there are questions: by habit, or without reading
        answer(world, "n")
    assert page.left == 0
    assert world.bed.answers["C13"]
    world.key("w", "w")
    assert world.bed.papers.approvals == set()
    world.key("enter")
    assert page.picked == "C13"


@pytest.mark.hazard("H45")
def test_no_second_approval_follows_the_first_by_habit(world: World) -> None:
    page = questions(world)
    for id_ in ("C13", "C25"):
        page.picked = id_
        answer(world, "y")
    page.picked = "C13"
    world.key("w", "w", "w")
    assert world.bed.papers.approvals == {"C13"}


@pytest.mark.hazard("H45")
@pytest.mark.parametrize("id_", ["C02", "C08", "C24"])
def test_what_rules_treatment_out_says_so_and_takes_no_approval(world: World, id_: str) -> None:
    page = questions(world)
    page.picked = id_
    answer(world, "y")
    assert "cannot be overridden" in world.desk.message
    world.key("w")
    assert world.bed.papers.approvals == set()


@pytest.mark.hazard("H19")
@pytest.mark.parametrize("key", ["y", "n"])
def test_a_held_key_on_the_screen_answers_one_question(world: World, key: str) -> None:
    page = questions(world)
    with Headless(world) as ui:
        for _ in range(20):
            ui.press(key)
    assert len(world.bed.answers) == 1
    assert page.left == len(QUESTIONS) - 1


@pytest.mark.hazard("H45")
def test_the_last_visit_is_copied_and_changed_where_it_differs(world: World) -> None:
    page = questions(world)
    assert "last 90 days" in str(page.offers()["unchanged"])
    world.bed.answered(dict.fromkeys((one.id for one in QUESTIONS), False))
    later = World(world.bed.state_folder)
    page = questions(later)
    assert later.bed.answers == {}  # nothing is copied by itself
    later.key("u")
    assert page.left == 0
    assert page.copied
    page.picked = "C11"
    answer(later, "y")
    assert later.bed.answers["C11"]
    assert not page.copied


@pytest.mark.broad
def test_each_picked_question_is_read_in_full(world: World) -> None:
    page = questions(world)
    with Headless(world) as ui:
        for one in QUESTIONS:
            page.picked = one.id
            ui.settle()
            assert one.text in " ".join(ui.text.split()), one.id


def test_pain_is_asked_before_and_goes_on_record(world: World) -> None:
    from stimctl.tui.model.handing import papers_of

    page = questions(world)
    with Headless(world) as ui:
        for typed, kept in (
            ("5", "5"),
            ("99", "5"),
            ("10", "10"),
            ("x", "10"),
            ("", "10"),
            ("0", "0"),
        ):
            ui.press("p")
            ui.type(typed)
            ui.press("enter")
            assert world.bed.papers.pain_before == kept, typed
        ui.press("p", "escape", "n")
        assert ui.name == "precheck"
    assert world.bed.answers  # the keys are the questions' again
    assert papers_of(world.desk)["pain before 0-10"] == "0"
    for wrong in ("11", "-1", "5.5", "a"):
        with pytest.raises(UsageError):
            page.set_pain(wrong)


@pytest.mark.hazard("H32", "H45")
def test_what_is_asked_once_is_ticked_on_the_screen(world: World) -> None:
    questions(world)
    with Headless(world) as ui:
        assert "○ t shown how to stop" in ui.text
        ui.press("t", "space")
        assert "✓ t shown how to stop" in ui.text
        assert "✓ SPACE STOP key tried" in ui.text
        ui.press("t")
        assert "○ t shown how to stop" in ui.text


def test_while_output_is_on_nothing_is_answered(world: World) -> None:
    world.to_running(steps=1)
    world.desk.open("precheck")
    with Headless(world) as ui:
        ui.press("n", "t", "w")
        assert "STOP first" in ui.text
    assert world.bed.answers == {}
    assert not world.bed.papers.told_stop


@pytest.mark.hazard("H25")
def test_the_demo_is_no_patient_of_the_records(world: World, mocker: object) -> None:
    from types import SimpleNamespace

    from stimctl.records.people import listing
    from stimctl.tui.model.persons import known_persons

    def entry(person: str) -> SimpleNamespace:
        return SimpleNamespace(person=person, sim=True, started="2026-11-28T", protocol="tens")

    there = [entry(one) for one in ("K-17", "DEMO-1", "K-18", "DEMO-1", "")]
    mocker.patch.object(listing, "list_sessions", return_value=there)  # type: ignore[attr-defined]
    assert [code for code, _ in known_persons(world.bed.state_folder)] == ["K-18", "K-17"]
    world.pass_time(1 * S)
