"""Inputs of a functional treatment in the terminal UI: their sources are asked for, and a key is
one of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import UsageError
from stimctl.session.events import Kind
from stimctl.tui.model.opening import Wishes, parse_wishes
from stimctl.tui.model.sources import Sources
from stimctl.tui.model.steps import next_gap
from stimctl.tui.plain.face import PlainFace
from tests.support.functional_world import ACTIVATION, ON_WHILE, STATE, functional_text
from tests.support.tui_desk import S, World, type_lines

KEY = 'kind = "event", sources = ["key"]'
TUNE = 'cycle = { on = "6 s", off = "2 s", ramp_up = "1 s", ramp_down = "1 s" }'


class Read:
    """What a process of inputs was told, and whether it still runs."""

    def __init__(self) -> None:
        self.bound: list[Any] = []
        self.ended: str | None = None
        self.closed = 0

    def __call__(self, _told: Mapping[str, Any], bindings: tuple[Any, ...]) -> Read:
        self.bound.append(bindings)
        self.ended = None
        return self

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def own(world: World, tmp_path: Path) -> Path:
    """The person's own folder of protocols."""
    folder = tmp_path / "protocols"
    folder.mkdir()
    for name, of, says in (
        ("pressed", KEY, ACTIVATION + 'on = "1 s", refractory = "500 ms"'),
        ("heel", STATE, ON_WHILE),
    ):
        text = functional_text({"one": says}, of, tune=TUNE).replace('"sample"', f'"{name}"')
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


def to_switched(world: World) -> None:
    """Raised by hand in the first stage, then to the one that inputs switch."""
    world.to_running("pressed")
    for _ in range(4):
        world.pass_time(S)
        world.key("up")
    world.pass_time(12 * S)
    world.key("e")
    world.pass_time(3 * S)
    assert world.bed.live.state == "paused"
    world.key("p")
    world.pass_time(S)
    assert world.bed.live.state == "running"


def begun(world: World) -> int:
    return len(world.bench.told(Kind.ACTIVATION))


def test_a_treatment_whose_inputs_have_no_source_is_not_armed(world: World, own: Path) -> None:
    world.to_run("heel")
    gap = next_gap(world.desk)
    assert gap is not None
    assert 'The input "in" has no source' in gap.text
    world.key("a")
    assert 'The input "in" has no source' in world.desk.message
    world.key("enter")
    assert world.desk.front.name == "sources"
    assert "heel@1Hz" in world.text(100, 30)
    world.key("1")
    assert next_gap(world.desk) is None


def test_the_way_that_the_file_allows_is_the_one_that_is_offered(world: World, own: Path) -> None:
    world.to_run("pressed")
    page = world.desk.pages["sources"]
    assert [one.text for one in page.answers()] == ["sim:button@0.2Hz", "key"]
    world.bed.sources.bind("in=udp:5005")
    gap = next_gap(world.desk)
    assert gap is not None
    assert "does not allow" in gap.text


def test_reading_begins_before_arming_and_again_before_going_on(world: World, own: Path) -> None:
    read = Read()
    world.bed.sources = Sources(read)
    world.bed.sources.bind("in=sim:heel@1Hz")
    world.to_run("heel")
    world.key("a")
    assert [one.sensor for one in read.bound[-1]] == ["heel@1Hz"]
    assert world.bed.live.state == "armed"
    world.pass_time(S)
    world.key("g")
    world.pass_time(S)
    world.key("p")
    world.pass_time(2 * S)
    assert world.bed.live.state == "paused"
    assert len(read.bound) == 1
    read.ended = "the sensor has gone"
    world.pass_time(S)
    assert "the sensor has gone" in world.desk.message
    world.key("p")
    assert len(read.bound) == 2
    world.bed.close()
    assert read.closed


@pytest.mark.hazard("H82")
def test_a_press_of_the_key_starts_an_activation_and_no_other_key_does(
    world: World, own: Path
) -> None:
    world.bed.sources.bind("in=key")
    to_switched(world)
    world.pass_time(2 * S)
    assert begun(world) == 0
    world.key("k")
    world.pass_time(3 * S)
    assert begun(world) == 1
    before = world.set_level()
    world.key("k")
    world.key("down")
    world.pass_time(S)
    assert world.set_level() < before  # lowering is free meanwhile
    world.key("space")
    world.pass_time(S)
    assert world.bed.live.state == "stopped"
    count = begun(world)
    world.key("k")
    world.pass_time(S)
    assert begun(world) == count


def test_the_key_says_why_it_does_nothing_where_no_input_is_one(world: World) -> None:
    world.to_running()
    world.key("k")
    assert "no input of this treatment comes from a key" in world.desk.message


def test_words_say_and_tell_the_sources(
    world: World, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import queue

    face = PlainFace(world.desk, queue.SimpleQueue())
    world.to_run("pressed")
    type_lines(world, face, "input", "input in=nothing", "input in=key", "input")
    told = capsys.readouterr().out
    assert 'the input "in" has no source' in told
    assert "cannot be used" in told
    assert "in: key" in told
    assert "no source is missing" in told


def test_the_command_line_names_sources() -> None:
    wishes = parse_wishes(["--plain", "--input", "in=key", "--input=go=key"])
    assert wishes == Wishes(plain=True, inputs=("in=key", "go=key"))
    with pytest.raises(UsageError):
        Sources().bind("in")
