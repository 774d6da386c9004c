"""An openEMSstim that says what nobody asked for is stopped, in every state of the session."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim.firmware.openemsstim import Bootloader, OpenEmsStimTwin
from firmware_sim.firmware.openemsstim_fields import wiper
from stimctl.bench import Bench
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.session.config import SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Arm,
    Connect,
    LoadPlan,
    Pause,
    Raise,
    Resume,
    Start,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from tests.support.broad import broad, broad_rows
from tests.support.gate_world import (
    MS,
    alarms,
    gate_plan,
    open_channels,
    raised,
    relay_rows,
    running,
)

stray = pytest.mark.no_invariant("noise, or another program, closes a relay; here it must be ended")
PLAN = gate_plan("gate-tens", 60)


def _lenient() -> Bench:
    """A bench whose twin does what a stray byte makes it do."""
    twin = OpenEmsStimTwin(boot_us=300_000)
    bench = Bench(EngineConfig(), twin=twin, driver=OpenEmsStimDriver())
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=20 * SECOND)
    return bench


def _loaded(bench: Bench, state: State) -> Bench:
    bench.command(LoadPlan(PLAN))
    bench.run_for(100 * MS)
    if state is State.CHECKED:
        return bench
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=2 * SECOND)
    if state is State.ARMED:
        return bench
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(200 * MS)
    raised(bench, 2)
    return bench


def _faulted() -> Bench:
    """Restarted in the middle of a run, as by a dip of its supply; at verified zero, and up."""
    bench = _loaded(_lenient(), State.RUNNING)
    bench._reset_twin()
    bench.run_for(2 * SECOND)
    assert bench.state is State.FAULT
    assert not bench.engine.stopping
    return bench


def _stopped() -> Bench:
    bench = _loaded(_lenient(), State.RUNNING)
    bench.command(Stop("key"))
    bench.run_for(SECOND)
    assert bench.state is State.STOPPED
    return bench


def _paused() -> Bench:
    bench = _loaded(_lenient(), State.RUNNING)
    bench.command(Pause())
    bench.run_for(SECOND)
    assert bench.state is State.PAUSED
    return bench


def _say(bench: Bench, line: bytes) -> None:
    """Not from our host: noise, or another program."""
    bench.twin.receive(bench.now_ns, line)
    bench._after_twin(bench.now_ns)


STATES: dict[str, Callable[[], Bench]] = {
    "identified": _lenient,
    "checked": lambda: _loaded(_lenient(), State.CHECKED),
    "armed": lambda: _loaded(_lenient(), State.ARMED),
    "running": lambda: _loaded(_lenient(), State.RUNNING),
    "paused": _paused,
    "stopped": _stopped,
    "fault": _faulted,
}


@stray
@pytest.mark.hazard("H06", "H24")
@pytest.mark.parametrize("line", [b"1\n", b"2", b"18,x\n"])
@pytest.mark.parametrize("name", STATES)
def test_a_relay_that_a_stray_byte_has_closed_is_open_within_400_ms(name: str, line: bytes) -> None:
    bench = STATES[name]()
    began_us, before = bench.now_ns // 1_000, len(relay_rows(bench))
    _say(bench, line)
    bench.run_for(3 * SECOND)
    assert open_channels(bench) == {}
    rows = relay_rows(bench)[before:]
    assert rows[-1][2] is False
    assert rows[-1][0] - began_us <= 400_000
    assert bench.state is State.FAULT
    assert not bench.engine.stopping
    assert any("answering" in what or "another program" in what for what in alarms(bench))


@stray
@pytest.mark.hazard("H06")
def test_another_program_is_named_and_zero_is_not_verified_while_it_drives_the_board() -> None:
    bench = _loaded(_lenient(), State.RUNNING)
    burst = b"WV,0018,433049353054353030 47.\n".replace(b" ", b"")
    verified = len(bench.told(Kind.ZERO_VERIFIED))
    for _ in range(8):
        _say(bench, burst)
        bench.run_for(300 * MS)
    assert any("another program on this port" in what for what in alarms(bench))
    assert len(bench.told(Kind.ZERO_VERIFIED)) <= verified + 1
    assert bench.engine.stopping
    bench.run_for(4 * SECOND)  # it is gone
    assert not bench.engine.stopping
    assert open_channels(bench) == {}


@pytest.mark.parametrize("bootloader", list(Bootloader))
def test_a_restart_by_us_is_expected_and_said_and_not_alarmed(bootloader: Bootloader) -> None:
    twin = OpenEmsStimTwin(boot_us=300_000, bootloader=bootloader)
    lost = [False]
    bench = Bench(
        EngineConfig(), twin=twin, driver=OpenEmsStimDriver(),
        to_device=lambda now, data: b"" if lost[0] else data,
    )  # fmt: skip
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=20 * SECOND)
    _loaded(bench, State.RUNNING)
    lost[0] = True  # the board hears nothing, so that only its line (DTR) can stop it
    bench.command(Stop("key"))
    bench.run_for(2_500 * MS)
    assert bench.told(Kind.UNKNOWN) == []
    assert [row.data["quality"] for row in bench.told(Kind.LINK)] == ["restarting"]
    assert not bench.engine.stopping
    assert open_channels(bench) == {}


@pytest.mark.parametrize("bootloader", list(Bootloader))
def test_connecting_through_a_bootloader_alarms_nothing(bootloader: Bootloader) -> None:
    twin = OpenEmsStimTwin(boot_us=300_000, bootloader=bootloader, strict=True)
    bench = Bench(EngineConfig(), twin=twin, driver=OpenEmsStimDriver())
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    assert bench.told(Kind.UNKNOWN) == []
    assert alarms(bench) == []


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("after_ms", range(0, 450, 50))
def test_a_stop_of_a_session_that_was_lost_once_is_verified_within_400_ms(after_ms: int) -> None:
    lose = [0]

    def once(now: int, data: bytes) -> bytes:
        lose[0] -= 1
        return b"" if lose[0] == 0 else data

    bench = raised(running(PLAN, to_device=once), 3)
    bench.run_for(after_ms * MS)
    lose[0] = 1
    began = bench.now_ns
    bench.command(Stop("key"))
    assert bench.run_to_state(State.STOPPED, within_ns=400 * MS)
    assert open_channels(bench) == {}
    assert relay_rows(bench)[-1][0] - began // 1_000 <= 400_000


# -- fast ramps ------------------------------------------------------------------------------------


def _levels(bench: Bench, since_us: int) -> list[int]:
    """What each message let through, in percent, without the ends of bursts."""
    percents = {wiper(percent): percent for percent in range(1, 101)}
    return [
        percents[row["value"]]
        for row in bench.twin.records()
        if row["kind"] == "wiper" and row["at_us"] >= since_us and row["value"] in percents
    ]


@pytest.mark.hazard("H09")
@pytest.mark.parametrize("percent", broad([20, 36], every=2))
def test_a_fast_ramp_never_falls_back_to_an_old_level(percent: int) -> None:
    bench = running(gate_plan("gate-ems", 60, duration_s=600))
    while (before := bench.engine.plateau(1)) < percent:
        bench.command(Raise(1, Level(PERCENT, before + 1)))  # refused in the off time
        bench.run_for(450 * MS)
    for _ in range(2):  # on ramps of the cycle, each in another phase of the messages
        while open_channels(bench):
            bench.run_for(50 * MS)
        since_us = bench.now_ns // 1_000
        while percent not in _levels(bench, since_us):
            bench.run_for(50 * MS)
        rising = _levels(bench, since_us)
        assert rising == sorted(rising)
        bench.run_for(770 * MS)


@pytest.mark.parametrize(("percent", "second"), broad_rows([(36, 0), (20, 15)], every=2))
def test_a_resume_rises_and_never_falls_on_its_way(percent: int, second: int) -> None:
    bench = running(gate_plan("gate-tens", 60, 60))
    if second:
        raised(bench, second, channel=2)
    raised(bench, percent)
    bench.command(Pause())
    bench.run_for(3 * SECOND)
    bench.command(Resume())
    since_us = bench.now_ns // 1_000
    bench.run_for(8 * SECOND)
    rising = [
        row["value"]
        for row in bench.twin.records()
        if row["kind"] == "wiper" and row["channel"] == 1 and row["at_us"] >= since_us
    ]
    assert rising == sorted(rising, reverse=True)  # 255 is the weakest
    assert rising[-1] == wiper(percent)
