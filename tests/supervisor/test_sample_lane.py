"""Samples on their way to the engine: the newest of each input, 200 a second, and no event lost."""

from __future__ import annotations

import pytest

from stimctl.session.facts import FaceAlive, InputSample
from stimctl.supervisor.commands import parse_command
from stimctl.supervisor.face_input import item_of
from stimctl.supervisor.inbox import Inbox
from stimctl.supervisor.sample_lane import MOST_INPUTS, SHORTEST_NS, SampleLane

US = 1_000


def drained(lane: SampleLane, now_ns: int) -> list[InputSample]:
    found = []
    while (one := lane.take(now_ns)) is not None:
        found.append(one)
    return found


@pytest.mark.hazard("H82")
def test_a_flood_is_the_newest_of_each_and_200_a_second() -> None:
    """K16: 10 kHz for a second, taken out each millisecond."""
    lane, taken = SampleLane(), []
    for number in range(10_000):
        lane.put(number * 100 * US, InputSample("in", number, 1.0))
        if number % 10 == 0:
            taken += drained(lane, number * 100 * US)
    assert 190 <= len(taken) <= 201
    assert [one.seq for one in taken] == sorted(one.seq for one in taken)


def test_of_what_waits_the_newest_stays() -> None:
    lane = SampleLane()
    assert lane.put(0, InputSample("in", 1, 1.0))
    assert not lane.put(SHORTEST_NS, InputSample("in", 2, 2.0))
    (one,) = drained(lane, SHORTEST_NS)
    assert one.seq == 2


def test_a_sign_of_life_never_takes_the_place_of_an_event() -> None:
    lane = SampleLane()
    for number in range(1_000):
        lane.put(number * SHORTEST_NS, InputSample("in", 2 * number))
        lane.put(number * SHORTEST_NS, InputSample("in", 2 * number + 1, beat=True))
        assert [one.beat for one in drained(lane, number * SHORTEST_NS)] == [False, True]


@pytest.mark.hazard("H82")
def test_a_beat_never_takes_the_place_of_a_value() -> None:
    lane = SampleLane()
    lane.put(0, InputSample("in", 1, 0.0))
    lane.put(0, InputSample("in", 2, beat=True))
    assert [(one.seq, one.value) for one in drained(lane, 0)] == [(1, 0.0), (2, None)]


@pytest.mark.hazard("H82")
def test_the_last_word_of_a_switch_is_heard_however_soon_it_comes() -> None:
    """K16: on, and 4 ms later off, and 0.5 ms later still off."""
    lane = SampleLane()
    assert lane.put(0, InputSample("in", 1, 1.0))
    assert drained(lane, 0)
    assert lane.put(4_000 * US, InputSample("in", 2, 0.0))
    assert not lane.put(4_500 * US, InputSample("in", 3, 0.0))
    assert lane.due_ns() == SHORTEST_NS
    assert lane.take(SHORTEST_NS - 1) is None
    assert [one.seq for one in drained(lane, SHORTEST_NS)] == [3]
    assert lane.due_ns() is None


@pytest.mark.hazard("H82")
def test_an_event_that_is_kept_is_not_made_old_by_a_beat_behind_it() -> None:
    """K12: numbers leave in the order in which they came."""
    lane = SampleLane()
    lane.put(0, InputSample("in", 1))
    assert drained(lane, 0)
    lane.put(US, InputSample("in", 2, beat=True))
    lane.put(2 * US, InputSample("in", 3))
    lane.put(3 * US, InputSample("in", 4, beat=True))
    assert drained(lane, 4 * US) == []
    assert lane.due_ns() == SHORTEST_NS
    assert [one.seq for one in drained(lane, SHORTEST_NS)] == [3, 4]


def test_what_was_kept_leaves_the_inbox_without_anything_else_coming() -> None:
    inbox = Inbox()
    for number in (1, 2):
        inbox.put(InputSample("in", number, 1.0))
        while (one := inbox.get(1.0)) is None:
            pass
        assert isinstance(one, InputSample)
        assert one.seq == number
    assert inbox.get(0) is None


def test_names_that_nobody_knows_take_no_room() -> None:
    lane = SampleLane()
    put = [lane.put(0, InputSample(f"in-{number}", 1, 1.0)) for number in range(100)]
    assert sum(put) == MOST_INPUTS


@pytest.mark.hazard("H82")
@pytest.mark.hazard("H82")
def test_names_that_the_plan_has_not_take_no_room_from_those_that_it_has() -> None:
    lane = SampleLane()
    for number in range(MOST_INPUTS):
        assert lane.put(0, InputSample(f"other-{number}", 1, 1.0))
    lane.admit({"in"})
    assert not any(lane.put(0, InputSample(f"more-{number}", 1, 1.0)) for number in range(100))
    assert lane.put(0, InputSample("in", 1, 1.0))
    assert [one.input for one in drained(lane, 0)] == ["in"]
    lane.admit({"next"})
    assert lane.put(US, InputSample("next", 1, 1.0))


def test_a_beat_of_the_face_is_heard_before_samples() -> None:
    inbox = Inbox()
    for number in range(50):
        inbox.put(InputSample("in", number, 1.0))
    inbox.put(FaceAlive())
    first = inbox.get(0)
    assert isinstance(first, FaceAlive)
    assert isinstance(inbox.get(0), InputSample)
    assert inbox.get(0) is None


def test_a_line_of_a_face_becomes_a_sample() -> None:
    line = b'{"do": "sample", "id": 3, "input": "crank", "seq": 17, "value": 123.4}'
    assert parse_command(line).fields["value"] == 123.4
    assert item_of(line) == InputSample("crank", 17, 123.4)
    assert item_of(b'{"do":"sample","input":"bci","seq":1,"beat":true}') == InputSample(
        "bci", 1, beat=True
    )
