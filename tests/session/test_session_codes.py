"""Each refusal, cause of a stop and alarm carries the code of what happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stimctl.bench import Bench
from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session import intents
from stimctl.session.alarms import Condition
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.facts import DiskSpace, HostPower, LinkDown, SuspendGap
from stimctl.session.intents import Acknowledge, Arm, Connect, Lower, Pause, Raise, Start, Stop
from stimctl.session.prompts import Prompt
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, PERCENT, Level
from tests.support import gate_world
from tests.support.session_world import BY_HAND, STEP_UA, checked, codes, plan_of, raised, running

PLAN = plan_of("tens-conventional", 5_000, 1_000)
CODED = (
    Kind.REFUSED, Kind.LIMIT, Kind.PENDING, Kind.ALARM, Kind.STOPPING, Kind.ENDED, Kind.UNKNOWN,
    Kind.CONNECT_FAILED, Kind.WITHHELD, Kind.CHANNEL_MISMATCH, Kind.LINK,
)  # fmt: skip
KNOWN = {one.value for one in (*Code, *Condition)}


def live(channel: int = 1, level_ua: int = 1_000) -> Bench:
    return raised(running(PLAN), level_ua, channel)


def asked(bench: Bench, *levels_ua: int, channel: int = 1, wait_ns: int = 300 * MS) -> Bench:
    bench.run_for(wait_ns)
    for level_ua in levels_ua:
        bench.command(Raise(channel, Level(CURRENT, level_ua)))
    return bench


def a_script_is_raised_by_hand() -> Bench:
    """In the short time in which a hand might raise again, and the script has not yet."""
    config = EngineConfig(watchdog_test=False, attended_by_prompt=False, scripted_raise=True)
    bench = running(plan_of("nmes-tka", 40_000), config)
    for _ in range(2_000):
        bench.run_for(10 * MS)
        bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + STEP_UA)))
        if Code.SCRIPT_RAISES in codes(bench)[-1:]:
            break
    return bench


def a_raise_that_a_pause_has_overtaken() -> Bench:
    bench = live()
    since = bench.events[-1].seq
    bench.command(Pause())
    bench.run_for(SECOND)
    bench.command(intents.Resume())
    bench.run_for(3 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 1_500), since))
    return bench


def a_raise_that_a_lowering_has_overtaken() -> Bench:
    bench = live()
    since = bench.events[-1].seq
    bench.command(Lower(1, Level(CURRENT, 500)))
    bench.run_for(300 * MS)
    bench.command(Raise(1, Level(CURRENT, 1_000), since))
    return bench


def a_raise_that_a_link_has_overtaken() -> Bench:
    bench = live()
    since = bench.events[-1].seq
    bench.command(intents.Link((1, 2)))
    bench.command(Raise(1, Level(CURRENT, 1_500), since))
    return bench


def a_linked_channel_at_its_end() -> Bench:
    bench = live(2)
    bench.command(intents.Link((1, 2)))
    return asked(bench, 500)


REFUSALS: dict[Code, Callable[[], Bench]] = {
    Code.NOT_ABOVE: lambda: asked(live(), 1_000),
    Code.OFF_STEP: lambda: asked(live(), 1_001),
    Code.MORE_THAN_A_STEP: lambda: asked(live(), 2_500),
    Code.TOO_EARLY: lambda: asked(running(PLAN), 500, 1_000),
    Code.NOT_IN_PLAN: lambda: asked(live(), 500, channel=3),
    Code.AUTO_LOCKED: lambda: asked(live(), 1_500, wait_ns=21 * SECOND),
    Code.ABOVE_CLEARED: lambda: asked(live(), 5_500),
    Code.LINKED_ABOVE_CLEARED: a_linked_channel_at_its_end,
    Code.SCRIPT_RAISES: a_script_is_raised_by_hand,
    Code.OUTPUT_PAUSED: a_raise_that_a_pause_has_overtaken,
    Code.LOWERED: a_raise_that_a_lowering_has_overtaken,
    Code.RELINKED: a_raise_that_a_link_has_overtaken,
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_raise_is_refused_by_its_code(code: Code) -> None:
    bench = REFUSALS[code]()
    bench.run_for(10 * MS)
    if code is Code.TOO_EARLY:  # the second of two at once: whichever of the two is in the way
        assert codes(bench)[-1] in (code, Code.RAISE_NOT_ON_RECORD)
        return
    assert (codes(bench, Kind.LIMIT) + codes(bench))[-1] == code


def refusal(bench: Bench, intent: intents.Intent) -> str:
    with pytest.raises(StateError) as refused:
        bench.command(intent)
    return str(refused.value.code)


def stopped_by_a_person() -> Bench:
    bench = live()
    bench.command(Stop("pedal", by_person=True, code=Code.STOP_FACE_PRESSED))
    bench.run_for(SECOND)
    return bench


def half_delivered() -> Bench:
    bench = live()
    bench.run_for(SECOND)
    bench.command(Stop())
    bench.run_for(SECOND)
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    return bench


def told(bench: Bench, fact: object) -> Bench:
    bench.notify(fact)  # type: ignore[arg-type]
    return bench


@pytest.mark.parametrize(
    ("code", "make", "intent"),
    [
        (Code.NOT_IN_STATE, live, Arm()),
        (Code.UNDER_WAY, lambda: Bench(BY_HAND, family="p24"), Connect()),
        (Code.REASON_NEEDED, stopped_by_a_person, Acknowledge()),
        (Code.CHOOSE_START, half_delivered, Start()),
        (Condition.DISK_LOW, lambda: told(checked(PLAN), DiskSpace(1)), Arm()),
        (Condition.BATTERY_CRITICAL, lambda: told(checked(PLAN), HostPower(5, True)), Arm()),
        (Code.WRONG_UNIT, live, intents.Lower(1, Level(PERCENT, 1))),
        (Code.NOT_IN_PLAN, live, Lower(7, Level(CURRENT, 0))),
        (Code.LINK_TOO_SHORT, live, intents.Link((1,))),
        (Code.NOT_IN_PLAN, live, intents.Link((1, 7))),
        (Code.NOT_FINDING, live, intents.Found(1, "left-calf")),
        (Code.TRAINS_ONLY, live, intents.Pulse(1, None)),
        (Code.HOLD_TOO_LONG, live, intents.Hold(10**12)),
        (Code.NO_MISMATCH, lambda: checked(PLAN), intents.LeadsChecked()),
    ],
)
def test_a_command_is_refused_by_its_code(
    code: Code, make: Callable[[], Bench], intent: intents.Intent
) -> None:
    bench = make()
    if code is Code.UNDER_WAY:
        bench.command(intent)
    assert refusal(bench, intent) == code


def test_what_raises_waits_until_zero_is_verified_and_says_so_by_its_code() -> None:
    bench = live()
    bench.command(Stop())
    assert refusal(bench, Raise(1, Level(CURRENT, 1_500))) == Code.ZERO_BEING_VERIFIED


def silent(bench: Bench) -> Bench:
    bench.beating = False
    return bench


def without_answers(bench: Bench) -> Bench:
    bench.to_host.hook = lambda _now, _data: b""
    return bench


def did(bench: Bench, intent: intents.Intent) -> Bench:
    bench.command(intent)
    return bench


@pytest.mark.parametrize(
    ("code", "make"),
    [
        (Code.STOP_ASKED, lambda: did(live(), Stop())),
        (Code.STOP_PATH, lambda: did(live(), Stop("control socket", code=Code.STOP_PATH))),
        (Code.STOP_FACE_PRESSED, stopped_by_a_person),
        (Code.FACE_SILENT, lambda: silent(live())),
        (Code.NO_ANSWER, lambda: without_answers(live())),
        (Code.LINE_DOWN, lambda: told(live(), LinkDown("unplugged"))),
        (Code.HOST_SLEPT, lambda: told(live(), SuspendGap(1_500_000))),
    ],
)
def test_a_stop_carries_the_code_of_its_cause(code: Code, make: Callable[[], Bench]) -> None:
    bench = make()
    bench.run_for(3 * SECOND)
    assert codes(bench, Kind.STOPPING)[-1] == code
    ended = codes(bench, Kind.ENDED)
    assert ended in ([code], [])  # none while zero is not verified
    if not ended:
        assert codes(bench, Kind.UNKNOWN)[0] == code
        assert Condition.OUTPUT_NOT_CONFIRMED in codes(bench, Kind.ALARM)


def test_a_plan_that_ends_says_so_by_its_code() -> None:
    bench = raised(running(plan_of("tens-conventional", 5_000, duration_s=60)), STEP_UA)
    bench.run_for(62 * SECOND)
    assert codes(bench, Kind.ENDED) == [Code.ENDED]
    assert [one.data["prompt"] for one in bench.told(Kind.PROMPT)][-1] == Prompt.SKIN_CHECK_AT_END


def test_a_press_alarms_as_the_person_s_and_ends_as_the_pedal_s() -> None:
    bench = stopped_by_a_person()
    assert codes(bench, Kind.ALARM) == [Condition.STOPPED_AT_DEVICE]
    assert codes(bench, Kind.ENDED) == [Code.STOP_FACE_PRESSED]
    assert bench.told(Kind.STATE)[-1].data["code"] == Code.STOP_FACE_PRESSED


@pytest.mark.parametrize(
    "make",
    [
        a_raise_that_a_pause_has_overtaken,
        stopped_by_a_person,
        half_delivered,
        lambda: without_answers(live()),
        lambda: asked(running(plan_of("nmes-tka", 5_000)), 500, 1_000, 1_500, wait_ns=9 * SECOND),
        lambda: gate_world.running(gate_world.gate_plan()),
    ],
    ids=["paused", "pressed", "stopped", "silent", "cycles", "percent"],
)
def test_no_row_with_a_reason_is_without_a_known_code(make: Callable[[], Bench]) -> None:
    bench = make()
    bench.run_for(3 * SECOND)
    for event in bench.events:
        if event.kind in CODED or "reason" in event.data:
            assert event.data["code"] in KNOWN, event
