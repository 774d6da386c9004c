"""A session in percent on the screens and in words: the same keys and gates, never a current."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_sim.firmware.openemsstim_fields import wiper
from stimctl.errors import UsageError
from stimctl.safety import QUESTIONS
from stimctl.supervisor.phrases import sentence_of
from stimctl.tui.model.device_facts import families
from stimctl.tui.model.live import Live
from stimctl.tui.model.measure import (
    CURRENT,
    PERCENT,
    measure_of_device,
    measure_of_protocol,
    measure_of_row,
)
from stimctl.tui.model.persons import Mark, remembered
from stimctl.tui.model.planning import choose
from stimctl.tui.plain.face import PlainFace
from tests.support.tui_desk import AT, MS, S, World, type_lines

BOARD = "sim:openemsstim"
PORT = "openemsstim:/dev/ttyUSB0"
SIZES = ((20, 5), (80, 24), (120, 40))
CURRENTS = ("mA", "µC", "µA", " uA")


def words(world: World, width: int = 80, height: int = 24) -> str:
    """The screen as running text."""
    return " ".join(world.text(width, height).replace("│", " ").split())


def running(world: World, protocol: str = "gate-tens", percent: int = 0) -> None:
    """On the board's twin, raised to so many percent."""
    world.to_running(protocol, steps=percent, device=BOARD)
    assert world.bench.state.value == "running"
    if percent:
        world.pass_time(500 * MS)
        assert world.set_level() == percent


def sent(world: World, do: str) -> list[dict[str, object]]:
    return [fields for did, fields in world.clients[-1].sent if did == do]


# -- connecting and choosing -----------------------------------------------------------------------


def test_while_the_board_starts_the_screen_says_so_and_how_long(world: World) -> None:
    world.desk.open("connect")
    world.bed.connect(BOARD)
    world.pass_time(5 * S)
    assert "opening the port restarts the board, which takes about 12 s" in words(world)
    assert "✓ zero verified" not in words(world)
    world.pass_time(8 * S)
    assert "about 12 s" not in words(world)
    assert "✓ zero verified" in words(world)
    assert "✓ zero verified" in words(world)


def test_a_plan_that_waits_for_the_board_is_loaded_when_it_has_started(world: World) -> None:
    world.bed.connect(BOARD)
    world.desk.take_rows()
    world.bed.take(choose("gate-tens"))
    world.bed.accept_warning()
    world.desk.open("run")
    world.pass_time(2 * S)
    assert not world.bed.is_loaded
    world.pass_time(12 * S)
    assert world.bed.is_loaded
    assert world.bench.state.value == "checked"


@pytest.mark.parametrize(("device", "there", "absent"), [
    (BOARD, {"gate-tens", "gate-ems"}, {"tens-conventional", "nmes-tka"}),
    ("sim:p24", {"tens-conventional", "nmes-tka"}, {"gate-tens", "gate-ems"}),
])  # fmt: skip
def test_a_device_is_offered_the_protocols_of_its_kind(
    world: World, device: str, there: set[str], absent: set[str]
) -> None:
    world.bed.connect(device)
    world.desk.open("protocols")
    shown = world.text(80, 60)
    assert all(name in shown for name in there)
    assert not any(f"{name} " in shown for name in absent)


@pytest.mark.broad
@pytest.mark.hazard("H18")
@pytest.mark.parametrize(("before", "protocol", "after"), [
    ("sim:p24", "tens-conventional", BOARD), (BOARD, "gate-tens", "sim:p24"),
])  # fmt: skip
def test_a_plan_of_one_kind_is_none_on_a_device_of_the_other(
    world: World, before: str, protocol: str, after: str
) -> None:
    world.to_run(protocol, before)
    assert world.bed.plan is not None
    world.bed.connect(after)
    world.pass_time(13 * S)
    assert world.bed.plan is None
    assert world.bed.why_not
    world.desk.open("run")
    world.key("a")
    assert world.bench.state.value != "armed"
    for page in ("protocols", "setup", "adjust", "service", "report", "run"):
        world.desk.open(page)
        world.text()


def test_nothing_is_armed_before_somebody_says_that_the_board_is_attended(world: World) -> None:
    world.bed.take_person("DEMO-1")
    world.bed.connect(BOARD)
    world.pass_time(13 * S)
    world.bed.take(choose("gate-tens"))
    world.desk.open("setup")
    assert "L-ATT" in words(world)
    assert "Press w to accept this warning" in words(world)
    world.desk.open("run")
    world.key("a")
    assert "L-ATT" in world.desk.message
    assert world.bench.state.value == "identified"
    world.desk.open("setup")
    world.key("w")
    world.desk.open("run")
    world.key("a")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "armed"
    assert sent(world, "options")[-1]["acknowledge"] == "L-ATT"


def test_a_ceiling_changes_by_one_percent_and_is_refused_above_the_scale(world: World) -> None:
    world.to_run("gate-tens", BOARD)
    world.desk.open("setup")
    ui = world.ui
    ui.settle()
    ui.press("tab", "tab", "tab")
    ui.type("21%")
    ui.press("enter")
    assert "21 %" in ui.text
    assert "maximum from set here" in words(world)
    world.desk.pages["setup"].set_maximum(1, "19%")
    with pytest.raises(UsageError, match="L-INT"):
        world.desk.pages["setup"].set_maximum(1, "101 %")
    assert world.bed.choice is not None
    above = replace(world.bed.choice.seats[0], ceiling_level=101)
    assert not world.bed.take(world.bed.choice.with_seat(above))
    assert "L-INT" in world.desk.message
    assert world.bed.choice.seats[0].ceiling_level == 19


def test_a_cap_of_the_file_is_named_as_the_source_of_a_ceiling(world: World) -> None:
    world.to_run("gate-ems", BOARD)
    assert world.bed.choice is not None
    capped = replace(world.bed.choice.seats[0], ceiling_level=80)
    assert world.bed.take(world.bed.choice.with_seat(capped))
    assert world.desk.ceiling_sources() == {1: "treatment"}


def test_sites_and_pads_of_the_last_time_come_back_though_the_warning_is_asked_again(
    world: World,
) -> None:
    world.bed.take_person("K-17")
    world.bed.keep(places={"gate-tens": ((1, "left-calf", 5_000),)})
    world.bed.connect(BOARD)
    world.pass_time(13 * S)
    world.desk.open("protocols")
    assert world.desk.pages["protocols"].picked == "gate-tens"
    world.key("enter")
    assert world.bed.choice is not None
    assert (world.bed.choice.seats[0].site, world.bed.warning) == ("left-calf", "L-ATT")


# -- what is said of a percent -------------------------------------------------------------------


@pytest.mark.broad
@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    ("protocol", "size"),
    [
        ("gate-tens", SIZES[0]),
        pytest.param("gate-ems", SIZES[1], marks=pytest.mark.broad),
        pytest.param("gate-tens", SIZES[2], marks=pytest.mark.broad),
        *(pytest.param(*pair, marks=pytest.mark.soak)
          for pair in zip(("gate-ems", "gate-tens", "gate-ems"), SIZES, strict=True)),
    ],
)  # fmt: skip
def test_no_screen_of_a_session_in_percent_tells_a_current(
    world: World, protocol: str, size: tuple[int, int]
) -> None:
    world.to_run(protocol, BOARD)
    world.desk.pages["connect"].picked = families().index("openemsstim")
    for state in ("ready", "armed", "running", "paused", "stopped"):
        if state == "armed":
            world.key("a")
            world.pass_time(500 * MS)
            shown = [world.text(*size)]
        else:
            shown = []
            for page in ("connect", "protocols", "setup", "adjust", "thresholds", "report",
                         "service", "run"):  # fmt: skip
                world.desk.open(page)
                shown.append(world.text(*size))
        assert not [text for text in shown if any(one in text for one in CURRENTS)]
        if state == "armed":
            world.key("g")
            world.pass_time(3 * S)
            world.key("1", "up")
            world.pass_time(1 * S)
            world.key("s")
        elif state in ("running", "paused"):
            world.key("p" if state == "running" else "space")
            world.pass_time(1 * S)
    assert "mA" not in "\n".join(text for _, text in world.bed.live.log)


def test_what_a_percent_is_stands_once_on_the_screens_that_lead_to_output(world: World) -> None:
    world.to_run("gate-tens", BOARD)
    meaning = "% of the unit's signal, on the board's own scale: no current and no dose is known."
    world.desk.open("run")
    assert words(world).count(meaning) == 1
    world.desk.open("run")
    world.key("a")
    world.pass_time(500 * MS)
    assert words(world).count(meaning) == 1
    assert "The unit's dial decides" in words(world)
    assert "dial: At its lowest while connecting and arming" in words(world)
    assert "No watchdog" in words(world)
    world.key("g")
    world.pass_time(500 * MS)
    assert words(world).count(meaning) == 1
    assert "1 pain 0 %" in words(world)


def test_what_a_percent_is_stands_on_the_screens_of_the_set_up(world: World) -> None:
    world.to_run("gate-tens", BOARD)
    meaning = "% of the unit's signal, on the board's own scale: no current and no dose is known."
    world.desk.open("protocols")
    facts = world.desk.pages["protocols"].facts("gate-tens")
    assert [told.count(meaning) for label, told in facts if label == "Percent"] == [1]
    assert "on the board's own scale" in " ".join(world.text(140, 45).split())
    world.desk.open("setup")
    assert "Dial At its lowest while connecting and arming" in words(world, 80, 45)
    world.desk.open("adjust")
    assert "charge, r.m.s. and density are not known for this device" in words(world)


def test_a_session_in_current_is_told_no_such_thing(world: World) -> None:
    world.to_running(steps=2)
    assert " mA" in words(world)
    assert "of the unit's signal" not in words(world)


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(("row", "measure"), [
    ({"kind": "set", "channel": 1, "intensity_percent": 3}, PERCENT),
    ({"kind": "set", "channel": 1, "plateau_ua": 3}, CURRENT),
    ({"kind": "plan", "channels": [{"channel": 1, "cleared_percent": 20}]}, PERCENT),
    ({"kind": "plan", "channels": [{"channel": 1, "cleared_ua": 20}]}, CURRENT),
    ({"kind": "telemetry", "raised_percent": {}}, PERCENT),
    ({"kind": "limit", "asked_percent": 5, "allowed_percent": 4}, PERCENT),
    ({"kind": "ack", "channels": {"1": 3}}, CURRENT), ({"kind": "plan", "channels": []}, CURRENT),
])  # fmt: skip
def test_a_row_tells_itself_in_what_it_counts(row: dict[str, object], measure: object) -> None:
    assert measure_of_row(row) is measure


def test_device_and_file_tell_in_what_they_count() -> None:
    assert measure_of_device(BOARD) is measure_of_device(PORT) is PERCENT
    assert measure_of_device("sim:p24") is measure_of_device("no device") is CURRENT
    assert measure_of_protocol(choose("gate-ems").protocol) is PERCENT
    assert measure_of_protocol(choose("nmes-tka").protocol) is CURRENT


@pytest.mark.parametrize(("row", "says"), [
    ({"kind": "set", "channel": 1, "intensity_percent": 3, "by": "hand"}, "channel 1 set to 3 %"),
    ({"kind": "limit", "channel": 2, "asked_percent": 5, "allowed_percent": 4,
      "limit": "cleared intensity"}, "refused: channel 2 5 %: ceiling 4 % (cleared intensity)"),
    ({"kind": "refused", "intent": "raise", "channel": 1, "asked_percent": 5, "reason": "early"},
     "refused: raise channel 1 to 5 %: early"),
    ({"kind": "pending", "channel": 1, "intensity_percent": 5, "outcome": "taken", "reason": "r"},
     "channel 1: 5 % from the next contraction"),
])  # fmt: skip
def test_rows_in_percent_are_said_in_percent(row: dict[str, object], says: str) -> None:
    assert sentence_of(row) == says


# -- the keys ------------------------------------------------------------------------------------


def test_up_is_one_percent_and_down_page_down_and_zero_lower_at_once(world: World) -> None:
    running(world, percent=9)
    assert [one["level"] for one in sent(world, "raise")] == [
        f"{percent} %" for percent in range(1, 10)
    ]
    assert "ch1 +1 → 9 % (you)" in world.bed.live.last
    assert "1 pain 9 %" in words(world)
    world.key("down")
    world.pass_time(300 * MS)
    assert world.set_level() == 8
    world.key("pagedown")
    world.pass_time(300 * MS)
    assert world.set_level() == 3
    world.key("0")
    world.pass_time(300 * MS)
    assert world.set_level() == 0
    assert all(str(one["level"]).endswith(" %") for one in sent(world, "lower"))


@pytest.mark.hazard("H19")
def test_a_held_key_raises_by_one_percent_only(world: World) -> None:
    running(world, percent=2)
    world.pass_time(1 * S)
    for _ in range(60):
        world.pass_time(40 * MS, 40 * MS)
        world.press("up")
    world.pass_time(1 * S)
    assert world.set_level() == 3


@pytest.mark.hazard("H19")
def test_the_ceiling_in_percent_holds_and_is_named(world: World) -> None:
    world.to_run("gate-tens", BOARD)
    assert world.bed.choice is not None
    low = replace(world.bed.choice.seats[0], ceiling_level=2)
    world.bed.take(world.bed.choice.with_seat(low))
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g", "alt+1")
    for _ in range(4):
        world.pass_time(800 * MS)
        world.key("up")
    world.pass_time(500 * MS)
    assert world.set_level() == 2
    assert "ceiling 2 % (from set-up)" in world.desk.message
    set_to = [row["value"] for row in world.bench.twin.records()
              if row["kind"] == "wiper" and row["at_us"] and row["channel"] == 1]  # fmt: skip
    assert min(set_to) == wiper(2)  # the lower, the more is let through


def test_stop_is_confirmed_at_zero_percent_and_a_start_begins_there(world: World) -> None:
    running(world, percent=3)
    world.key("p")
    world.pass_time(500 * MS)
    assert "PAUSED" in words(world)
    world.key("p")
    world.pass_time(2 * S)
    assert world.set_level() == 3
    world.key("space")
    world.pass_time(500 * MS)
    assert "■ STOPPED" in words(world)
    assert "OUTPUT OFF — confirmed 0 % at" in world.bed.live.zero
    assert world.set_level() == 0
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    assert (world.bench.state.value, world.set_level()) == ("running", 0)


@pytest.mark.hazard("H14")
def test_ten_percent_without_a_sensation_are_asked_about_and_an_answer_goes_to_zero(
    world: World,
) -> None:
    running(world, percent=10)
    world.pass_time(1 * S)
    assert "raised by 10 %, no sensation recorded" in words(world)
    world.key("y", "2")
    world.pass_time(500 * MS)
    assert world.set_level() == 0
    assert sent(world, "lower")[-1]["level"] == "0 %"


def test_a_level_that_is_not_confirmed_is_shown_nowhere(world: World) -> None:
    running(world, percent=4)
    world.desk.hear({"kind": "unknown", "mono_ns": world.clock.now_ns, "t": AT, "reason": "silent",
                     "what_to_do": "switch off the unit"})  # fmt: skip
    world.desk.take_rows()
    shown = words(world)
    assert "O U T P U T U N K N O W N" in shown
    assert "Switch off the unit." in shown
    assert "4 %" not in shown


# -- what is kept --------------------------------------------------------------------------------


@pytest.mark.hazard("H18")
def test_a_mark_in_percent_is_kept_as_percent_and_never_as_a_current(world: World) -> None:
    running(world, percent=3)
    world.key("s")
    assert world.desk.message == "marked: sensory ch1 at 3 %"
    world.desk.open("thresholds")
    assert "3 %" in world.text()
    kept = world.bed.state_folder / "persons" / "DEMO-1.json"
    (mark,) = json.loads(kept.read_text("utf-8"))["marks"]
    assert (mark["intensity_percent"], mark["amplitude_ua"]) == (3, None)
    (note,) = [one["text"] for one in sent(world, "note") if one["topic"] == "threshold"]
    assert str(note).endswith("3 %")


def test_marks_of_an_earlier_version_are_still_read(tmp_path: Path) -> None:
    (tmp_path / "persons").mkdir()
    mark = {"what": "motor", "channel": 1, "site": "left-calf", "area_mm2": 2_500,
            "amplitude_ua": 8_000, "at_s": 7}  # fmt: skip
    told = {"marks": [mark], "answers": {}, "answered_s": 0}
    (tmp_path / "persons" / "K-17.json").write_text(json.dumps(told), "utf-8")
    (found,) = remembered(tmp_path, "K-17").marks
    assert found == Mark("motor", 1, "left-calf", 2_500, 7, amplitude_ua=8_000)
    assert found.text == "8.0 mA"


def test_a_pause_forgets_no_mark_of_this_session(world: World) -> None:
    world.to_running(steps=2)
    world.key("s", "p")
    world.pass_time(800 * MS)
    world.key("p")
    world.pass_time(1 * S)
    assert world.bench.state.value == "running"
    (mark,) = remembered(world.bed.state_folder, "DEMO-1").marks
    assert mark.amplitude_ua == 1_000


def test_the_report_tells_percent_and_that_the_dose_is_not_known(world: World) -> None:
    running(world, percent=3)
    world.pass_time(4 * S)
    world.key("space")
    world.pass_time(1 * S)
    world.desk.open("report")
    shown = words(world)
    for told in ("20 %", "3 %", "2 %"):  # maximum, highest, mean
        assert told in shown
    assert "mA" not in shown
    assert "charge, r.m.s. and density are not known for this device" in shown


def test_a_recording_in_percent_is_shown_as_it_was(world: World) -> None:
    running(world, percent=3)
    again = Live()
    again.take({"kind": "header", "mono_ns": 0, "t": AT, "device": BOARD, "sim": True})
    assert again.measure is PERCENT
    for event in world.bench.events:
        again.take({**event.as_dict(), "t": AT})
    assert again.channels[1].set_level == again.channels[1].acked_level == 3
    assert again.channels[1].ceiling_level == 20
    assert again.course.channels[1].highest_level == 3


# -- in words -----------------------------------------------------------------------------------


@pytest.mark.hazard("H28")
def test_a_session_in_percent_in_words(world: World, face: PlainFace, said: list[str]) -> None:
    type_lines(world, face, f"connect {BOARD}")
    assert "restarts the board, which takes about 12 s" in said[0]
    world.pass_time(13 * S)
    type_lines(world, face, "protocols", "protocol gate-tens", "accept", "maximum 1 12mA",
               "maximum 1 5%", "arm", "go", "1", "up", "up", "up", "down", "status")  # fmt: skip
    told = "\n".join(said)
    assert "gate-ems\ngate-tens" in told
    assert "on the board's own scale: no current and no dose is known" in told
    assert "Dial: At its lowest" in told
    assert "an intensity is written in %" in told
    assert "maximum 5 %" in told
    assert "set 2 %, acknowledged 2 %, ceiling 5 %" in told
    said.clear()
    type_lines(world, face, "zero", "", "status")
    world.pass_time(1 * S)
    told = "\n".join(said)
    assert "OUTPUT OFF: zero verified" in told
    assert "mA" not in told
    assert world.bench.state.value == "stopped"


def test_in_words_a_level_that_is_not_confirmed_is_not_known(
    world: World, face: PlainFace, said: list[str]
) -> None:
    running(world, percent=2)
    world.desk.hear({"kind": "unknown", "mono_ns": world.clock.now_ns, "t": AT, "reason": "x"})
    world.desk.take_rows()
    type_lines(world, face, "status")
    assert "set not known, acknowledged not known, ceiling 20 %" in "\n".join(said)


def test_a_bound_in_milliampere_is_acknowledged_as_one_that_cannot_be_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMCTL_MAX_AMPLITUDE", "10 mA")
    world.begin(BOARD, "gate-tens")
    assert world.bed.plan is None
    assert world.bed.warning == "L-CAL"
    assert "cannot be kept" in world.bed.why_not
    world.bed.accept_warning()
    assert world.bed.plan is not None


def test_screening_asks_for_a_gated_protocol_what_it_asks_for_any(world: World) -> None:
    world.to_run("gate-ems", BOARD)
    world.bed.answered({one.id: one.id == "C01" for one in QUESTIONS})
    world.key("a")
    assert "C01" in world.desk.message
    assert world.bench.state.value == "checked"
