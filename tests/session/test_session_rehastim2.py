"""The engine on a RehaStim2: the connection kept, the gate over both keep-alives, plans, dose."""

from __future__ import annotations

from random import Random

import pytest

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from stimctl.bench import Bench, rehearse
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.safety import Electrode, Refusal
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Connect, LoadPlan, Pause, Raise, Resume, Start, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.wire.sciencemode2.framing import STOP_CHANNEL_LIST_MODE, FrameDecoder, RawFrame
from tests.support.paths import ROOT
from tests.support.rehastim2_plans import SCRIPT, compiled, plan_of
from tests.support.session_world import BY_HAND, rises

STEP_UA = REHASTIM2_SHEET.bounds.amplitude_step_ua
EVERY_NS = 500 * MS  # 2 mA at 4 mA/s


def bench_of(config: EngineConfig = SCRIPT, **options: object) -> Bench:
    twin, driver = RehaStim2Twin(wiretap=True), RehaStim2Driver()
    return Bench(config, twin=twin, driver=driver, **options)  # type: ignore[arg-type]


def armed(plan: Plan, config: EngineConfig = SCRIPT, **options: object) -> Bench:
    bench = bench_of(config, **options)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    bench.command(LoadPlan(plan))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    return bench


def running(plan: Plan, for_ns: int = 8 * SECOND) -> Bench:
    bench = armed(plan)
    bench.command(Start())
    bench.run_for(for_ns)
    assert bench.state is State.RUNNING
    return bench


def heard(bench: Bench, since_us: int) -> list[int]:
    """The commands that the twin heard."""
    decoder = FrameDecoder()
    found = []
    for row in bench.twin.records():
        if row["kind"] == "rx" and row["at_us"] >= since_us:
            found += [f.command for f in decoder.feed(bytes.fromhex(row["hex"]))
                      if isinstance(f, RawFrame)]  # fmt: skip
    return found


def losses(bench: Bench) -> list[object]:
    return [row for row in bench.twin.records() if row.get("event") == "connection lost"]


def test_the_connection_is_kept_in_every_state_of_a_session() -> None:
    bench = bench_of()
    bench.command(Connect())
    bench.run_for(5 * SECOND)
    bench.command(LoadPlan(plan_of("tens-conventional")))
    bench.run_for(5 * SECOND)
    bench.command(Arm())
    bench.run_for(5 * SECOND)
    bench.command(Start())
    bench.run_for(5 * SECOND)
    bench.command(Pause())
    bench.run_for(30 * SECOND)
    assert bench.state is State.PAUSED
    assert not losses(bench)
    assert bench.twin.longest_gap_us <= 450_000  # type: ignore[attr-defined]


@pytest.mark.parametrize("state", ["armed", "running", "paused"])
def test_when_the_gate_closes_nothing_but_the_stop_is_sent(state: str) -> None:
    plan = plan_of("tens-conventional")
    bench = armed(plan) if state == "armed" else running(plan)
    if state == "paused":
        bench.command(Pause())
        bench.run_for(SECOND)
    bench.beating = False
    bench.run_until(lambda: bool(bench.engine.stopping), bench.now_ns + SECOND)
    closed_us = bench.now_ns // 1_000
    bench.run_for(5 * SECOND)
    assert not bench.twin.stimulating
    commands = heard(bench, closed_us)
    assert commands[0] == STOP_CHANNEL_LIST_MODE
    # The stop, the question whether it holds, and no keep-alive of either form.
    assert len(commands) == 2
    assert bench.state is not State.RUNNING


def test_an_idle_device_without_a_face_is_left_to_its_own_watchdog() -> None:
    bench = bench_of()
    bench.command(Connect())
    bench.run_for(2 * SECOND)
    bench.beating = False
    bench.run_for(600 * MS)
    since_us = bench.now_ns // 1_000
    bench.run_for(5 * SECOND)
    assert heard(bench, since_us) == []
    assert losses(bench)


def test_a_device_that_lets_us_go_while_it_stimulates_ends_the_session_at_verified_zero() -> None:
    bench = running(plan_of("tens-conventional"))
    bench.to_device.hook = lambda now, data: b""
    bench.run_until(lambda: bool(losses(bench)), bench.now_ns + 5 * SECOND)
    bench.to_device.hook = None
    bench.run_for(2 * SECOND)
    assert bench.state in (State.FAULT, State.STOPPED)
    assert not bench.engine.stopping
    assert not bench.twin.stimulating


@pytest.mark.hazard("H24")
def test_a_pause_that_finds_the_connection_gone_is_a_latched_fault() -> None:
    bench = running(plan_of("tens-conventional"))
    bench.twin.power_off(bench.now_ns)
    bench.twin.power_on(bench.now_ns)  # type: ignore[attr-defined]
    bench.command(Pause())
    bench.run_for(2 * SECOND)
    assert bench.state is State.FAULT
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "fault"
    assert not bench.twin.stimulating


@pytest.mark.hazard("H19")
@pytest.mark.parametrize("plan_again", [False, True])
def test_a_new_run_is_no_reason_to_raise_sooner(plan_again: bool) -> None:
    """Rule A3 counts from the last raise, whatever was stopped and started since."""
    plan = plan_of("tens-conventional")
    bench = armed(plan, BY_HAND)
    bench.command(Start())
    bench.run_for(200 * MS)
    bench.command(Raise(1, Level(CURRENT, STEP_UA)))
    raised_ns = bench.told(Kind.SET)[-1].at_ns
    bench.run_for(10 * MS)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    if plan_again:
        bench.command(LoadPlan(plan))
    bench.command(Arm())
    bench.command(Start())
    while not bench.engine.plateau(1) and bench.now_ns < raised_ns + SECOND:
        bench.run_for(MS)
        bench.command(Raise(1, Level(CURRENT, STEP_UA)))
    assert bench.state is State.RUNNING
    again_ns = bench.told(Kind.SET)[-1].at_ns
    assert 0 <= again_ns - raised_ns - EVERY_NS <= MS


@pytest.mark.hazard("H19")
@pytest.mark.parametrize("latency_ms", [1, 16, 40])
def test_a_raise_at_the_end_of_a_soft_return_is_no_second_step_at_once(latency_ms: int) -> None:
    bench = armed(plan_of("tens-conventional"), BY_HAND, latency_ns=latency_ms * MS)
    bench.command(Start())
    for plateau_ua in (STEP_UA, 2 * STEP_UA, 3 * STEP_UA):
        bench.run_for(600 * MS)
        bench.command(Raise(1, Level(CURRENT, plateau_ua)))
    bench.run_for(SECOND)
    bench.command(Pause())
    bench.run_for(2 * SECOND)
    bench.command(Resume())
    end_ns = bench.now_ns + 6 * SECOND
    while bench.engine.plateau(1) == 3 * STEP_UA and bench.now_ns < end_ns:
        bench.run_for(2 * MS)
        bench.command(Raise(1, Level(CURRENT, 4 * STEP_UA)))
    assert bench.engine.plateau(1) == 4 * STEP_UA
    bench.run_for(SECOND)
    assert {by_ua for _, by_ua in rises(bench)} == {STEP_UA}


@pytest.mark.hazard("H19")
@pytest.mark.parametrize("seed", [30, 31, 32])
def test_nothing_is_raised_before_its_ramp_has_reached_the_plateau(seed: int) -> None:
    """On a line that loses answers, so that the last step of a ramp waits for a keep-alive's: a
    raise on top of it would be two steps at once."""
    chance = Random(seed)
    bench = armed(plan_of("nmes-tka", 1, duration_s=120), SCRIPT)
    bench.to_host.hook = lambda _now, data: data if chance.random() < 0.6 else b""
    bench.command(Start())
    bench.run_for(100 * SECOND)
    ledger = bench.ledger()
    raised = [one for one in bench.told(Kind.RAISE) if one.data["before"]]
    assert len(raised) > 3
    for one in raised:
        set_us = one.at_ns // 1_000
        assert ledger.peak_between_ua(set_us - 25_000, set_us) == one.data["before"]


def test_the_emergency_switch_ends_the_session_and_asks_for_a_reason() -> None:
    bench = running(plan_of("tens-conventional"))
    bench.twin.set_emergency(True)  # type: ignore[attr-defined]
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert any("emergency" in str(one.data["what"]) for one in bench.told(Kind.ALARM))


@pytest.mark.parametrize(
    ("name", "channels", "duration_s"),
    [("nmes-tka", (1,), 120), ("tens-conventional", (1, 2), 60), ("nmes-tka", (6,), 60)],
)
def test_a_rehearsal_delivers_the_plan_within_one_per_cent_and_the_plan_tells_its_steps(
    name: str, channels: tuple[int, ...], duration_s: int
) -> None:
    plan = plan_of(name, *channels, duration_s=duration_s)
    assert any("2 mA steps" in note for note in plan.notes)
    rehearsal = rehearse(plan)
    assert rehearsal.ok, rehearsal.problems
    assert all(one.pulses > 100 for one in rehearsal.report)


@pytest.mark.parametrize(
    ("name", "channels", "what", "nearest"),
    [
        ("tens-burst", (1,), "makes groups of 2 to 3 pulses, not of 10", "single pulses at 2 Hz"),
        ("tens-modulated", (1,), "cannot change its pulse rate", "2 Hz throughout"),
        ("tens-conventional", (1, 5), "16 ms", "Nearest legal: frequency 62.5 Hz"),
        ("tens-conventional", (9,), "channels 1 to 8", "channel 8"),
    ],
)
def test_what_the_device_cannot_do_is_refused_with_what_would_do(
    name: str, channels: tuple[int, ...], what: str, nearest: str
) -> None:
    refusal = compiled(name, channels)
    assert isinstance(refusal, Refusal)
    assert what in refusal.message
    assert nearest in refusal.message


def test_an_amplitude_between_two_steps_is_refused_with_the_next_lower_one() -> None:
    text = (ROOT / "protocols" / "tens-conventional.toml").read_text(encoding="utf-8")
    refusal = compile_plan(
        load_protocol(text, "tens-conventional"),
        REHASTIM2_SHEET,
        [ChannelSetup(1, Level(CURRENT, 13_000), Electrode(area_mm2=9_600))],
    )
    assert isinstance(refusal, Refusal)
    assert "12 mA" in refusal.message
