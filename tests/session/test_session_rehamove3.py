"""The engine on a RehaMove3: whole treatments, the watchdog, the pause, faults, the battery."""

from __future__ import annotations

from functools import cache

import pytest

from firmware_sim.faults import Fault
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.rehamove3 import RehaMove3Twin
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder
from firmware_sim.situation import faulty_twin
from firmware_sim.twin import LocalTwin
from stimctl.bench import Bench, rehearse
from stimctl.devices.rehamove3.driver import RehaMove3Driver
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET
from stimctl.safety import Electrode
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Connect, LoadPlan, Pause, Resume, Start, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from tests.support.paths import ROOT

SCRIPT = EngineConfig(scripted_raise=True, watchdog_test=False, attended_by_prompt=False)


@cache
def plan_of(name: str, *channels: int, duration_s: int = 60, amplitude_ua: int = 12_000) -> Plan:
    text = (ROOT / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
    setups = [
        ChannelSetup(channel, Level(CURRENT, amplitude_ua), Electrode(area_mm2=9_600))
        for channel in channels or (1,)
    ]
    protocol = load_protocol(text, name)
    plan = compile_plan(protocol, REHAMOVE3_SHEET, setups, duration_us=duration_s * 1_000_000)
    assert isinstance(plan, Plan), plan
    return plan


def armed(plan: Plan, twin: LocalTwin | None = None, config: EngineConfig = SCRIPT) -> Bench:
    bench = Bench(config, twin=twin or RehaMove3Twin(wiretap=True), driver=RehaMove3Driver())
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    bench.command(LoadPlan(plan))
    assert bench.run_to_state(State.CHECKED, within_ns=5 * SECOND)
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=5 * SECOND)
    return bench


def running(plan: Plan, twin: LocalTwin | None = None, for_ns: int = 8 * SECOND) -> Bench:
    bench = armed(plan, twin)
    bench.command(Start())
    bench.run_for(for_ns)
    assert bench.state is State.RUNNING
    return bench


def asked(bench: Bench) -> list[int]:
    """The commands that the twin heard."""
    decoder, found = FrameDecoder(), []
    for row in bench.twin.records():
        if row["kind"] == "rx":
            found += [f.command for f in decoder.feed(bytes.fromhex(row["hex"]))
                      if isinstance(f, Frame)]  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("name", "channels", "amplitude_ua"),
    [
        ("tens-conventional", (1,), 12_000),
        ("tens-conventional", (1, 2, 3, 4), 8_000),
        ("nmes-tka", (1,), 40_000),
        ("nmes-tka", (1, 4), 30_000),
        ("tens-burst", (2,), 15_000),
    ],
)
def test_whole_treatments_are_delivered_as_planned(
    name: str, channels: tuple[int, ...], amplitude_ua: int
) -> None:
    """Within 1 % of the plan, or one pulse a contraction: a rehearsal reports everything else."""
    plan = plan_of(name, *channels, duration_s=120, amplitude_ua=amplitude_ua)
    rehearsal = rehearse(plan)
    assert rehearsal.ok, rehearsal.problems
    for report in rehearsal.report:
        most = max(0.01 * report.planned.pulses, len(report.contractions), 1)
        assert abs(report.pulses - report.planned.pulses) <= most
        assert abs(report.charge_uc - report.planned.charge_uc) <= max(
            0.01 * report.planned.charge_uc, most * report.planned.strongest_uc
        )
        assert report.rms_plateau_ma == pytest.approx(report.planned.rms_plateau_ma, rel=0.01)
        assert report.peak_ua == report.planned.peak_ua
        assert not report.over_limits


def test_the_check_of_the_watchdog_gives_nothing_but_test_pulses() -> None:
    bench = armed(plan_of("tens-conventional"), config=EngineConfig())
    ledger = bench.ledger()
    assert ledger[1].peak_ma == 0
    assert ledger[1].test_pulses > 0
    assert 0 < ledger[1].test_charge_uc <= 0.2251 * ledger[1].test_pulses


def test_the_reset_is_never_sent_in_a_whole_session() -> None:
    bench = running(plan_of("tens-conventional"))
    bench.command(Pause())
    bench.run_for(2 * SECOND)
    bench.command(Resume())
    bench.run_for(7 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    commands = set(asked(bench))
    assert Command.RESET not in commands
    assert commands <= {30, 32, 34, 4, 36, 50, 52, 54, 62, 68}


def test_a_stop_is_verified_zero_within_300_ms() -> None:
    bench = running(plan_of("tens-conventional", 1, 3))
    bench.command(Stop())
    at_us = bench.now_ns // 1_000
    assert bench.run_to_state(State.STOPPED, within_ns=300 * MS)
    last = bench.ledger().last_output_us
    assert last is not None
    assert last - at_us <= 20_000
    assert not bench.twin.stimulating


@pytest.mark.hazard("H03")
def test_output_ends_2_s_after_the_host_has_died() -> None:
    bench = running(plan_of("tens-conventional"))
    died_us = bench.now_ns // 1_000
    bench.to_device.hook = lambda _now, _data: b""
    bench.beating = False
    bench.run_for(4 * SECOND)
    last = bench.ledger().last_output_us
    assert last is not None
    assert last - died_us <= 2_050_000


@pytest.mark.hazard("H12")
def test_an_electrode_that_falls_off_is_a_fault_at_verified_zero() -> None:
    bench = running(plan_of("tens-conventional", 1, 2))
    bench.twin.set_load(2, None)
    off_us = bench.now_ns // 1_000
    assert bench.run_to_state(State.FAULT, within_ns=SECOND)
    bench.run_for(SECOND)
    assert not bench.twin.stimulating
    last = bench.ledger().last_output_us
    assert last is not None
    assert last - off_us <= 700_000
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "fault"


def test_a_battery_that_is_low_refuses_to_begin_and_says_so() -> None:
    bench = Bench(SCRIPT, twin=RehaMove3Twin(battery_percent=15), driver=RehaMove3Driver())
    bench.command(Connect())
    bench.run_for(2 * SECOND)
    (failed,) = bench.told(Kind.CONNECT_FAILED)
    assert "battery at 15 %" in str(failed.data)
    assert bench.state is not State.IDENTIFIED


def test_a_battery_that_falls_ends_a_session_at_zero() -> None:
    twin = RehaMove3Twin()
    bench = running(plan_of("tens-conventional", duration_s=300), twin)
    twin.set_battery(10)
    assert bench.run_to_state(State.FAULT, within_ns=62 * SECOND)
    bench.run_for(SECOND)
    assert not bench.twin.stimulating


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop", 10_000_000, {"permille": 300, "for_us": 5_000_000}),
        Fault("flip", 10_000_000, {"ppm": 2_000, "for_us": 5_000_000}),
        Fault("duplicate", 10_000_000, {"for_us": 5_000_000}),
        Fault("latency", 10_000_000, {"for_us": 5_000_000}),
        Fault("unplug", 10_000_000, {"for_us": 5_000_000}),
        Fault("mute", 10_000_000, {"for_us": 5_000_000}),
        Fault("reset", 10_000_000),
        Fault("wrong-crc", 10_000_000, {"for_us": 5_000_000}),
        Fault("electrode-off", 10_000_000, {"for_us": 300_000}),
        Fault("electrode-short", 10_000_000),
    ],
    ids=lambda fault: fault.name,
)
@pytest.mark.hazard("H08")
def test_a_session_with_a_fault_goes_on_or_ends_at_zero(fault: Fault) -> None:
    """By the twin's own record: nothing above what was asked, and zero at the end."""
    twin = faulty_twin("rehamove3", None, [fault], seed=1)
    bench = running(plan_of("tens-conventional"), twin, for_ns=6 * SECOND)
    bench.run_for(20 * SECOND)
    bench.command(Stop())
    bench.run_for(8 * SECOND)
    assert not bench.twin.stimulating
    ledger = bench.ledger()
    assert ledger[1].peak_ma <= 12
    assert set(ledger.channels) == {1}
