"""What a session has come to: its course, its outcome, notes, and the marked thresholds."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from stimctl.errors import UsageError
from stimctl.session import rows
from stimctl.session.events import Kind, event_of
from stimctl.session.reasons import Reason
from stimctl.tui.model.course import Course
from stimctl.tui.model.persons import remembered
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World

NO_REASON = Reason("", "")


def second(levels: dict[int, int], counted: dict[str, object] | None = None) -> rows.Telemetry:
    return rows.Telemetry(0, levels, levels, None, levels, "uA", "good", counted or {})


def test_the_report_has_the_course_of_every_channel(world: World) -> None:
    world.to_running(steps=4)
    world.pass_time(10 * S)
    world.key("s", "p")
    world.pass_time(1 * S)
    world.key("space")
    world.pass_time(1 * S)
    world.key("9")
    shown = world.text(100, 30)
    assert "highest 2.0 mA" in shown
    assert "1 pauses" in shown
    assert "sensory 2.0" in shown
    assert "stopped: key space" in shown
    assert "research only" in shown


@pytest.mark.parametrize("accepted", [["H18"], [], "H18", {}, None])
def test_what_was_accepted_is_not_taken_for_what_the_device_acknowledged(accepted: object) -> None:
    course = Course()
    course.take(second({1: 2_000}, {"1": {"pulses": 7}}), "")
    for kind in (Kind.NOTE, Kind.READY, Kind.UNKNOWN):
        course.take(event_of({"kind": kind, "reason": "", "acknowledged": accepted}), "")
    assert course.acknowledged == {"1": {"pulses": 7}}


def test_a_course_begins_anew_with_each_start_and_counts_by_the_second() -> None:
    course = Course()
    degraded = rows.AlarmRaised(Reason("link-degraded", "link degraded"), "low")
    for event in (
        rows.LevelSet(1, 9_000, "uA", "hand"),
        rows.Started("0f", 1, "beginning", 0),
        rows.LevelSet(1, 2_000, "uA", "hand"),
        rows.LevelSet(1, 2_500, "uA", "hand"),
        rows.LevelSet(1, 2_000, "uA", "line"),  # it was never felt
        *[second({1: 2_000, 2: 0})] * 60,
        second({1: 8_000}),
        rows.Contracted(1, 3, 2_000, 2_000, "uA"),
        degraded,
        degraded,
        rows.Refused("raise", NO_REASON),
        rows.StateEntered("paused", "running", NO_REASON),
        rows.Ended("completed", NO_REASON),
        None,
    ):
        course.take(event, "10:31:02")
    one = course.channels[1]
    assert (one.highest_level, one.on_s, one.contractions) == (2_000, 61, 3)
    assert one.mean_level == (60 * 2_000 + 8_000) // 61
    assert 2 not in course.channels
    assert (course.alarms["link-degraded"], course.refused, course.pauses) == (2, 1, 1)


def test_the_outcome_is_answered_with_arrows_and_goes_on_record(world: World) -> None:
    world.to_running(steps=1)
    world.key("space")
    world.pass_time(1 * S)
    world.key("o", "enter")
    assert "nothing was answered" in world.desk.message
    world.key(*["right"] * 7, "down", *["right"] * 4, "down", "right", "enter")
    text = "pain before 0-10: 6; pain after 0-10: 3; skin: unchanged"
    assert ("note", {"topic": "outcome", "text": text}) in world.clients[-1].sent
    assert world.desk.front.name == "report"
    assert "pain after 0-10: 3" in world.text()


def test_while_output_is_on_no_outcome_is_changed(world: World) -> None:
    world.to_running(steps=1)
    world.desk.open("outcome")
    assert "STOP first" in str(world.desk.offers()["more"])


def notes_sent(world: World, topic: str = "note") -> list[str]:
    sent = world.clients[-1].sent
    return [str(f["text"]) for do, f in sent if do == "note" and f["topic"] == topic]


def test_a_note_is_picked_while_on_and_may_be_typed_at_zero(world: World) -> None:
    world.to_running(steps=1)
    with Headless(world) as ui:
        ui.press("n", "t")
        assert "SPACE is STOP" in world.desk.message
        ui.press("a")
        assert ui.name == "run"
        ui.press("space")
        ui.pass_time(1 * S)
        ui.press("n", "t")
        ui.type("calf cramp 3 times")
        ui.press("enter")
        assert notes_sent(world) == ["good contraction", "calf cramp 3 times"]
        ui.press("n", "1")
    assert notes_sent(world)[-1] == "comfortable"


def test_an_open_field_closes_when_output_comes_on_and_its_space_is_stop_again(
    world: World,
) -> None:
    world.to_run()
    world.desk.overlay = world.desk.pages["notes"]
    with Headless(world) as ui:
        ui.press("t")
        ui.type("a b")
        assert ui.app.takes_space()
        ui.app.screen.query_one(Input).clear()
        world.key("escape")  # the desk: as from another thread
        world.to_running(steps=1)
        world.desk.overlay = world.desk.pages["notes"]
        ui.settle()
        assert not ui.app.takes_space()
        assert not ui.app.screen.query_one(Input).display
        ui.press("space")
        ui.pass_time(1 * S)
    assert world.bench.state.value == "stopped"


@pytest.mark.parametrize("text", ["", "   ", "\t"])
def test_an_empty_note_is_none(world: World, text: str) -> None:
    world.to_run()
    with pytest.raises(UsageError, match="empty"):
        world.desk.pages["notes"].write(text)  # type: ignore[attr-defined]
    assert not notes_sent(world)


def test_while_output_is_on_no_note_is_written_by_any_way(world: World) -> None:
    world.to_running(steps=1)
    with pytest.raises(UsageError, match="at zero only"):
        world.desk.pages["notes"].write("comfortable")  # type: ignore[attr-defined]
    assert not notes_sent(world)


@pytest.mark.parametrize("words", ["feels nothing", "stings/burns", "itches", "cramp",
                                   "muscle trembling", "wants less", "wants more"])  # fmt: skip
def test_what_people_say_is_in_the_list_and_has_a_key(world: World, words: str) -> None:
    world.to_running(steps=1)
    page = world.desk.pages["notes"]
    key = next(key for key, one in page.numbered() if one.text == words)  # type: ignore[attr-defined]
    world.key("n", key)
    assert notes_sent(world) == [words]
    assert world.bench.state.value == "running"


def test_a_mistaken_note_is_taken_back_and_the_record_keeps_both(world: World) -> None:
    world.to_running(steps=1)
    world.key("n", "1", "n", "a")
    assert world.bed.live.course.answers["note"] == "good contraction"
    world.key("n", "z")
    assert notes_sent(world) == ["comfortable", "good contraction"]
    assert notes_sent(world, "correction") == ["taken back: note: good contraction"]
    assert world.bed.live.course.answers["note"] == "comfortable"
    world.key("n", "z", "n", "z")
    assert "no note and no mark" in world.desk.message
    assert len(notes_sent(world, "correction")) == 2


def test_a_mark_is_taken_back_to_what_stood_there_before(world: World) -> None:
    world.to_running(steps=2)
    world.key("s")
    world.key("down")
    world.pass_time(300 * MS)
    world.key("s", "t")
    assert [(one.what, one.amplitude_ua) for one in world.bed.marks] == [
        ("sensory", 500), ("tolerance", 500)]  # fmt: skip
    world.key("n", "z", "n", "z")
    assert [(one.what, one.amplitude_ua) for one in world.bed.marks] == [("sensory", 1_000)]
    (kept,) = remembered(world.bed.state_folder, "DEMO-1").marks
    assert kept.amplitude_ua == 1_000
    assert len(notes_sent(world, "correction")) == 2


@pytest.mark.hazard("H25", "H24")
def test_thresholds_of_last_time_are_shown_for_the_same_place_and_never_set(world: World) -> None:
    from dataclasses import replace

    world.to_running("nmes-tka", steps=0)
    world.pass_time(4 * S)
    world.key("up")
    world.pass_time(300 * MS)
    world.key("m")
    world.key("space")
    world.pass_time(1 * S)
    marks = world.bed.marks
    assert [(mark.what, mark.amplitude_ua) for mark in marks] == [("motor", 500)]
    world.to_run("nmes-tka")
    world.bed.live.asked = None
    world.desk.open("thresholds")
    assert "last 24 h" in world.text()
    assert "ch1 motor 0.5 mA" in world.text()
    assert world.set_level() == 0
    assert world.bed.choice is not None
    seat = world.bed.choice.seats[0]
    world.bed.take(world.bed.choice.with_seat(replace(seat, site="right-quadriceps")))
    assert "ch1 motor" not in world.text()
