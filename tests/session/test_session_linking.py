"""Linked channels (A10): raised step by step together, no ceiling moved, lowered together."""

from __future__ import annotations

import pytest

from stimctl.bench import Bench
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import StateError
from stimctl.safety import Electrode
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Arm,
    Connect,
    Link,
    LoadPlan,
    Lower,
    Raise,
    Start,
    StartFrom,
    Stop,
    Unlink,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from tests.support.session_world import (
    BY_HAND,
    ROOT,
    STEP_UA,
    on_electrodes_ua,
    plan_of,
    raised,
    reasons,
    running,
)


def linked(*ceilings_ua: int, channels: tuple[int, ...] = (1, 2)) -> Bench:
    bench = running(plan_of("tens-conventional", *(ceilings_ua or (5_000, 3_000))))
    bench.command(Link(channels))
    return bench


def plateaus(bench: Bench, count: int = 2) -> list[int]:
    return [bench.engine.plateau(channel) for channel in range(1, count + 1)]


def test_a_linked_raise_raises_each_by_its_own_step() -> None:
    bench = running(plan_of("tens-conventional", 5_000, 3_000))
    raised(bench, 1_000, channel=1)
    bench.command(Link((1, 2)))
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    bench.run_for(300 * MS)
    assert plateaus(bench) == [1_500, 500]
    rows = bench.told(Kind.RAISE)[-2:]
    assert [(row.data["channel"], row.data["level"]) for row in rows] == [(1, 1_500), (2, 500)]


@pytest.mark.hazard("H20")
def test_a_linked_raise_stops_for_all_at_the_first_ceiling() -> None:
    bench = linked(5_000, 1_000)
    raised(bench, 1_000, channel=1)
    for _ in range(5):
        bench.command(Raise(1, Level(CURRENT, 1_500)))
        bench.run_for(300 * MS)
    assert plateaus(bench) == [1_000, 1_000]
    limit = bench.told(Kind.LIMIT)[-1].data
    assert (limit["channel"], limit["allowed"]) == (2, 1_000)
    assert "linked" in limit["limit"]


def test_a_link_changes_no_ceiling_and_no_plateau() -> None:
    bench = running(plan_of("tens-conventional", 5_000, 1_000))
    raised(bench, 2_000, channel=1)
    bench.command(Link((1, 2)))
    assert plateaus(bench) == [2_000, 0]
    bench.command(Unlink())
    assert plateaus(bench) == [2_000, 0]
    raised(bench, 1_000, channel=2)
    bench.command(Raise(2, Level(CURRENT, 1_500)))
    assert bench.told(Kind.LIMIT)[-1].data["allowed"] == 1_000


def test_the_raise_rules_of_each_channel_hold_for_all() -> None:
    bench = linked()
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(100 * MS)
    bench.command(Raise(2, Level(CURRENT, 1_000)))
    bench.run_for(SECOND)
    assert plateaus(bench) == [500, 500]
    assert reasons(bench) == ["too soon after the last raise: a raise of 1 mA needs 250 ms"]


def test_the_lock_of_one_linked_channel_locks_all() -> None:
    bench = running(plan_of("tens-conventional", 5_000, 3_000))
    bench.run_for(15 * SECOND)
    raised(bench, 500, channel=1)
    bench.run_for(10 * SECOND)
    bench.command(Link((1, 2)))
    bench.command(Raise(1, Level(CURRENT, 1_000)))
    bench.run_for(SECOND)
    assert plateaus(bench) == [500, 0]
    assert bench.told(Kind.REFUSED)[-1].data["channel"] == 2
    assert reasons(bench)[-1].startswith("locked after 20 s")


def test_lowering_one_lowers_all_linked_by_as_many_steps() -> None:
    bench = running(plan_of("tens-conventional", 5_000, 3_000))
    raised(bench, 3_000, channel=1)
    raised(bench, 2_000, channel=2)
    bench.command(Link((1, 2)))
    bench.command(Lower(1, Level(CURRENT, 2_000)))
    assert plateaus(bench) == [2_000, 1_000]
    bench.run_for(20 * MS)
    assert on_electrodes_ua(bench) == 2_000
    bench.command(Lower(1, Level(CURRENT, 2_000)))
    assert plateaus(bench) == [2_000, 1_000]


def test_lowering_to_zero_turns_all_linked_off() -> None:
    bench = running(plan_of("tens-conventional", 5_000, 3_000))
    raised(bench, 500, channel=1)
    raised(bench, 2_000, channel=2)
    bench.command(Link((1, 2)))
    bench.command(Lower(1, Level(CURRENT, 0)))
    assert plateaus(bench) == [0, 0]
    bench.run_for(20 * MS)
    assert on_electrodes_ua(bench) == 0


def test_lowering_drops_what_waits_for_any_linked_channel() -> None:
    bench = linked()
    bench.journal.delay_ns = 100 * MS
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.command(Lower(2, Level(CURRENT, 0)))
    bench.run_for(SECOND)
    assert plateaus(bench) == [0, 0]


def test_a_linked_raise_is_dropped_whole_where_the_link_is_undone_meanwhile() -> None:
    bench = linked()
    bench.journal.delay_ns = 100 * MS
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.command(Unlink())
    bench.command(Lower(2, Level(CURRENT, 0)))
    bench.run_for(SECOND)
    assert plateaus(bench) == [0, 0]
    assert reasons(bench) == ["the links of the channel were changed"] * 2


def test_three_channels_go_together_and_others_stay() -> None:
    bench = running(plan_of("tens-conventional", 5_000, 5_000, 5_000, 5_000))
    bench.command(Link((4, 1)))
    bench.command(Link((2, 3)))
    assert bench.told(Kind.LINKED)[-1].data["groups"] == [[1, 4], [2, 3]]
    bench.command(Raise(4, Level(CURRENT, 500)))
    bench.run_for(300 * MS)
    assert plateaus(bench, 4) == [500, 0, 0, 500]


def test_unlinked_channels_are_raised_alone_again() -> None:
    bench = linked()
    bench.command(Unlink())
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(300 * MS)
    assert plateaus(bench) == [500, 0]
    assert bench.told(Kind.LINKED)[-1].data["groups"] == []


@pytest.mark.parametrize("channels", [(1,), (), (1, 1), (1, 5), (1, 2)])
def test_a_link_that_makes_no_sense_is_refused_and_changes_nothing(
    channels: tuple[int, ...],
) -> None:
    bench = linked()
    with pytest.raises(StateError, match="link refused"):
        bench.command(Link(channels))
    assert len(bench.told(Kind.LINKED)) == 1


def test_a_link_without_a_plan_is_refused() -> None:
    bench = Bench(BY_HAND, family="p24")
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    bench.command(Stop())
    bench.run_to_state(State.STOPPED, within_ns=SECOND)
    with pytest.raises(StateError, match="no plan"):
        bench.command(Link((1, 2)))
    bench.command(Unlink())


def test_a_link_holds_over_a_stop_and_ends_with_its_plan() -> None:
    plan = plan_of("tens-conventional", 5_000, 3_000)
    bench = linked()
    bench.command(Stop())
    bench.run_to_state(State.STOPPED, within_ns=SECOND)
    for reload, expected in ((False, [500, 500]), (True, [500, 0])):
        if reload:
            bench.command(LoadPlan(plan))
            bench.run_for(SECOND)
        bench.command(Arm())
        bench.run_for(SECOND)
        bench.command(Start(StartFrom.BEGINNING))
        bench.run_for(SECOND)
        bench.command(Raise(1, Level(CURRENT, 500)))
        bench.run_for(SECOND)
        assert plateaus(bench) == expected
        bench.command(Stop())
        bench.run_to_state(State.STOPPED, within_ns=SECOND)


def alternating() -> Bench:
    """Two channels, 15 s on and 45 s off, the second 30 s after the first, linked."""
    text = (ROOT / "protocols" / "nmes-tka.toml").read_text(encoding="utf-8")
    begin, end = text.index("[[channels]]"), text.index("[channels.cycle]")
    rest = text[end:].index("\n\n") if "\n\n" in text[end:] else len(text[end:])
    first = text[begin : end + rest]
    second = first.replace('role = "quadriceps"', 'role = "other-quadriceps"')
    second = second.replace("[channels.cycle]", '[channels.cycle]\nstart_after = "30 s"')
    whole = text[: end + rest] + "\n\n" + second + text[end + rest :]
    setups = [
        ChannelSetup(channel, Level(CURRENT, 20_000), Electrode(area_mm2=5_000))
        for channel in (1, 2)
    ]
    protocol = load_protocol(whole, "nmes-tka")
    plan = compile_plan(protocol, P24_SHEET, setups, duration_us=240_000_000)
    assert isinstance(plan, Plan), plan
    bench = running(plan, BY_HAND)
    bench.command(Link((1, 2)))
    return bench


def test_linked_channels_that_alternate_rise_by_more_than_a_step_a_contraction() -> None:
    bench = alternating()
    began_ns = bench.now_ns
    for contraction in range(4):
        bench.run_for(began_ns + (30 * contraction + 4) * SECOND - bench.now_ns)
        before = plateaus(bench)
        for _ in range(8):  # in the hold of one, and the off time of the other
            channel = 1 + contraction % 2
            now_ua = bench.engine.plateau(channel)
            bench.command(Raise(channel, Level(CURRENT, now_ua + STEP_UA)))
            bench.run_for(300 * MS)
        channel = 1 + contraction % 2
        risen_ua = plateaus(bench)[channel - 1] - before[channel - 1]
        assert risen_ua >= (2 if contraction == 0 else 4) * STEP_UA
    bench.run_for(30 * SECOND)
    first, second = plateaus(bench)
    assert abs(first - second) <= STEP_UA  # they go together
    assert first >= 6_000


def test_linked_motor_channels_in_the_off_time_are_pending_together() -> None:
    bench = running(plan_of("nmes-tka", 5_000, 5_000, duration_s=180), BY_HAND)
    bench.run_for(20 * SECOND)
    bench.command(Link((1, 2)))
    bench.command(Lower(1, Level(CURRENT, 0)))
    bench.command(Raise(1, Level(CURRENT, 500)))
    assert [event.data["channel"] for event in bench.told(Kind.PENDING)] == [1, 2]
    bench.command(Lower(2, Level(CURRENT, 0)))
    assert [event.data["outcome"] for event in bench.told(Kind.PENDING)][2:] == ["discarded"] * 2
    bench.run_for(300 * MS)
    bench.command(Raise(2, Level(CURRENT, 500)))
    bench.run_for(58 * SECOND)
    assert plateaus(bench) == [500, 500]
