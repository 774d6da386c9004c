"""A procedure in the terminal UI: its keys answer an event, and its words do without a screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stimctl.session.events import Kind
from stimctl.tui.plain.face import PlainFace
from tests.support.procedures import LADDER, STAIRS, curve, procedure_text, ruled
from tests.support.tui_desk import S, World, type_lines

MARKS = 'marks = ["sensory-threshold"]\n'


@pytest.fixture
def own(world: World, tmp_path: Path) -> Path:
    """The person's own folder of protocols, with a search and a ladder."""
    folder = tmp_path / "protocols"
    folder.mkdir()
    (folder / "sample.toml").write_text(procedure_text(ruled(STAIRS)), "utf-8")
    ladder = procedure_text(
        LADDER.replace("700 ms", "3 s") + MARKS, curve('every = "1 s", count = 3', "10 s")
    )
    (folder / "ladder.toml").write_text(ladder.replace('"sample"', '"ladder"'), "utf-8")
    return folder


def last(world: World, kind: Kind) -> Any:
    return world.bench.told(kind)[-1].data


def until_given(world: World) -> None:
    before = len(world.bench.told(Kind.PULSE_ACKED))
    while len(world.bench.told(Kind.PULSE_ACKED)) == before:
        world.pass_time(S // 20)


def test_a_key_answers_the_event_that_was_given_last(world: World, own: Path) -> None:
    world.to_running("sample", steps=0)
    until_given(world)
    assert "felt" in world.text(120, 30)
    world.key("i")
    world.pass_time(S // 10)
    assert last(world, Kind.EVENT)["answer"] == "felt"


def test_a_key_says_too_much_and_the_search_is_over(world: World, own: Path) -> None:
    world.to_running("sample", steps=0)
    until_given(world)
    world.key("v")
    world.pass_time(S)
    assert last(world, Kind.RESULT)["code"] == "too-much"


def test_the_keys_of_events_say_why_they_do_nothing_elsewhere(world: World) -> None:
    world.to_running(steps=0)
    offers = world.desk.pages["run"].offers()
    assert offers["event-felt"] == offers["too-much"] == "this treatment has no single events"


def test_words_answer_mark_and_say_what_came_of_it(
    world: World, own: Path, face: PlainFace, said: list[str]
) -> None:
    world.to_running("ladder", steps=0)
    type_lines(world, face, "1", "up")
    until_given(world)
    type_lines(world, face, "felt", "mark-threshold")
    world.pass_time(S // 5)
    assert last(world, Kind.EVENT)["answer"] == "felt"
    told = "\n".join(said)
    assert "event 1 of ladder: 0.5 mA, given, felt" in told
    assert "RESULT: sensory-threshold 0.5 mA (hand; marked by hand)" in told
