"""What keys do, and what they are refused, against engine and twin under a stepped clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stimctl.codes import Code
from stimctl.errors import ImplausibleError, UsageError
from stimctl.session.reasons import Reason
from stimctl.tui.model.actions import ACTION_BY_ID, ACTIONS, STOP_KEYS
from stimctl.tui.model.guards import PasteWatch
from stimctl.tui.model.keymap import Keymap, changes_in
from stimctl.tui.model.planning import choose
from stimctl.tui.model.text import plain
from tests.support.tui_desk import MS, S, World
from tests.support.tui_pages import DIALOGS, PAGES


def test_the_known_path_to_first_output_takes_few_keys(world: World) -> None:
    world.key("d")
    world.key("enter", "enter", "enter")
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    world.key("up")  # makes the channel hot
    world.pass_time(800 * MS)
    world.key("up")
    world.pass_time(300 * MS)
    assert world.set_level() == 500
    assert world.clock.now_ns - 1_000 * S < 90 * S


@pytest.mark.hazard("H19")
def test_a_held_key_is_one_step(world: World) -> None:
    world.to_running(steps=1)
    world.pass_time(1 * S)
    before = world.set_level()
    for _ in range(250):  # ten seconds at 25 Hz
        world.pass_time(40 * MS)
        world.desk.key("up", None, world.clock.now_ns)
    world.pass_time(1 * S)
    assert world.set_level() == before + 500


@pytest.mark.hazard("H19")
def test_a_held_key_answers_one_question_of_the_screening(world: World) -> None:
    world.desk.open("precheck")
    for _ in range(50):  # two seconds at 25 Hz
        world.pass_time(40 * MS)
        world.desk.key("n", "n", world.clock.now_ns)
    assert len(world.bed.answers) == 1
    assert "read the question" in world.desk.message
    world.pass_time(1 * S)
    world.key("n")
    assert len(world.bed.answers) == 2


def test_down_is_never_limited(world: World) -> None:
    world.to_running(steps=4)
    world.pass_time(300 * MS)
    assert world.set_level() == 2_000
    for _ in range(3):
        world.desk.key("down", None, world.clock.now_ns)
    world.pass_time(100 * MS)
    assert world.set_level() == 500


@pytest.mark.hazard("H30")
def test_one_key_never_starts(world: World) -> None:
    for key in ("a", "g"):
        world.to_run()
        for _ in range(20):
            world.key(key)
        assert world.bench.state.value != "running"
        world.key("space")
        world.pass_time(1 * S)


@pytest.mark.hazard("H30")
def test_start_counts_between_300_ms_and_15_s_only(world: World) -> None:
    world.to_run()
    world.desk.key("a", "a", world.clock.now_ns)
    world.desk.take_rows()
    world.pass_time(100 * MS)
    world.desk.key("g", "g", world.clock.now_ns)
    assert world.bench.state.value == "armed"
    assert "too early" in world.desk.message
    world.pass_time(14 * S)
    assert world.bench.state.value == "armed"
    world.pass_time(2 * S)
    assert world.bench.state.value == "stopped"
    assert "no key for 15 s" in world.desk.message
    world.key("g")
    assert world.bench.state.value == "stopped"


def test_the_question_before_the_start_is_short(world: World) -> None:
    world.to_run()
    world.key("a")
    asked = [text for one in world.desk.front.body(76, 18) if (text := plain(one).strip())]
    assert len(asked) == 4
    assert sum(len(one.split()) for one in asked) <= 45


@pytest.mark.hazard("H30")
def test_any_other_key_disarms(world: World) -> None:
    world.to_run()
    world.key("a")
    world.pass_time(500 * MS)
    world.key("z")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H30")
def test_a_paste_starts_nothing_and_stops_what_is_on(world: World) -> None:
    world.to_run()
    for character in "agagagagag" * 50:
        world.clock.now_ns += 1 * MS
        world.desk.key(character, character, world.clock.now_ns)
        assert world.bench.state.value != "running"
    world.pass_time(2 * S)
    world.to_running()
    for character in "uuuuuuuuuuuu":
        world.clock.now_ns += 1 * MS
        world.desk.key(character, character, world.clock.now_ns)
    world.pass_time(1 * S)
    assert world.bench.state.value == "stopped"


def test_a_typist_is_no_paste() -> None:
    watch = PasteWatch()
    assert not any(watch.key(number * 33 * MS) for number in range(100))
    assert any(watch.key(10 * S + number * 5 * MS) for number in range(12))


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("key", STOP_KEYS)
@pytest.mark.parametrize("page", [*PAGES, *DIALOGS])
def test_every_stop_key_stops_on_every_page(world: World, page: str, key: str) -> None:
    if page == "armed":
        world.to_run()
        world.key("a")
        world.pass_time(500 * MS)
        assert world.bench.state.value == "armed"
    else:
        world.to_running(steps=1)
        if page in PAGES:
            world.desk.open(page)
        else:
            world.desk.overlay = world.desk.pages[page]
    world.key(key)
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped"
    assert world.bed.live.zero


@pytest.mark.hazard("H19", "H30")
@pytest.mark.parametrize("page", [*PAGES, *(one for one in DIALOGS if one != "armed")])
@pytest.mark.parametrize(
    ("key", "left"),
    [("down", 3_500), ("minus", 3_500), ("pagedown", 2_000), ("0", 0), ("home", 0)],
)
def test_what_lowers_does_so_on_every_screen_and_overlay(
    world: World, page: str, key: str, left: int
) -> None:
    world.to_running(steps=8)
    if page in PAGES:
        world.desk.open(page)
    else:
        world.desk.overlay = world.desk.pages[page]
    front = world.desk.front
    world.key(key)
    world.pass_time(300 * MS)
    assert world.set_level() == left
    assert world.desk.front is front
    assert page == "run" or "down to" in world.desk.message


@pytest.mark.parametrize("page", PAGES)
def test_the_keys_of_a_list_are_its_own_again_once_output_is_off(world: World, page: str) -> None:
    world.to_running(steps=2)
    world.desk.open(page)
    world.key("space")
    world.pass_time(S)
    offered = world.desk.offers()
    assert page == "run" or "lower" not in offered


@pytest.mark.hazard("H29")
def test_these_are_all_the_screens_there_are(world: World) -> None:
    assert set(world.desk.pages) == {*PAGES, *DIALOGS}


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("page", PAGES)
def test_no_text_field_is_open_while_a_channel_is_armed_or_on(world: World, page: str) -> None:
    world.to_running(steps=1)
    world.desk.open(page)
    assert not world.desk.front.takes_text
    world.desk.overlay = world.desk.pages["palette"]
    assert not world.desk.front.takes_text


@pytest.mark.parametrize("page", PAGES)
def test_a_refused_key_says_why(world: World, page: str) -> None:
    world.desk.open(page)
    refused = {one: why for one, why in world.desk.offers().items() if why}
    for action, why in refused.items():
        keys = [k for k in world.desk.keymap.keys_of(action)
                if world.desk.keymap.action_for(k, world.desk.offers()) == action]  # fmt: skip
        for key in keys[:1]:
            world.pass_time(100 * MS)
            world.desk.key(key, None, world.clock.now_ns)
            assert why in world.desk.message


@pytest.mark.hazard("H19", "H20")
def test_the_hot_channel_is_lost_after_20_s_and_the_next_up_only_selects(world: World) -> None:
    world.to_running(steps=1)
    world.pass_time(15 * S)
    world.key("down")
    world.pass_time(21 * S)
    before = world.set_level()
    world.key("up")
    world.pass_time(1 * S)
    assert world.set_level() == before
    assert "press ↑ again to raise" in world.desk.message  # one press selects and unlocks


def test_a_raise_beyond_the_ceiling_names_it_and_its_source(world: World) -> None:
    world.to_running(steps=1)
    world.bed.live.channels[1].ceiling_level = world.set_level()
    world.pass_time(1 * S)
    world.key("up")
    assert "ceiling" in world.desk.message
    assert "set-up" in world.desk.message


@pytest.mark.hazard("H23")
def test_while_output_is_on_only_amplitudes_change(world: World) -> None:
    world.to_running(steps=1)
    for page in ("setup", "adjust"):
        world.desk.open(page)
        assert "STOP first" in str(world.desk.offers()["more"])


def test_quitting_with_output_on_is_refused(world: World) -> None:
    left = []
    world.desk.leave = lambda: left.append(1)
    world.to_running(steps=1)
    world.key("q")
    assert not left
    world.key("space")
    world.pass_time(1 * S)
    world.key("q")
    assert left


def test_a_second_ctrl_c_leaves_only_at_zero(world: World) -> None:
    left = []
    world.desk.leave = lambda: left.append(1)
    world.to_running(steps=1)
    world.desk.key("ctrl+c", None, world.clock.now_ns)
    world.desk.key("ctrl+c", None, world.clock.now_ns + 1)
    assert not left
    world.pass_time(1 * S)
    world.desk.key("ctrl+c", None, world.clock.now_ns)
    assert left


def test_a_second_ctrl_c_leaves_though_its_own_stop_has_zero_verified_again(world: World) -> None:
    """The driver's thread sends that STOP before the event loop sees the key."""
    left = []
    world.desk.leave = lambda: left.append(1)
    world.to_running(steps=1)
    world.key("ctrl+c")
    world.pass_time(1 * S)
    world.desk.hear({"kind": "stopping", "mono_ns": world.clock.now_ns, "reason": "key ctrl+c"})
    world.desk.key("ctrl+c", None, world.clock.now_ns)
    assert left


def test_ctrl_c_in_a_session_started_since_the_last_is_the_first_again(world: World) -> None:
    left = []
    world.desk.leave = lambda: left.append(1)
    world.to_running(steps=1)
    world.key("ctrl+c")
    world.pass_time(200 * MS)
    world.key("a")
    world.pass_time(400 * MS)
    world.key("g")
    world.desk.key("ctrl+c", None, world.clock.now_ns)
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped"
    assert not left


@pytest.mark.hazard("H35")
def test_attendance_is_answered_by_any_key_and_else_ramps_to_zero(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(301 * S, 1 * S)
    assert "ARE YOU THERE" in world.text().splitlines()[1]
    world.key("z")
    assert "ARE YOU THERE" not in world.text().splitlines()[1]
    world.pass_time(340 * S, 1 * S)
    assert world.bench.state.value in ("stopped", "paused", "closed")


@pytest.mark.hazard("H22", "H31")
def test_arming_is_refused_on_a_small_terminal_and_over_ssh(world: World) -> None:
    world.to_run()
    world.desk.lines(79, 24)
    world.key("a")
    assert "too small" in world.desk.message
    world.desk.lines(80, 24)
    world.desk.remote = "this is an SSH session"
    world.key("a")
    assert "SSH" in world.desk.message
    assert world.bench.state.value == "checked"


@pytest.mark.hazard("H30")
def test_the_palette_offers_nothing_that_raises_or_arms(world: World) -> None:
    world.to_running(steps=1)
    world.desk.overlay = palette = world.desk.pages["palette"]
    raising = {action.id for action in ACTIONS if action.raises}
    assert not raising & set(palette._ids())  # type: ignore[attr-defined]


@pytest.mark.hazard("H29")
def test_stop_keys_can_be_added_and_not_taken_away() -> None:
    keymap = Keymap(changes_in({"stop": ["s", "f1"]}, "test"))
    assert {*STOP_KEYS, "s"} <= keymap.stop_keys
    assert keymap.action_for("space", ["choose"]) == "stop"
    with pytest.raises(UsageError, match="STOP"):
        changes_in({"raise": "space"}, "test")
    with pytest.raises(UsageError, match="no action"):
        changes_in({"fly": "x"}, "test")


def test_every_action_has_words_and_a_key() -> None:
    for action in ACTION_BY_ID.values():
        assert action.keys
        assert action.label
        assert action.help


@pytest.mark.hazard("H20", "H30")
def test_a_click_picks_the_line_it_is_on_below_a_long_alarm_too(world: World) -> None:
    world.to_running(steps=1)
    world.key("space")
    world.pass_time(1 * S)
    clicked: list[int] = []
    world.desk.page.click = lambda _x, y: clicked.append(y)  # type: ignore[method-assign, assignment]
    for width in (80, 140):  # where "look at the skin ..." takes two lines, and one
        shown = world.text(width, 40 if width > 80 else 24).splitlines()
        row = next(number for number, words in enumerate(shown) if "1 pain" in words)
        world.desk.click(5, row)
    assert clicked == [1, 1]


def test_the_wheel_and_a_click_on_the_table_raise_nothing(world: World) -> None:
    world.to_running(steps=1)
    before = world.set_level()
    world.text()
    for y in range(24):
        world.desk.click(10, y)
        if world.bench.state.value != "running":
            assert y == 23  # the word STOP
    world.pass_time(1 * S)
    assert world.set_level() <= before


def test_one_letter_does_not_leave_while_output_is_unknown(world: World) -> None:
    left = []
    world.desk.leave = lambda: left.append(1)
    world.to_running(steps=1)
    world.bench.to_device.hook = lambda _now, _data: b""
    world.pass_time(2 * S)
    assert world.bed.live.state == "unknown"
    world.key("q")
    assert not left
    world.key("ctrl+q")
    assert left


@pytest.mark.parametrize("when", ["compile", "arm"])
def test_what_is_likelier_a_slip_is_taken_after_w_says_it_is_meant(world: World, when: str) -> None:
    """The supervisor knows what the last session reached; the screen must not be a dead end."""
    world.to_run()
    client, tried = world.clients[-1], world.clients[-1]._do

    def judged(do: str, fields: dict[str, Any]) -> Any:
        if do == when and "H18" not in client._setup.acknowledged:
            raise ImplausibleError("channel 1: 30 mA is not plausible", what_to_do="see H18")
        return tried(do, fields)

    client._do = judged  # type: ignore[method-assign]
    world.bed.take(replace(choose("tens-conventional"), acknowledged=frozenset()))
    if when == "arm":
        world.bed.load()  # of a session before: it is checked again when it is armed again
    else:
        world.bed.loaded_digest = ""
    world.key("a")
    assert "not plausible" in world.desk.message
    assert "w: it is meant" in world.desk.message
    world.key("w", "a")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "armed"


def test_without_a_plan_the_digits_of_the_run_screen_open_what_is_missing(world: World) -> None:
    world.desk.open("run")
    assert "2 connect a device" in world.text()
    world.key("2")
    assert world.desk.page.name == "connect"
    world.to_run()
    world.key("1")
    assert world.desk.page.name == "run"


@pytest.mark.parametrize("why", ["key", "false alarm", "paste", "electrode", "at the device"])
def test_after_any_stop_what_is_left_can_be_continued(world: World, why: str) -> None:
    world.to_running(steps=4)
    world.pass_time(60 * S, 1 * S)
    core = world.bench.engine._core
    if why == "key":
        world.key("space")
    elif why == "false alarm":
        world.bench.beating = False
        world.pass_time(1 * S)
        world.bench.beating = True
    elif why == "paste":
        world.desk.paste()
    elif why == "electrode":
        core.fault(world.bench.now_ns, Reason(Code.DEVICE_REPORTS, "channel 1: electrode error"))
    else:
        core.stopped_at_device(world.bench.now_ns, "the emergency switch")
    world.pass_time(1 * S)
    if world.bed.live.state == "fault":
        world.key("x", "1")
        world.pass_time(500 * MS)
    assert world.bed.live.state == "stopped", world.desk.message
    world.key("y", "1")  # the skin, which is asked about after each stop
    world.key("a")
    world.pass_time(500 * MS)
    assert world.desk.offers() == {"go": None, "go-on": None}, world.desk.message
    assert "l = CONTINUE (28:5" in world.text()
    world.key("l")
    world.pass_time(1 * S)
    assert world.bench.state.value == "running"
    assert world.set_level() == 0
    assert 28 * 60 * S < world.bed.live.left_us(world.clock.now_ns) * 1_000 < 29 * 60 * S
