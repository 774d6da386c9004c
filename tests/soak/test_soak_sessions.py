"""A few simulated sessions from fixed seeds, and every seed that ever broke a promise, again.

The long run is `python -m tests.soak`, which `make soak` starts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.session.states import State
from tests.soak.soak_campaign import Tally, campaign
from tests.soak.soak_reach import WANTED, pairs
from tests.soak.soak_report import report
from tests.soak.soak_session import play
from tests.soak.soak_story import story_of
from tests.support.broad import broad

pytestmark = pytest.mark.no_invariant("each session hangs it on its own bench")

SEEDS = [
    line.split()[0]
    for line in Path(__file__).with_name("seeds.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
#: Kinds of session that last for an hour or more; the soak plays them.
LONG = frozenset({"quiet", "rehaquiet", "burstline"})
SOAK_S = 600.0
HOURS = 500.0
FAULTS_WHILE_RUNNING = 10_000


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(
            seed,
            marks=[pytest.mark.soak if seed.partition("-")[0] in LONG else pytest.mark.broad],
        )
        for seed in SEEDS
    ],
)
def test_a_seed_that_once_broke_a_promise_keeps_them_all(seed: str) -> None:
    assert play(seed).violation is None


def test_eight_sessions_full_of_trouble_keep_every_promise() -> None:
    tally = Tally()
    for number in range(8):
        tally.add(play(f"storm-{9_100 + number}"), 0.0)
    assert tally.violations == []
    assert tally.p24.faults_while_running > 8


@pytest.mark.broad
def test_storms_on_a_rehastim2_keep_every_promise() -> None:
    tally = Tally()
    for number in range(6):
        tally.add(play(f"reha-{9_100 + number}"), 0.0)
    assert tally.violations == []
    played = tally.devices["rehastim2"]
    assert played.faults_while_running > 6
    assert played.output_hours > 0
    assert not tally.p24.sessions


@pytest.mark.broad
def test_storms_on_a_rehamove3_keep_every_promise() -> None:
    tally = Tally()
    for number in range(6):
        tally.add(play(f"move-{9_100 + number}"), 0.0)
    assert tally.violations == []
    played = tally.devices["rehamove3"]
    assert played.faults_while_running > 6
    assert played.output_hours > 0


@pytest.mark.parametrize(
    "kind", broad(["burst", "burstline", "rehaburst", "rehaburstline"], every=2)
)
@pytest.mark.parametrize("sessions", [1, pytest.param(6, marks=pytest.mark.soak)])
def test_bursts_in_and_out_of_cycles_keep_every_promise(kind: str, sessions: int) -> None:
    outcomes = [play(f"{kind}-{9_100 + number}") for number in range(sessions)]
    assert [one.violation for one in outcomes] == [None] * sessions
    assert any(one.output_us for one in outcomes) or not kind.endswith("line")


@pytest.mark.soak
def test_a_long_session_on_a_rehastim2_goes_by_undisturbed() -> None:
    outcome = play("rehaquiet-9005")
    assert outcome.violation is None
    assert outcome.output_us > 500_000_000
    assert outcome.ended_in is State.CLOSED


@pytest.mark.soak
def test_a_quiet_hour_goes_by_undisturbed_and_is_cheap() -> None:
    outcome = play("quiet-9000")
    assert outcome.violation is None
    assert outcome.output_us > 1_000_000_000
    assert outcome.ended_in is State.CLOSED


def test_a_seed_says_everything_about_its_session() -> None:
    assert play("storm-5") == play("storm-5")
    assert story_of("storm-5").troubles != story_of("storm-6").troubles


@pytest.mark.parametrize(
    "text", ["", "storm", "storm-x", "calm-1", "aim-1-running", "reha-1-running.nak"]
)
def test_what_is_no_seed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        story_of(text)


@pytest.mark.soak
@pytest.mark.timeout(SOAK_S * 2)
def test_five_hundred_hours_and_ten_thousand_faults_break_no_promise() -> None:
    tally = campaign(SOAK_S)
    print(report(tally, SOAK_S))
    assert tally.violations == []
    assert tally.p24.output_hours >= HOURS
    assert tally.p24.faults_while_running >= FAULTS_WHILE_RUNNING
    assert [pair for pair in pairs() if tally.p24.hits[pair] < WANTED] == []
