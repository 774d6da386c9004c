"""Which presses of a raise key count: every tap of a normal hand, and a held key once or twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from stimctl.session.events import Kind
from stimctl.testing.demo import ALT_1, DemoSession
from stimctl.testing.journals import is_journal
from stimctl.tui.model.guards import Taps
from stimctl.tui.stop_driver import EventTypeParser, KeyEvent
from tests.support.tui_desk import MS, S, World

JITTER = st.integers(-4, 4)


def counted(times_ms: Iterable[int], taps: Taps | None = None) -> int:
    taps = taps or Taps()
    return sum(taps.refusal("up", at * MS) is None for at in times_ms)


def held_ms(delay: int, every: int, jitter: Iterable[int], for_ms: int = 5_000) -> list[int]:
    """When the presses of a held key come."""
    jitter = iter(jitter)
    repeats = range(1_000 + delay, 1_000 + for_ms, every)
    return [1_000, *(at + next(jitter, 0) for at in repeats)]


@pytest.mark.hazard("H19")
@given(st.integers(200, 700), st.integers(25, 110), st.lists(JITTER, max_size=200))
def test_a_held_key_is_two_steps_at_most(delay: int, every: int, jitter: list[int]) -> None:
    assert 1 <= counted(held_ms(delay, every, jitter)) <= 2


@pytest.mark.hazard("H19")
@given(st.integers(200, 700), st.integers(25, 110), st.lists(JITTER, max_size=200))
def test_a_held_key_is_one_step_where_repeats_are_told(
    delay: int, every: int, jitter: list[int]
) -> None:
    taps, (first, *repeats) = Taps(), held_ms(delay, every, jitter)
    steps = counted([first], taps)
    for at in repeats:
        taps.repeated("up", at * MS)
        steps += counted([at], taps)
    assert steps == 1


@pytest.mark.hazard("H19")
@given(st.integers(200, 700), st.integers(25, 110))
def test_a_let_go_and_a_press_in_one_moment_are_no_hand(delay: int, every: int) -> None:
    """Some systems repeat a held key as releases and presses, milliseconds apart."""
    taps, steps = Taps(), 0
    for at in held_ms(delay, every, ()):
        taps.released("up", (at - 2) * MS)
        steps += counted([at], taps)
    assert steps <= 2


@given(st.lists(st.integers(305, 900), min_size=1, max_size=40))
def test_each_tap_counts(gaps: list[int]) -> None:
    times = [1_000]
    for gap in gaps:
        times.append(times[-1] + gap)
    assert counted(times) == len(times)


@given(st.lists(st.integers(250, 900), min_size=1, max_size=40))
def test_each_tap_from_250_ms_apart_counts_where_releases_are_told(gaps: list[int]) -> None:
    taps, at = Taps(), 1_000
    steps = counted([at], taps)
    for gap in gaps:
        taps.released("up", (at + gap // 2) * MS)
        at += gap
        steps += counted([at], taps)
    assert steps == 1 + len(gaps)


@pytest.mark.hazard("H19")
def test_equal_intervals_below_300_ms_are_a_machine() -> None:
    assert counted(range(1_000, 6_000, 280)) == 2
    assert counted(range(1_000, 6_000, 180)) == 1


def test_after_a_held_key_a_tap_counts_once_it_was_quiet() -> None:
    taps = Taps()
    assert counted([*range(1_000, 2_000, 40), 2_300], taps) == 1  # not quiet for 400 ms
    assert counted([2_800], taps) == 1


def test_a_press_that_is_looked_at_late_is_judged_by_its_own_time() -> None:
    taps = Taps()
    for at in (1_100, 1_400, 1_700):
        taps.released("up", at * MS)
    assert counted([1_000, 1_300, 1_600], taps) == 3


def test_other_keys_that_are_let_go_say_nothing_of_this_one() -> None:
    taps = Taps()
    times = held_ms(300, 40, ())
    for at in range(1_000, 6_000, 15):
        taps.released("down", at * MS)
    assert counted(times, taps) <= 2


@pytest.mark.parametrize("apart_ms", [300, 350, 500])
def test_twenty_taps_are_twenty_steps(world: World, apart_ms: int) -> None:
    world.to_running()
    world.pass_time(S)
    for _ in range(20):
        world.pass_time(apart_ms * MS, step_ns=50 * MS)
        world.press("up")
    world.pass_time(S)
    assert world.set_level() == 20 * 500
    assert "refused" not in world.desk.message


def test_page_up_raises_by_1_ma(world: World) -> None:
    world.to_running()
    for _ in range(5):
        world.pass_time(300 * MS)
        world.press("pageup")
    world.pass_time(S)
    assert world.set_level() == 5_000


@pytest.mark.hazard("H19")
@pytest.mark.parametrize("key", ["up", "pageup", "plus"])
def test_a_held_key_on_the_twin(world: World, key: str) -> None:
    world.to_running()
    world.pass_time(S)
    for at in held_ms(500, 33, ()):
        world.pass_time((at + 1_000 * 1_000 + 5_000) * MS - world.clock.now_ns, step_ns=33 * MS)
        world.press(key)
    world.pass_time(S)
    assert world.set_level() <= (2_000 if key == "pageup" else 1_000)


@pytest.mark.hazard("H19")
def test_after_20_s_the_first_press_unlocks_and_the_second_raises(world: World) -> None:
    world.to_running(steps=4)
    world.pass_time(22 * S)
    assert world.bed.live.channels[1].locked
    world.key("up")
    world.pass_time(S)
    assert world.set_level() == 2_000  # and no dip
    assert "unlocked; press ↑ again to raise" in world.desk.message
    assert not world.bed.live.channels[1].locked
    world.key("up")
    world.pass_time(S)
    assert world.set_level() == 2_500
    assert [event.data["level"] for event in world.bench.told(Kind.UNLOCKED)] == [2_000]


@pytest.mark.hazard("H19")
def test_a_key_held_on_a_locked_channel_is_one_step_at_most(world: World) -> None:
    world.to_running(steps=4)
    world.pass_time(22 * S)
    begin = world.clock.now_ns
    for at in held_ms(500, 33, ()):
        world.pass_time(begin + (at - 900) * MS - world.clock.now_ns, step_ns=33 * MS)
        world.press("up")
    world.pass_time(S)
    assert world.set_level() <= 2_500


def nmes_world(world: World) -> None:
    """Quadriceps, 15 s on and 45 s off, at the start of its output; 40 mA are cleared."""
    world.bed.take_person("DEMO-1")
    world.begin("sim:p24", "nmes-tka")
    choice = world.bed.choice
    assert choice is not None
    seats = tuple(replace(seat, area_mm2=9_600, ceiling_level=40_000) for seat in choice.seats)
    world.bed.take(replace(choice, seats=seats))
    world.desk.open("run")
    world.desk.take_rows()
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "running", world.desk.message


@pytest.mark.parametrize("fine", [True, False], ids=["up", "page up"])
def test_30_ma_within_the_second_contraction_with_at_most_70_keys(world: World, fine: bool) -> None:
    """A hand that taps each 300 ms, but not where the screen says that it does not count."""
    nmes_world(world)
    began_ns, keys = world.clock.now_ns, 0

    def press() -> None:
        nonlocal keys
        keys += 1
        world.press("up" if fine else "pageup")

    while world.set_level() < 30_000:
        into_s = (world.clock.now_ns - began_ns) / S
        assert into_s < 75, "the second contraction is over"
        assert keys <= 70
        in_hold = 3.6 < into_s < 14 or 63.6 < into_s < 74
        in_rest = 20 < into_s < 24
        pending = world.bed.live.channels[1].pending_level
        full = pending is not None and pending - world.set_level() >= 2_000
        if in_hold or (in_rest and not full):
            press()
        world.pass_time(300 * MS, step_ns=50 * MS)
    assert keys <= 70


# -- what the terminal tells


def parsed(data: str) -> list[tuple[str, str]]:
    """Kind and name of each key event in these characters."""
    found = []
    for event in EventTypeParser().feed(data):
        if isinstance(event, events.Key):
            found.append((event.kind if isinstance(event, KeyEvent) else "press", event.key))
    return found


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("\x1b[A", ("press", "up")),
        ("\x1b[1;1A", ("press", "up")),
        ("\x1b[1;1:1A", ("press", "up")),
        ("\x1b[1;1:2A", ("2", "up")),
        ("\x1b[1;1:3A", ("3", "up")),
        ("\x1b[5;1:3~", ("3", "pageup")),
        ("\x1b[1;129:3B", ("3", "down")),
        ("\x1b[97;;97u", ("press", "a")),
        ("\x1b[97;1:2;97u", ("2", "a")),
        ("\x1b[32;1:3u", ("3", "space")),
        ("\x1b[99;5:1u", ("press", "ctrl+c")),
        ("\x1b[27;1:3u", ("3", "escape")),
        ("\x1b[13;1:3u", ("3", "enter")),
    ],
)
def test_types_of_key_events_are_read(data: str, told: tuple[str, str]) -> None:
    assert parsed(data) == [told]
    for cut in range(2, len(data)):  # a sequence may come in two reads
        parser = EventTypeParser()
        seen = [*parser.feed(data[:cut]), *parser.feed(data[cut:])]
        assert [event.key for event in seen if isinstance(event, events.Key)] == [told[1]]


@given(st.text("\x1b[;:0123456789uA~ RM<", max_size=30))
def test_no_key_event_can_end_the_input_thread(data: str) -> None:
    list(EventTypeParser().feed(data))


UP, UP_AGAIN, UP_LET_GO = b"\x1b[1;1A", b"\x1b[1;1:2A", b"\x1b[1;1:3A"


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.timeout(180)
@pytest.mark.hazard("H19")
def test_a_key_held_in_a_terminal_that_tells_is_one_step(begin: Callable[..., DemoSession]) -> None:
    session = begin().ready()
    session.run()
    terminal = session.terminal
    assert b"\x1b[=2;2u" in terminal.raw  # asked to tell repeats and releases
    terminal.key(ALT_1)
    terminal.settle(0.3)
    for _ in range(2):
        for key in (UP, *[UP_AGAIN] * 60, UP_LET_GO):
            terminal.key(key)
            terminal.settle(0.02)
        terminal.settle(0.5)
    terminal.wait_for("set to 0.5 mA")
    session.stop()
    journal = next(path for path in (session.folder / "state").rglob("*.jsonl") if is_journal(path))
    rows = [json.loads(one) for one in journal.read_text("utf-8").splitlines()]
    levels = [row["data"]["level"] for row in rows if row["kind"] == "set"]
    raised = [level for level in levels if level]
    assert raised == [500, 1_000]  # one for each of two holds
    session.judge()
