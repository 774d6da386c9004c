"""What of a stream of samples counts: age, numbers, plausibility (K11, K12, K14)."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stimctl.session.facts import InputSample
from stimctl.session.inputs import Input
from stimctl.treatment.inputs_schema import InputKind, PhaseUnit, Source
from stimctl.treatment.switching import InputSpec

MS = 1_000


def an_input(kind: InputKind, **more: Any) -> Input:
    sources = more.pop("sources", (Source.API,))
    values: dict[str, Any] = {"fresh_for_us": 100 * MS, "settles_us": 0, "latency_us": 80 * MS}
    if kind is InputKind.PHASE:
        values |= {"unit": PhaseUnit.DEG, "slowest_mrpm": 10_000, "fastest_mrpm": 70_000}
    return Input(InputSpec("in", kind, sources, **(values | more)))


def feed(one: Input, value: Any, at_ms: int, seq: int | None = None, **more: Any) -> None:
    one.take(at_ms * MS, InputSample("in", at_ms if seq is None else seq, value, **more))


def turning(one: Input, until_ms: int, rpm: float = 50) -> int:
    for at_ms in range(10, until_ms + 10, 10):
        feed(one, at_ms / 1000 * rpm * 6 % 360, at_ms)
    return until_ms


def test_a_sample_counts_for_its_time_and_no_longer() -> None:
    one = an_input(InputKind.STATE)
    feed(one, 1, 10)
    one.advance(109 * MS)
    assert one.said is not None
    one.advance(110 * MS)
    assert one.said is None
    assert (one.lost, one.why) == (1, "no sample came in time")


@pytest.mark.hazard("H82")
def test_a_stamp_makes_a_sample_older_and_never_younger() -> None:
    one = an_input(InputKind.STATE)
    feed(one, 1, 10, age_us=60 * MS)
    one.advance(50 * MS)
    assert one.said is None
    feed(one, 1, 60, age_us=-500 * MS)  # from the future
    one.advance(159 * MS)
    assert one.said is not None
    one.advance(160 * MS)
    assert one.said is None
    feed(one, 1, 200, age_us=100 * MS)  # as old as that it counts for nothing
    assert one.said is None


@pytest.mark.parametrize("kind", [InputKind.STATE, InputKind.PHASE, InputKind.LEVEL])
@pytest.mark.hazard("H82")
def test_a_heartbeat_keeps_only_events_fresh(kind: InputKind) -> None:
    """K11: that a sender lives says nothing of where its crank is now."""
    one = an_input(kind)
    last_ms = 300
    for at_ms in range(10, last_ms + 10, 10):
        feed(one, at_ms * 0.3 if kind is InputKind.PHASE else 1, at_ms)
    assert one.said is not None
    for at_ms in range(last_ms + 10, last_ms + 200, 10):
        feed(one, None, at_ms, beat=True)
        assert (one.said is not None) is (at_ms < last_ms + 100), at_ms
    assert one.why == "no sample came in time"


@pytest.mark.hazard("H82")
def test_age_is_counted_from_arrival_and_not_from_handling() -> None:
    """K12: a sample that waited here for 90 ms counts for 10 ms more; one of 100 ms for none."""
    one = an_input(InputKind.STATE)
    feed(one, 1, 100, arrived_ns=10 * MS * 1_000)
    assert one.said is not None
    assert one.sample_us == 10 * MS
    one.advance(110 * MS)
    assert one.said is None
    feed(one, 1, 200, arrived_ns=100 * MS * 1_000)
    assert (one.said, one.why) == (None, "the sample is too old")
    feed(one, 1, 300, arrived_ns=900 * MS * 1_000)  # never younger
    one.advance(400 * MS)
    assert one.said is None


@pytest.mark.hazard("H82")
def test_what_was_said_before_changes_nothing() -> None:
    one = an_input(InputKind.STATE)
    feed(one, 0, 10, seq=100)
    feed(one, 1, 20, seq=99)
    feed(one, 1, 30, seq=100)
    assert one.said is not None
    assert not one.said.on
    one.advance(110 * MS)
    assert one.said is None  # nor did the replay keep it fresh


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (InputKind.PHASE, math.nan), (InputKind.PHASE, math.inf), (InputKind.PHASE, -1.0),
        (InputKind.PHASE, 361.0), (InputKind.PHASE, None), (InputKind.PHASE, "90"),
        (InputKind.PHASE, [90.0]), (InputKind.PHASE, 10**400), (InputKind.STATE, 2),
        (InputKind.STATE, 0.5), (InputKind.STATE, math.nan), (InputKind.LEVEL, -0.1),
        (InputKind.LEVEL, 1e300), (InputKind.EVENT, 1.0),
    ],
)  # fmt: skip
def test_a_value_that_is_none_counts_as_no_sample(kind: InputKind, value: Any) -> None:
    one = an_input(kind)
    at_ms = 0
    if kind is InputKind.PHASE:
        at_ms = turning(one, 300)
    elif kind is InputKind.EVENT:
        feed(one, None, 5, beat=True)
    else:
        feed(one, 0, 5)
    assert one.said is not None
    feed(one, value, at_ms + 10)
    assert one.said is None


@pytest.mark.parametrize(
    ("angles", "says"),
    [
        ([50.0, 50.0], "jumped"),
        ([-30.0, -33.0, -36.0], "backwards"),
        ([3.0 + 0.01 * k for k in range(40)], "slowly"),
        ([3.0 + 5.0 * k for k in range(1, 40)], "fast"),
    ],
    ids=["a jump", "backwards", "standing still", "too fast"],
)
@pytest.mark.hazard("H82")
def test_a_broken_encoder_counts_as_no_sample(angles: list[float], says: str) -> None:
    one = an_input(InputKind.PHASE)
    at_ms = turning(one, 500)
    assert one.said is not None
    whys = []
    for number, angle in enumerate(angles, start=1):
        feed(one, (150 + angle) % 360, at_ms + 10 * number)
        whys.append(one.why)
        if one.said is None:
            break
    assert says in one.why, whys
    assert one.said is None


def test_a_phase_counts_once_its_rate_is_known() -> None:
    one = an_input(InputKind.PHASE)
    turning(one, 190)
    assert one.said is None
    turning(one, 400)
    assert one.said is not None
    assert abs(one.said.mdeg_per_s - 300_000) < 3_000


def test_a_change_of_a_state_counts_once_it_has_lasted() -> None:
    one = an_input(InputKind.STATE, settles_us=20 * MS)
    for at_ms in (0, 10, 20):
        feed(one, 0, at_ms)
    for at_ms in range(25, 55, 5):  # chatter
        feed(one, at_ms // 5 % 2, at_ms)
        assert one.said is not None
        assert not one.said.on
    feed(one, 1, 60)
    feed(one, 1, 79)
    assert not one.said.on
    feed(one, 1, 81)
    assert one.said.on


@pytest.mark.hazard("H82")
def test_the_first_state_after_a_loss_has_to_last_too() -> None:
    """K13: a switch that is on all the time comes back with one bounce."""
    one = an_input(InputKind.STATE, settles_us=20 * MS)
    for at_ms in range(0, 50, 10):
        feed(one, 1, at_ms)
    one.advance(400 * MS)
    assert one.said is None
    feed(one, 0, 400)  # the bounce
    for at_ms in range(405, 500, 5):
        assert one.said is None or one.said.on
        feed(one, 1, at_ms)
        assert (one.said is not None) is (at_ms >= 425), at_ms
    assert one.deadline_us() == (495 + 100) * MS


def test_the_first_event_after_silence_starts_nothing_and_a_key_needs_no_heartbeat() -> None:
    one = an_input(InputKind.EVENT)
    feed(one, None, 10)
    assert one.said is not None
    assert one.said.events == 0
    feed(one, None, 20)
    assert one.said.events == 1
    key = an_input(InputKind.EVENT, sources=(Source.KEY,))
    feed(key, None, 100_000, seq=1, keyed=True)
    assert key.said is not None
    assert key.said.events == 1
    assert key.deadline_us() is None


@pytest.mark.hazard("H82")
def test_a_key_keeps_no_other_source_fresh() -> None:
    """K11: an input with a key and a sender, which dies; the key is pressed on and on."""
    one = an_input(InputKind.EVENT, sources=(Source.KEY, Source.UDP))
    feed(one, None, 10, source="key", keyed=True)
    assert one.said is not None
    assert one.said.events == 1  # nothing else has spoken yet
    feed(one, None, 20, source="udp", beat=True)
    for at_ms in range(30, 300, 10):
        feed(one, None, at_ms, source="key", keyed=True)
        assert (one.said is not None) is (at_ms < 120), at_ms
    feed(one, None, 300, source="udp", beat=True)
    assert one.said is not None
    assert one.deadline_us() == 400 * MS
