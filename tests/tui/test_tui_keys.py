"""What keys do, and what they are refused, against engine and twin under a stepped clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stimctl.codes import Code
from stimctl.errors import ImplausibleError, UsageError
from stimctl.session.reasons import Reason
from stimctl.tui.model.actions import ACTION_BY_ID, MENU, STOP_KEYS
from stimctl.tui.model.guards import PasteWatch
from stimctl.tui.model.keymap import Keymap, changes_in
from stimctl.tui.model.planning import choose
from stimctl.tui.model.ready import ReadyPage
from tests.support.broad import broad, broad_rows
from tests.support.tui_desk import MS, S, World
from tests.support.tui_pages import DIALOGS, PAGES


def head(world: World) -> str:
    """The lines above the body: state, what flows, alarms."""
    return "\n".join(world.text().splitlines()[:5])


def test_the_known_path_to_first_output_takes_few_keys(world: World) -> None:
    world.key("d")
    world.key("enter", "enter", "enter")
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    world.key("up")  # the only channel is selected
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
        world.press("up")
    world.pass_time(1 * S)
    assert world.set_level() == before + 500


@pytest.mark.hazard("H19")
def test_a_held_key_answers_one_question_of_the_screening(world: World) -> None:
    world.desk.open("precheck")
    for _ in range(50):  # two seconds at 25 Hz
        world.pass_time(40 * MS)
        world.press("n")
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
        world.press("down")
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
    world.press("a")
    world.desk.take_rows()
    world.pass_time(100 * MS)
    world.press("g")
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
    ready = world.desk.front
    assert isinstance(ready, ReadyPage)
    asked = list(ready.facts())
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
        world.press(character)
        assert world.bench.state.value != "running"
    world.pass_time(2 * S)
    world.to_running()
    for character in "uuuuuuuuuuuu":
        world.clock.now_ns += 1 * MS
        world.press(character)
    world.pass_time(1 * S)
    assert world.bench.state.value == "stopped"


def test_a_typist_is_no_paste() -> None:
    watch = PasteWatch()
    assert not any(watch.key(number * 33 * MS) for number in range(100))
    assert any(watch.key(10 * S + number * 5 * MS) for number in range(12))


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("key", STOP_KEYS)
def test_every_stop_key_stops_on_every_page(world: World, key: str) -> None:
    for page in (*PAGES, *DIALOGS):
        world.to_run()
        world.key("a")
        world.pass_time(500 * MS)
        assert world.bench.state.value == "armed"
        if page != "armed":
            world.key("g")
            world.pass_time(300 * MS)
            world.desk.open(page if page in PAGES else "run")
            world.desk.overlay = None if page in PAGES else world.desk.pages[page]
        world.key(key)
        world.pass_time(300 * MS)
        assert world.bench.state.value == "stopped", page
        assert world.bed.live.zero
        world.pass_time(3 * S)  # a second Ctrl-C would leave


@pytest.mark.hazard("H19", "H30")
@pytest.mark.parametrize(
    ("key", "left"),
    broad_rows(
        [("down", 3_500), ("minus", 3_500), ("pagedown", 2_000), ("0", 0), ("home", 0)], every=2
    ),
)
def test_what_lowers_does_so_on_every_screen_and_overlay(world: World, key: str, left: int) -> None:
    world.to_running(steps=8)
    for page in (*PAGES, *(one for one in DIALOGS if one != "armed")):
        world.desk.open("run")
        while world.set_level() < 4_000:
            world.pass_time(300 * MS)
            world.bed.raise_to(1, world.set_level() + 500)
            world.pass_time(300 * MS)
        if page in PAGES:
            world.desk.open(page)
        else:
            world.desk.overlay = world.desk.pages[page]
        front = world.desk.front
        world.key(key)
        world.pass_time(300 * MS)
        assert world.set_level() == left, page
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
    assert set(world.desk.pages) == {*PAGES, *DIALOGS, "unknown", "small"}


@pytest.mark.parametrize("page", PAGES)
def test_a_refused_key_says_why(world: World, page: str) -> None:
    world.desk.open(page)
    refused = {one: why for one, why in world.desk.offers().items() if why}
    for action, why in refused.items():
        keys = [k for k in world.desk.keymap.keys_of(action)
                if world.desk.keymap.action_for(k, world.desk.offers()) == action]  # fmt: skip
        for key in keys[:1]:
            world.pass_time(100 * MS)
            world.press(key)
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


@pytest.mark.hazard("H19", "H20")
def test_a_channel_that_is_not_locked_is_lost_as_well_and_the_next_up_only_selects(
    world: World,
) -> None:
    """Another program has changed it meanwhile, so that its raises are not locked."""
    world.to_running(steps=1)
    world.pass_time(12 * S)
    world.bed.raise_to(1, world.set_level() + 500)
    world.pass_time(12 * S)
    before = world.set_level()
    assert not world.bed.live.channels[1].locked
    for level in (before, before + 500):
        world.key("up")
        world.pass_time(1 * S)
        assert world.set_level() == level


def test_a_raise_beyond_the_ceiling_names_it_and_its_source(world: World) -> None:
    world.to_running(steps=1)
    world.bed.live.channels[1].ceiling_level = world.set_level()
    world.pass_time(1 * S)
    world.key("up")
    assert "ceiling" in world.desk.message
    assert "from treatment" in world.desk.message


@pytest.mark.hazard("H23")
def test_while_output_is_on_only_amplitudes_change(world: World) -> None:
    world.to_running(steps=1)
    choice = world.bed.choice
    for page, change in (
        ("setup", lambda page: page.set_site(1, "left-knee")),
        ("setup", lambda page: page.set_area(1, "25 cm2")),
        ("setup", lambda page: page.set_maximum(1, "20 mA")),
        ("setup", lambda page: page.add_channel()),
        ("adjust", lambda page: page.set("waveform.frequency", "80 Hz")),
        ("adjust", lambda page: page.set("session", "20 min")),
    ):
        world.desk.open(page)
        assert "STOP first" in str(world.desk.offers()["choose"])
        with pytest.raises(UsageError, match="STOP first"):
            change(world.desk.pages[page])  # type: ignore[no-untyped-call]
        assert world.bed.choice is choice


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
    world.press("ctrl+c")
    world.clock.now_ns += 1
    world.press("ctrl+c")
    assert not left
    world.pass_time(1 * S)
    world.press("ctrl+c")
    assert left


def test_a_second_ctrl_c_leaves_though_its_own_stop_has_zero_verified_again(world: World) -> None:
    """The driver's thread sends that STOP before the event loop sees the key."""
    left = []
    world.desk.leave = lambda: left.append(1)
    world.to_running(steps=1)
    world.key("ctrl+c")
    world.pass_time(1 * S)
    world.desk.hear({"kind": "stopping", "mono_ns": world.clock.now_ns, "reason": "key ctrl+c"})
    world.press("ctrl+c")
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
    world.press("ctrl+c")
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped"
    assert not left


@pytest.mark.hazard("H35")
def test_attendance_is_answered_by_any_key_and_else_ramps_to_zero(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(301 * S, 1 * S)
    assert "ARE YOU THERE" in head(world)
    world.key("z")
    assert "ARE YOU THERE" not in head(world)
    world.pass_time(340 * S, 1 * S)
    assert world.bench.state.value in ("stopped", "paused", "closed")


@pytest.mark.hazard("H22", "H31")
def test_arming_is_refused_on_a_small_terminal_and_over_ssh(world: World) -> None:
    world.to_run()
    world.text(79, 24)
    world.key("a")
    assert "too small" in world.desk.message
    world.text(80, 24)
    world.desk.remote = "this is an SSH session"
    world.key("a")
    assert "SSH" in world.desk.message
    assert world.bench.state.value == "checked"


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


def test_digits_open_the_same_screen_from_everywhere(world: World) -> None:
    for page in PAGES:
        for digit, name in zip("123456789", MENU, strict=False):
            world.desk.open(page)
            world.key(digit)
            assert world.desk.page.name == name, page
    world.desk.open("run")
    assert world.desk.page.name == "run"


@pytest.mark.parametrize(
    "why", broad(["key", "false alarm", "paste", "electrode", "at the device"], every=2)
)
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
    assert "continue (28:5" in world.text()
    world.key("l")
    world.pass_time(1 * S)
    assert world.bench.state.value == "running"
    assert world.set_level() == 0
    assert 28 * 60 * S < world.bed.live.left_us(world.clock.now_ns) * 1_000 < 29 * 60 * S
