"""What a session has come to: its course, its outcome, notes, and the marked thresholds."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, RichLog, Select

from stimctl.bench import Bench
from stimctl.errors import UsageError
from stimctl.report.forms import FORMS
from stimctl.session import rows
from stimctl.session.events import Kind, event_of
from stimctl.session.reasons import Reason
from stimctl.tui.model.course import Course
from stimctl.tui.model.handing_on import ExportPage
from stimctl.tui.model.outcome import OutcomePage
from stimctl.tui.model.persons import now_s, remembered
from stimctl.tui.model.report import HEADS, ReportPage
from stimctl.tui.themes import THEMES
from tests.support.headless import Headless
from tests.support.recorded import record
from tests.support.rendered import cut, unreadable
from tests.support.tui_desk import MS, S, World

NO_REASON = Reason("", "")


def second(levels: dict[int, int], counted: dict[str, object] | None = None) -> rows.Telemetry:
    return rows.Telemetry(0, levels, levels, None, levels, "uA", "good", counted or {})


def report_of(world: World) -> ReportPage:
    page = world.desk.pages["report"]
    assert isinstance(page, ReportPage)
    return page


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 45)])
def test_the_report_has_the_course_of_every_channel(world: World, size: tuple[int, int]) -> None:
    world.to_running(steps=4)
    world.pass_time(10 * S)
    world.key("s", "p")
    world.pass_time(1 * S)
    world.key("space")
    world.pass_time(1 * S)
    world.desk.open("report")
    (row,) = report_of(world).channels()
    told = dict(zip(HEADS, row, strict=True))
    assert world.bed.choice is not None
    most = world.bed.choice.seats[0].ceiling
    assert (told["Channel"], told["Maximum"], told["Max set"]) == ("1 pain", most, "2.0 mA")
    assert told["Mean set"].endswith("mA")
    assert "contractions" not in told["Pulses"]  # none are told of a session without cycles
    facts = dict(report_of(world).facts())
    assert facts["Time"].endswith(", 1 pause")
    assert "sensory 2.0" in facts["Thresholds"]
    assert "research only" in facts["Stimulator"]
    assert "pulses" in facts["Dose 1"]
    with Headless(world, size) as ui:
        shown = " ".join(ui.text.split())
    for words in ("STOPPED EARLY", "by the operator (SPACE)", "2.0 mA", "1 pause", "Alarms none",
                  "not recorded yet", "Record"):  # fmt: skip
        assert words in shown


def test_refusals_are_none_of_the_report(world: World) -> None:
    world.to_running(steps=2)
    world.bed.live.course.refused = 7
    assert "refus" not in str(report_of(world).facts())


def test_contractions_are_told_of_cycles(world: World) -> None:
    world.to_running("nmes-tka")
    world.pass_time(4 * S)
    world.key("up")
    world.pass_time(70 * S, S)
    (row,) = report_of(world).channels()
    assert "contractions" in row[-1]


@pytest.mark.parametrize(("end", "words", "kind"), [
    ("run on", "● IN PROGRESS", "on"), ("plan", "✓ COMPLETED  30:00 of 30:00", "completed"),
    ("key", "■ STOPPED EARLY", "stopped"), ("fault", "■ STOPPED EARLY", "stopped"),
])  # fmt: skip
def test_a_completed_session_looks_different_from_a_stopped_one(
    world: World, end: str, words: str, kind: str
) -> None:
    world.to_running(steps=1)
    if end == "plan":
        for _ in range(31 * 60):
            world.pass_time(1 * S, 1 * S)
            if world.bed.live.attend_until_ns is not None:
                world.key("z")
    elif end == "key":
        world.key("space")
    elif end == "fault":
        world.bench.engine._core.stopped_at_device(world.bench.now_ns, "the emergency switch")
    world.pass_time(1 * S)
    told, found = report_of(world).verdict()
    assert told.startswith(words)
    assert found == kind


def test_before_any_session_there_is_nothing_to_tell(world: World) -> None:
    assert report_of(world).verdict() == ("No treatment yet", "none")
    world.desk.open("report")
    with Headless(world) as ui:
        assert "No treatment yet" in ui.text


def test_where_there_is_no_room_for_both_a_key_shows_the_plot(world: World) -> None:
    world.to_running(steps=4)
    world.pass_time(60 * S, S)
    world.key("space")
    world.pass_time(1 * S)
    world.desk.open("report")
    with Headless(world) as ui:
        assert "confirmed" not in ui.text.replace("confirmed 0.0", "")
        ui.press("v")
        assert "planned" in ui.text
        ui.press("v")
        assert "Max set" in ui.text
    with Headless(world, (140, 45)) as ui:
        assert "planned" in ui.text
        assert "Max set" in ui.text


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


def outcome_of(world: World) -> OutcomePage:
    page = world.desk.pages["outcome"]
    assert isinstance(page, OutcomePage)
    return page


def stopped(world: World) -> None:
    world.to_running(steps=1)
    world.key("space")
    world.pass_time(1 * S)


def test_the_outcome_is_answered_in_lists_and_goes_on_record(world: World) -> None:
    stopped(world)
    with Headless(world) as ui:
        ui.press("d", "r")
        assert "nothing is answered" in world.desk.message
        ui.press("enter", *["down"] * 7, "enter")  # not asked, 0, 1, ... 6
        ui.press("tab", "enter", *["down"] * 4, "enter")
        ui.press("tab", "enter", "down", "enter")
        ui.press("r")
        assert ui.name == "report"
        text = "pain before 0-10: 6; pain after 0-10: 3; skin: unchanged"
        assert ("note", {"topic": "outcome", "text": text}) in world.clients[-1].sent
        assert "pain after 0-10: 3" in " ".join(ui.text.split())
        ui.press("d")
        assert ui.text.count("not asked") == 6  # another one begins empty


def test_the_button_records_as_the_key_does(world: World) -> None:
    stopped(world)
    world.desk.open("outcome")
    with Headless(world) as ui:
        outcome_of(world).choose("comfort", "comfortable")
        ui.settle()
        ui.click("#record")
    assert notes_sent(world, "outcome") == ["comfort: comfortable"]


def test_pain_before_is_taken_over_where_it_was_asked_before(world: World) -> None:
    stopped(world)
    world.bed.papers.pain_before = "7"
    world.desk.open("outcome")
    assert outcome_of(world).values == {"pain before 0-10": "7"}
    outcome_of(world).choose("pain after 0-10", "2")
    world.key("r")
    assert notes_sent(world, "outcome") == ["pain before 0-10: 7; pain after 0-10: 2"]


def test_the_skin_is_asked_once_whichever_comes_first(world: World) -> None:
    stopped(world)
    world.key("y", "2")
    world.key("d")
    assert outcome_of(world).values["skin"] == "slightly red"
    world.key("r")
    assert notes_sent(world, "skin_check_at_end") == ["skin slightly and evenly red"]
    world.to_running(steps=1)
    world.key("space")
    world.pass_time(1 * S)
    assert world.bed.live.asked is not None
    world.key("d")
    outcome_of(world).choose("skin", "unchanged")
    world.key("r")
    assert world.bed.live.asked is None
    assert notes_sent(world, "skin_check_at_end")[-1] == "skin unchanged"


def test_nothing_of_one_outcome_stays_for_the_next_session(world: World) -> None:
    stopped(world)
    world.desk.open("outcome")
    outcome_of(world).choose("tolerance", "tolerated")
    world.bed.take_person("K-17")
    world.desk.open("outcome")
    assert not outcome_of(world).values


@pytest.mark.parametrize(("field", "value"), [("skin", "green"), ("pain after 0-10", "11"),
                                              ("comfort", "tolerated")])  # fmt: skip
def test_an_answer_that_the_form_has_not_is_none(world: World, field: str, value: str) -> None:
    stopped(world)
    with pytest.raises(UsageError, match="no answer"):
        outcome_of(world).choose(field, value)


def test_while_output_is_on_no_outcome_is_changed(world: World) -> None:
    world.to_running(steps=1)
    world.desk.open("outcome")
    assert "STOP first" in str(world.desk.offers()["record"])
    with pytest.raises(UsageError, match="STOP first"):
        outcome_of(world).choose("skin", "unchanged")
    with Headless(world) as ui:
        fields = list(ui.app.screen.query(Select))
        assert len(fields) == 6
        assert all(one.is_disabled for one in fields)


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
        world.desk.pages["notes"].write(text)
    assert not notes_sent(world)


def test_while_output_is_on_no_note_is_written_by_any_way(world: World) -> None:
    world.to_running(steps=1)
    with pytest.raises(UsageError, match="at zero only"):
        world.desk.pages["notes"].write("comfortable")
    assert not notes_sent(world)


@pytest.mark.parametrize("words", ["feels nothing", "stings/burns", "itches", "cramp",
                                   "muscle trembling", "wants less", "wants more"])  # fmt: skip
def test_what_people_say_is_in_the_list_and_has_a_key(world: World, words: str) -> None:
    world.to_running(steps=1)
    page = world.desk.pages["notes"]
    key = next(key for key, one in page.numbered() if one.text == words)
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


def thresholds_of(world: World) -> list[tuple[str, ...]]:
    return world.desk.pages["thresholds"].rows()


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
    today, last = thresholds_of(world)
    assert today[2:] == ("–", "–", "–", "–")
    assert last[2:] == ("–", "0.5 mA", "–", "0.5 mA")  # the last one: how strong the visit was
    world.desk.open("thresholds")
    with Headless(world) as ui:
        assert "last 24 h" in " ".join(ui.text.split())
        assert "0.5 mA" in ui.text
    assert world.set_level() == 0
    assert world.bed.choice is not None
    seat = world.bed.choice.seats[0]
    world.bed.take(world.bed.choice.with_seat(replace(seat, site="right-quadriceps")))
    assert len(thresholds_of(world)) == 1


@pytest.mark.hazard("H24")
def test_how_strong_the_last_visit_was_is_kept_after_a_day_and_a_threshold_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.to_running(steps=5)
    world.key("s")
    world.key("space")
    world.pass_time(1 * S)
    later = now_s() + 8 * 86_400
    monkeypatch.setattr("stimctl.tui.model.thresholds.now_s", lambda: later)
    world.to_run()
    _, last = thresholds_of(world)
    assert last[2:] == ("–", "–", "–", "2.5 mA")
    assert world.set_level() == 0


def test_every_event_is_behind_a_key_and_takes_no_arrow(world: World) -> None:
    world.to_running(steps=3)
    with Headless(world) as ui:
        ui.press("h")
        assert ui.name == "log"
        assert "channel 1 set to 1.5 mA" in ui.text
        assert not ui.app.screen.query_one(RichLog).can_focus
        ui.press("up", "plus")
        ui.press("down")
        ui.pass_time(500 * MS)
        assert world.set_level() == 1_000
        assert ui.text.count("channel 1 set to 1 mA") == 2  # on the way up, and now
        ui.press("k", "k", "k", "j", "escape")
        assert ui.name == "run"


def test_service_tells_device_limits_and_records_and_changes_nothing(world: World) -> None:
    world.to_running(steps=1)
    with Headless(world) as ui:
        ui.press("f2")
        assert "SIM0000000" in ui.text
        for words in ("At the device", "pain, maximum", "Watchdog test", "records in"):
            ui.press("right")
            assert words in " ".join(ui.text.split())
    assert world.set_level() == 500


def test_without_a_device_service_says_where_one_is_connected(world: World) -> None:
    world.desk.open("service")
    with Headless(world) as ui:
        assert "none is connected: 2" in ui.text


@pytest.mark.broad
@pytest.mark.hazard("H27")
@pytest.mark.parametrize(("size", "themes"), [
    pytest.param((140, 45), tuple(THEMES), id="large, where most is shown",
                 marks=pytest.mark.broad),
    pytest.param((80, 24), (next(iter(THEMES)),), id="small, where most is cut"),
    pytest.param((80, 24), tuple(THEMES), id="small, in every theme", marks=pytest.mark.soak),
])  # fmt: skip
def test_all_that_is_asked_and_told_after_a_session_can_be_read_in_every_theme(
    world: World, size: tuple[int, int], themes: tuple[str, ...]
) -> None:
    stopped(world)
    world.key("n", "1")
    with Headless(world, size) as ui:
        for place in ("report", "outcome", "thresholds", "service", "log"):
            world.desk.open(place)
            look(ui, place, themes)
        world.desk.open("run")
        for place in ("notes", "asked", "fault", "found", "help"):
            world.desk.overlay = world.desk.pages[place]
            look(ui, place, themes)


def look(ui: Headless, place: str, themes: tuple[str, ...]) -> None:
    for theme in themes:
        ui.world.desk.theme = theme
        ui.settle()
        assert ui._where.run(unreadable, ui.app) == [], (place, theme)
    assert ui._where.run(cut, ui.app) == [], place


def test_the_report_is_written_as_a_page_at_zero_and_only_where_there_is_a_record(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    page = report_of(world)
    world.to_running(steps=2)
    world.bed.live.journal = str(record(Bench(family="p24"), tmp_path / "journal"))
    assert page.offers()["web-page"] == "output may be on: STOP first"
    world.key("space")
    world.pass_time(1 * S)
    world.desk.open("report")
    world.key("o")
    assert "written: " in world.desk.message
    assert "no desktop" in world.desk.message
    (written,) = (world.bed.state_folder / "pages").iterdir()
    assert written.read_text("utf-8").startswith("<!DOCTYPE html>")
    world.bed.live.journal = ""
    assert page.offers()["web-page"] == "nothing is recorded yet"
    assert page.offers()["export"] == "nothing is recorded yet"


def test_a_session_is_exported_in_the_form_that_is_picked(world: World, tmp_path: Path) -> None:
    report_of(world)
    world.bed.live.journal = str(record(Bench(family="p24"), tmp_path / "journal"))
    world.desk.open("report")
    world.key("e")
    page = world.desk.overlay
    assert isinstance(page, ExportPage)
    assert str(world.bed.state_folder) in page.question()
    forms = [one.text for one in page.answers()]
    assert forms[: len(FORMS)] == [one.words for one in FORMS]
    world.key(str(1 + forms.index("three lines for the chart, text")))
    assert world.desk.overlay is None
    (written,) = (world.bed.state_folder / "pages").iterdir()
    assert world.desk.message == f"written: {written}"
    assert len(written.read_text("utf-8").splitlines()) == 3
    for name in ("csv", "csv-2"):  # each into a folder of its own
        world.key("e", str(1 + forms.index("data for other programs, csv")))
        assert world.desk.message.endswith(name)
        assert any(Path(world.desk.message.removeprefix("written: ")).iterdir())


def test_the_report_can_be_opened_while_a_device_is_being_connected(world: World) -> None:
    """It is chosen by then, and has not said yet which it is."""
    world.to_run()
    world.bed.live.device = ""
    world.desk.open("report")
    assert "Stimulator" in world.text()
