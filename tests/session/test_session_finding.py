"""Each channel is found at threshold before the next one rises, so that swapped leads show."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from stimctl.bench import Bench
from stimctl.codes import Code
from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import StateError, UsageError
from stimctl.safety import Electrode
from stimctl.safety.intensity import ATTENDED
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Connect,
    Felt,
    Found,
    LeadsChecked,
    Link,
    LoadPlan,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
    Unlink,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, PERCENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import PercentPlan
from tests.support import gate_world
from tests.support.session_world import (
    BY_HAND,
    BY_SCRIPT,
    ROOT,
    codes,
    on_electrodes_ua,
    raised,
    reasons,
    running,
)

pytestmark = pytest.mark.hazard("H64")

FIND = replace(BY_HAND, find_channels=True)
SITES = ("left-quadriceps", "right-quadriceps", "left-calf", "right-calf")


def placed(*sites: str | None, name: str = "tens-conventional") -> Plan:
    text = (ROOT / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
    setups = [
        ChannelSetup(channel, Level(CURRENT, 5_000), Electrode(area_mm2=5_000, site=site))
        for channel, site in enumerate(sites, start=1)
    ]
    plan = compile_plan(load_protocol(text, name), P24_SHEET, setups)
    assert isinstance(plan, Plan), plan
    return plan


def finding(*sites: str) -> Bench:
    return running(placed(*(sites or SITES[:2])), FIND)


def try_raise(bench: Bench, channel: int) -> bool:
    """Whether one step up on this channel was made."""
    before_ua = bench.engine.plateau(channel)
    # Unlocks what has waited for more than 20 s.
    bench.command(Lower(channel, Level(CURRENT, before_ua)))
    bench.command(Raise(channel, Level(CURRENT, before_ua + 500)))
    bench.run_for(300 * MS)
    return bench.engine.plateau(channel) > before_ua


def start_again(bench: Bench, start_from: StartFrom = StartFrom.BEGINNING) -> None:
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=2 * SECOND)
    bench.command(Start(start_from))
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(200 * MS)


def stopped(bench: Bench) -> Bench:
    assert bench.run_to_state(State.STOPPED, within_ns=2 * SECOND)
    return bench


@pytest.mark.parametrize(
    "order", [order for count in (2, 3, 4) for order in permutations(range(1, count + 1))]
)
def test_no_channel_rises_before_the_one_before_it_is_found_in_any_order(
    order: tuple[int, ...],
) -> None:
    bench = finding(*SITES[: len(order)])
    for place, channel in enumerate(order):
        raised(bench, 1_000, channel)
        for other in order:
            if other != channel:
                assert not try_raise(bench, other)
                assert codes(bench)[-1] == Code.NOT_FOUND
                assert f"channel {channel} is felt" in reasons(bench)[-1]
        bench.command(Found(channel, SITES[channel - 1]))
        row = bench.told(Kind.CHANNEL_FOUND)[-1]
        assert row.durable
        assert dict(row.data) == {
            "channel": channel, "level": 1_000, "unit": "uA",
            "site": SITES[channel - 1], "planned": SITES[channel - 1],
        }  # fmt: skip
        assert len(bench.told(Kind.CHANNEL_FOUND)) == place + 1
    assert all(try_raise(bench, channel) for channel in order)
    bench.command(Link((order[0], order[1])))


def test_without_the_option_channels_rise_as_they_did() -> None:
    bench = running(placed(*SITES[:2]))
    raised(bench, 500, channel=1)
    raised(bench, 500, channel=2)
    with pytest.raises(StateError, match="does not find its channels"):
        bench.command(Found(1, SITES[0]))


def test_a_single_channel_rises_up_to_the_first_sensation_and_on_once_it_is_found() -> None:
    bench = finding("left-calf")
    raised(bench, 1_000)
    bench.command(Felt(1))
    assert not try_raise(bench, 1)
    assert codes(bench)[-1] == Code.FELT_NOT_FOUND
    bench.command(Lower(1, Level(CURRENT, 500)))
    bench.run_for(100 * MS)
    raised(bench, 1_000)  # up to the sensation again, and no further
    assert not try_raise(bench, 1)
    bench.command(Found(1, "left-calf"))
    raised(bench, 2_000)


def test_a_raise_that_waits_for_its_row_is_dropped_by_a_sensation() -> None:
    bench = raised(finding(), 500)
    bench.journal.delay_ns = 100 * MS
    bench.command(Raise(1, Level(CURRENT, 1_000)))
    bench.command(Felt(1))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 500
    assert codes(bench)[-1] == Code.FELT_NOT_FOUND


def test_a_raise_that_waits_for_its_row_counts_as_rising() -> None:
    bench = finding()
    bench.journal.delay_ns = 100 * MS
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.command(Raise(2, Level(CURRENT, 500)))
    bench.run_for(SECOND)
    assert [bench.engine.plateau(channel) for channel in (1, 2)] == [500, 0]


def test_a_raise_that_is_pending_in_the_off_time_counts_as_rising() -> None:
    bench = running(placed(*SITES[:2], name="nmes-tka"), FIND)
    bench.run_for(20 * SECOND)
    for channel in (1, 2):
        bench.command(Lower(channel, Level(CURRENT, 0)))
        bench.command(Raise(channel, Level(CURRENT, 500)))
    assert [event.data["channel"] for event in bench.told(Kind.PENDING)] == [1]
    assert codes(bench)[-1] == Code.NOT_FOUND


def test_a_channel_that_is_lowered_to_zero_gives_way_to_another() -> None:
    bench = raised(finding(), 1_000, channel=1)
    bench.command(Lower(1, Level(CURRENT, 0)))
    bench.run_for(300 * MS)
    raised(bench, 500, channel=2)
    assert not try_raise(bench, 1)


@pytest.mark.parametrize("felt", ["right-quadriceps", "left-calf", "elsewhere", "chest"])
def test_a_channel_that_is_felt_elsewhere_stops_everything_and_says_why(felt: str) -> None:
    bench = raised(finding(), 1_000)
    bench.command(Found(1, felt))
    stopped(bench)
    assert on_electrodes_ua(bench) == 0
    row = bench.told(Kind.CHANNEL_MISMATCH)[-1]
    assert row.durable
    assert (row.data["site"], row.data["planned"]) == (felt, "left-quadriceps")
    why = str(row.data["reason"])
    assert felt in why
    assert why.endswith("the plan has left-quadriceps: the leads may be swapped")
    assert bench.told(Kind.STOPPING)[-1].data["reason"] == why
    assert bench.told(Kind.ENDED)[-1].data["reason"] == why
    alarm = bench.told(Kind.ALARM)[-1].data
    assert (alarm["priority"], alarm["what"]) == ("high", why)
    with pytest.raises(StateError, match="the leads may be swapped"):
        bench.command(Arm())


def test_a_second_channel_that_is_felt_elsewhere_stops_the_first_too() -> None:
    bench = raised(finding(), 1_000, channel=1)
    bench.command(Found(1, SITES[0]))
    raised(bench, 1_000, channel=2)
    bench.command(Found(2, SITES[0]))
    stopped(bench)
    assert on_electrodes_ua(bench) == 0


def test_a_channel_found_before_can_turn_out_to_be_elsewhere() -> None:
    bench = raised(finding(), 1_000)
    bench.command(Found(1, SITES[0]))
    bench.command(Found(1, SITES[1]))
    stopped(bench)


def mismatched(*sites: str) -> Bench:
    bench = raised(finding(*sites), 500)
    bench.command(Found(1, "elsewhere"))
    return stopped(bench)


def test_the_leads_are_checked_on_record_and_everything_is_to_be_found_again() -> None:
    bench = mismatched()
    bench.command(LeadsChecked())
    row = bench.told(Kind.LEADS_CHECKED)[-1]
    assert row.durable
    assert row.data["by"] == "operator"
    assert "channel 1 is felt elsewhere" in str(row.data["was"])
    start_again(bench)
    raised(bench, 500, channel=2)
    assert not try_raise(bench, 1)
    bench.command(Found(2, SITES[1]))
    assert try_raise(bench, 1)


@pytest.mark.parametrize(
    ("sites", "may_start"),
    [(SITES[:2], False), (SITES[1::-1], True), ((SITES[2], SITES[1]), True), (SITES[:1], True)],
    ids=["the-same", "swapped", "one-moved", "one-left-out"],
)
def test_only_a_plan_with_other_sites_stands_for_leads_that_were_checked(
    sites: tuple[str, ...], may_start: bool
) -> None:
    bench = mismatched()
    bench.command(LoadPlan(placed(*sites)))
    assert bench.run_to_state(State.CHECKED, within_ns=SECOND)
    assert [row.data["by"] for row in bench.told(Kind.LEADS_CHECKED)] == ["plan"] * may_start
    if not may_start:
        with pytest.raises(StateError, match="swapped"):
            bench.command(Arm())
        bench.command(LeadsChecked())
    start_again(bench)


def test_a_new_connection_does_not_mend_the_leads() -> None:
    bench = mismatched()
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    bench.command(LoadPlan(placed(*SITES[:2])))
    assert bench.run_to_state(State.CHECKED, within_ns=SECOND)
    with pytest.raises(StateError, match="swapped"):
        bench.command(Arm())


def test_a_mismatch_outlives_a_fault() -> None:
    bench = raised(finding(), 500)
    bench.command(Found(1, "elsewhere"))
    bench.to_host.hook = lambda _now, _data: b""
    assert bench.run_to_state(State.UNKNOWN, within_ns=3 * SECOND)
    bench.to_host.hook = lambda _now, data: data
    bench.run_for(3 * SECOND)
    if bench.engine.state is State.FAULT:
        bench.command(Acknowledge("looked at"))
    assert bench.engine.state is State.STOPPED
    with pytest.raises(StateError, match=r"swapped|connect again"):
        bench.command(Arm())


def test_leads_are_not_checked_where_nothing_was_wrong() -> None:
    bench = finding()
    with pytest.raises(StateError):
        bench.command(LeadsChecked())
    bench.command(Stop())
    with pytest.raises(StateError, match="no channel was felt"):
        stopped(bench).command(LeadsChecked())


@pytest.mark.parametrize(
    "felt", ["left-quadriceps", "left-hamstrings", "left-hamstrings/left-quadriceps"]
)
def test_either_pad_of_two_is_where_the_plan_has_it(felt: str) -> None:
    bench = raised(finding("left-quadriceps/left-hamstrings", "left-calf"), 500)
    bench.command(Found(1, felt))
    assert try_raise(bench, 2)


@pytest.mark.parametrize("felt", ["right-hamstrings", "left-hamstrings/left-calf"])
def test_a_place_that_is_not_all_within_the_plans_pads_is_elsewhere(felt: str) -> None:
    bench = raised(finding("left-quadriceps/left-hamstrings", "left-calf"), 500)
    bench.command(Found(1, felt))
    stopped(bench)


@pytest.mark.parametrize("word", ["", "left", "ELSEWHERE", "left-calf/left-calf", "\x1b[2J", "/"])
def test_a_site_that_is_none_is_refused_and_changes_nothing(word: str) -> None:
    bench = raised(finding(), 500)
    with pytest.raises(UsageError):
        bench.command(Found(1, word))
    assert bench.engine.state is State.RUNNING
    assert not try_raise(bench, 2)


def test_a_channel_without_output_cannot_be_found() -> None:
    bench = raised(finding(), 500)
    with pytest.raises(StateError, match="no output"):
        bench.command(Found(2, SITES[1]))
    with pytest.raises(StateError, match="does not use channel 3"):
        bench.command(Found(3, SITES[0]))


def test_linked_channels_count_as_several() -> None:
    bench = finding()
    for _ in range(2):
        with pytest.raises(StateError, match="not found yet"):
            bench.command(Link((1, 2)))
        raised(bench, 500)
    bench.command(Found(1, SITES[0]))
    with pytest.raises(StateError, match="channel 2 is not found yet"):
        bench.command(Link((1, 2)))
    raised(bench, 500, channel=2)
    bench.command(Found(2, SITES[1]))
    bench.command(Link((1, 2)))
    assert try_raise(bench, 1)
    assert bench.engine.plateau(2) == 1_000


def test_a_link_that_holds_over_a_stop_raises_nothing_until_all_are_found_again() -> None:
    bench = raised(finding(), 500)
    bench.command(Found(1, SITES[0]))
    raised(bench, 500, channel=2)
    bench.command(Found(2, SITES[1]))
    bench.command(Link((1, 2)))
    bench.command(Stop())
    start_again(stopped(bench))
    assert not try_raise(bench, 1)
    assert codes(bench)[-1] == Code.LINKED_NOT_FOUND
    bench.command(Unlink())
    assert try_raise(bench, 1)


def test_a_soft_return_keeps_what_was_found_and_a_long_pause_does_not() -> None:
    bench = raised(finding(), 500)
    bench.command(Found(1, SITES[0]))
    for seconds, kept in ((10, True), (61, False)):
        bench.command(Pause())
        bench.run_for(seconds * SECOND)
        bench.command(Resume())
        assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
        bench.run_for(6 * SECOND)
        assert (bench.engine.plateau(1) == 500) is kept
        if kept:
            assert try_raise(bench, 2)
    assert try_raise(bench, 1)
    assert not try_raise(bench, 2)


def test_a_stop_and_a_new_start_ask_again() -> None:
    bench = finding()
    for start_from in StartFrom:
        raised(bench, 500)
        bench.run_for(2 * SECOND)
        bench.command(Found(1, SITES[0]))
        bench.command(Stop())
        start_again(stopped(bench), start_from)
        raised(bench, 500)
        assert not try_raise(bench, 2)


def test_a_mismatch_told_in_a_pause_ends_the_session() -> None:
    bench = raised(finding(), 500)
    bench.command(Pause())
    bench.run_for(2 * SECOND)
    bench.command(Found(1, SITES[1]))
    stopped(bench)


def test_lowering_pause_and_stop_are_never_limited() -> None:
    bench = raised(finding(), 1_000)
    bench.command(Felt(1))
    bench.command(Lower(2, Level(CURRENT, 0)))
    bench.command(Lower(1, Level(CURRENT, 500)))
    assert bench.engine.plateau(1) == 500
    bench.command(Pause())
    bench.run_for(SECOND)
    bench.command(Stop())
    stopped(bench)


@pytest.mark.parametrize(
    ("config", "sites", "why"),
    [
        (replace(BY_SCRIPT, find_channels=True), SITES[:2], "a script"),
        (FIND, (SITES[0], None), "no site for channel 2"),
    ],
)
def test_a_session_in_which_nothing_can_be_found_is_refused(
    config: EngineConfig, sites: tuple[str | None, ...], why: str
) -> None:
    bench = Bench(config, family="p24")
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    with pytest.raises(StateError, match=why):
        bench.command(LoadPlan(placed(*sites)))


def percent_plan() -> PercentPlan:
    setups = [
        ChannelSetup(channel, Level(PERCENT, 60), Electrode(area_mm2=5_000, site=site))
        for channel, site in enumerate(SITES[:2], start=1)
    ]
    plan = compile_plan(
        gate_world.gated("gate-tens"), OPENEMSSTIM_SHEET, setups, duration_us=600_000_000,
        acknowledged=frozenset({ATTENDED}),
    )  # fmt: skip
    assert isinstance(plan, Plan), plan
    return plan


def test_a_device_in_percent_finds_its_channels_alike() -> None:
    config = replace(gate_world.ATTENDED_BY_HAND, find_channels=True)
    bench = gate_world.raised(gate_world.running(percent_plan(), config), 3)
    bench.command(Raise(2, Level(PERCENT, 1)))
    assert codes(bench)[-1] == Code.NOT_FOUND
    bench.command(Found(1, SITES[0]))
    assert bench.told(Kind.CHANNEL_FOUND)[-1].data["level"] == 3
    gate_world.raised(bench, 1, channel=2)
    bench.command(Lower(1, Level(PERCENT, 1)))
    bench.command(Found(2, SITES[0]))
    assert bench.run_to_state(State.STOPPED, within_ns=3 * SECOND)
    assert gate_world.open_channels(bench) == {}
