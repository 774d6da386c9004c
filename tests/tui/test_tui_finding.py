"""Where a channel is felt is told by a key or a word, and the supervisor says what follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.tui.model.opening import Wishes, parse_wishes
from stimctl.tui.plain.face import PlainFace
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World, type_lines
from tests.support.tui_pages import TWO_CHANNELS, write_two_channels

pytestmark = pytest.mark.hazard("H64")

LEFT, RIGHT = "left-quadriceps", "right-quadriceps"


@pytest.fixture
def two(world: World, tmp_path: Path) -> World:
    """Two channels, running, the first ready to rise."""
    from stimctl.tui.model.planning import choose

    write_two_channels(tmp_path / "protocols")
    world.bed.find_channels = True
    world.bed.take_person("DEMO-1")
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    world.bed.take(choose(TWO_CHANNELS))
    world.bed.accept_warning()
    assert world.bed.plan is not None, world.bed.why_not
    world.desk.open("run")
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(6 * S)
    return world


def up(world: World, channel: int) -> int:
    """The level after one press on this channel."""
    world.key(f"alt+{channel}")
    world.pass_time(1 * S)
    world.key("up")
    world.pass_time(500 * MS)
    return world.set_level(channel)


def test_one_key_and_a_digit_let_the_next_channel_rise(two: World) -> None:
    assert up(two, 1) > 0
    assert up(two, 2) == 0
    assert "not found yet" in two.bed.live.refused
    two.key("alt+1")
    with Headless(two) as ui:
        ui.press("f")
        assert "where is channel 1 felt?" in ui.text
        assert "2  right quadriceps" in ui.text
        ui.press("1")
    two.pass_time(200 * MS)
    assert two.page_is_run()
    assert up(two, 2) > 0


@pytest.mark.parametrize("key", ["2", "3", "n"])
def test_another_site_stops_and_the_same_key_says_that_the_leads_are_checked(
    two: World, key: str
) -> None:
    up(two, 1)
    two.key("f", key)
    two.pass_time(2 * S)
    assert two.bench.state.value == "stopped"
    assert "the leads may be swapped" in two.bed.live.why
    two.key("a")
    two.pass_time(2 * S)
    assert two.bench.state.value == "stopped"
    two.key("f")
    two.key("a")
    two.pass_time(500 * MS)
    assert two.bench.state.value == "armed"


def test_without_the_option_the_key_says_how_to_have_it(world: World) -> None:
    world.to_running(steps=1)
    world.key("f")
    assert "--find-channels" in world.desk.message


def test_the_words_of_the_plain_face(two: World, face: PlainFace, said: list[str]) -> None:
    type_lines(two, face, "1", "up", "2", "up", "found", "found 1 nowhere", f"found 1 {LEFT}", "up")
    told = "\n".join(said)
    assert "a channel and a site are needed" in told
    assert "unknown body site 'nowhere'" in told
    assert f"channel 1 found at {LEFT}" in told
    assert two.set_level(2) > 0
    type_lines(two, face, f"found 2 {LEFT}")
    two.pass_time(1 * S)
    assert two.bench.state.value == "stopped"
    type_lines(two, face, "arm", "leads-checked", "arm")
    told = "\n".join(said)
    assert f"channel 2 is felt at {LEFT}, the plan has {RIGHT}: the leads may be swapped" in told
    assert "leads checked (operator)" in told
    assert two.bench.state.value == "armed"


def test_it_is_asked_for_on_the_command_line() -> None:
    assert parse_wishes(["--plain", "--find-channels"]) == Wishes(plain=True, find_channels=True)
    assert not Wishes().find_channels
