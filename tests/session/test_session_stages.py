"""Sessions with stages: zero in between, what is carried on, what ends a stage, what forgets."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.bench.rehearsal import rehearse
from stimctl.devices.registry import FAMILIES
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Less, Lower, NextStage, Pause, Raise, Resume
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.broad import broad, broad_rows
from tests.support.delivered import check_counted_to_the_last_pulse
from tests.support.session_world import BY_HAND, BY_SCRIPT, raised, running
from tests.support.staged_samples import CYCLE, compiled, example, stage, staged_plan, staged_text

S = SECOND


def text_of(*stages: str, seconds: int, **how: str) -> str:
    length = f'shortest = "{seconds} s", longest = "{seconds} s"'
    return staged_text("".join(stages), session=length, **how)


CARRIED = text_of(
    stage("first", "20 s"),
    stage("second", "20 s", 'plateau = "first"\nlevel = "50 %"'),
    stage("third", "20 s", f'plateau = "first"\ncycle = {CYCLE}'),
    seconds=60,
)
LAWS = {
    "list": 'frequency = { list = ["4 Hz", "5 Hz", "6 Hz", "80 Hz"], dwell = "3 s" }',
    "once, since on": 'frequency = { list = ["20 Hz", "100 Hz", "20 Hz"], '
    'dwell = ["1 s", "1 s", "2 s"], since = "on" }',
    "random": 'frequency = { random = ["20 Hz", "120 Hz"], dwell = "1 s" }',
    "jitter": 'frequency = { interval = "42 ms", jitter = "5 ms" }',
    "both together": 'frequency = { sweep = ["125 Hz", "2 Hz"], period = "12 s" }, '
    'phase_width = { sweep = ["100 us", "200 us"], with = "frequency" }',
    "rates and widths in turn": 'frequency = { list = ["2 Hz", "100 Hz"], dwell = "3 s" }, '
    'phase_width = { list = ["600 us", "200 us"], with = "frequency" }',
    "level": 'level = { list = ["100 %", "60 %", "80 %"], dwell = "2 s" }',
    "random level": 'level = { random = ["50 %", "100 %"], dwell = "500 ms" }',
    "group": 'nlet = { pulses = 2, interval = "10 ms" }',
}


@pytest.mark.parametrize("name", broad(LAWS, every=2))
@pytest.mark.parametrize("cycle", ["", f"cycle = {CYCLE}"], ids=["continuous", "cycle"])
def test_what_changes_over_time_is_delivered_as_planned(name: str, cycle: str) -> None:
    text = text_of(
        stage("first", "30 s", f"waveform = {{ {LAWS[name]} }}\n{cycle}"),
        seconds=30, rate="20 Hz", more="seed = 3",
    )  # fmt: skip
    rehearsal = rehearse(staged_plan(text, 3_000))
    assert rehearsal.ok, rehearsal.problems


GROUPS = ('"50 Hz", nlet = { pulses = 2, interval = "5 ms" }',
          '"10 Hz", nlet = { pulses = 4, interval = "5 ms" }')  # fmt: skip


@pytest.mark.parametrize("device", ["p24", "rehamove3"])
@pytest.mark.parametrize("group", GROUPS)
def test_groups_of_the_device_are_counted_to_the_last_pulse(device: str, group: str) -> None:
    text = text_of(
        stage("first", "16 s", f"waveform = {{ frequency = {group} }}\ncycle = {CYCLE}"), seconds=16
    )
    plan = staged_plan(text, 3_000, sheet=FAMILIES[device].sheet)
    check_counted_to_the_last_pulse(rehearse(plan))


@pytest.mark.parametrize(
    ("name", "most_ua"),
    broad_rows([("v2-copd-active-rest", 30_000), ("v2-icu-two-periods", 30_000)], every=2),
)
def test_an_example_is_delivered_as_planned(name: str, most_ua: int) -> None:
    protocol = example(name)
    plan: Any = compiled(protocol, *[most_ua] * len(protocol.channels), duration_us=600_000_000)
    rehearsal = rehearse(plan)
    assert rehearsal.ok, rehearsal.problems
    assert {row.data["name"] for row in rehearsal.events if row.kind is Kind.STAGE} == {
        one.name for one in plan.stages[1:]
    }


def test_a_carried_plateau_is_given_as_planned_and_nothing_above_it() -> None:
    plan = staged_plan(CARRIED, 4_000)
    rehearsal = rehearse(plan)
    assert rehearsal.ok, rehearsal.problems
    (one,) = rehearsal.report
    assert one.peak_ua == 4_000


@pytest.mark.parametrize("device", ["p24", "rehamove3", "rehastim2"])
def test_a_plateau_is_carried_over_a_rest_on_every_device_with_current(device: str) -> None:
    text = text_of(
        stage("first", "30 s"),
        stage("rest", "5 s", 'kind = "rest"'),
        stage("last", "20 s", 'plateau = "first"\nlevel = "60 %"'),
        seconds=55,
    )
    rehearsal = rehearse(staged_plan(text, 8_000, sheet=FAMILIES[device].sheet))
    assert rehearsal.ok, rehearsal.problems


def test_between_two_stages_a_second_is_zero_and_the_row_is_on_the_disk_before_output() -> None:
    bench = raised(running(staged_plan(CARRIED, 4_000), BY_HAND), 2_000)
    bench.run_for(50 * S)
    (second, third) = bench.told(Kind.STAGE)
    for row in (second, third):
        began_us = row.at_ns // 1_000
        runs = [run for run in bench.ledger()[1].runs if run.peak_ua]
        ends = [run.start_us + (run.count - 1) * run.period_us for run in runs]
        assert not any(began_us <= run.start_us < began_us + 1_000_000 for run in runs)
        assert not any(began_us <= end < began_us + 1_000_000 for end in ends)
        assert min(run.start_us for run in runs if run.start_us > began_us) < began_us + 4_500_000


def plateau_in(bench: Bench, name: str) -> int:
    """The plateau of channel 1 once this stage has begun."""
    last = bench.now_ns + 60 * S
    while not any(row.data["name"] == name for row in bench.told(Kind.STAGE)):
        assert bench.now_ns < last
        bench.run_for(100 * MS)
    return bench.engine.plateau(1)


def test_a_stage_takes_its_share_of_the_plateau_and_an_own_one_begins_at_zero() -> None:
    bench = raised(running(staged_plan(CARRIED, 4_000), BY_HAND), 3_000)
    assert plateau_in(bench, "second") == 1_500
    assert plateau_in(bench, "third") == 3_000
    own = text_of(stage("first", "20 s"), stage("second", "20 s"), seconds=40)
    bench = raised(running(staged_plan(own, 4_000), BY_HAND), 3_000)
    assert plateau_in(bench, "second") == 0
    bench.run_for(2 * S)
    assert raised(bench, 1_000).engine.plateau(1) == 1_000


@pytest.mark.hazard("H79")
def test_lowering_lowers_what_later_stages_take_in_the_same_ratio() -> None:
    bench = raised(running(staged_plan(CARRIED, 8_000), BY_HAND), 4_000)
    assert plateau_in(bench, "second") == 2_000
    bench.run_for(6 * S)
    bench.command(Lower(1, Level(CURRENT, 1_000)))  # to a half
    assert plateau_in(bench, "third") == 2_000  # of the 4 mA


@pytest.mark.hazard("H24")
def test_a_long_pause_and_a_stop_forget_what_was_found() -> None:
    bench = raised(running(staged_plan(CARRIED, 8_000), BY_HAND), 4_000)
    plateau_in(bench, "second")
    bench.command(Pause())
    assert bench.run_to_state(State.PAUSED, within_ns=2 * S)
    bench.run_for(61 * S)
    bench.command(Resume())
    assert bench.run_to_state(State.RUNNING, within_ns=2 * S)
    assert plateau_in(bench, "third") == 0


def test_a_short_pause_in_a_stage_goes_on_with_it() -> None:
    bench = raised(running(staged_plan(CARRIED, 8_000), BY_HAND), 4_000)
    assert plateau_in(bench, "second") == 2_000
    bench.command(Pause())
    assert bench.run_to_state(State.PAUSED, within_ns=2 * S)
    bench.run_for(2 * S)
    bench.command(Resume())
    assert bench.run_to_state(State.RUNNING, within_ns=2 * S)
    assert plateau_in(bench, "third") == 4_000


def test_next_ends_a_stage_by_a_ramp_and_never_the_last_one() -> None:
    bench = raised(running(staged_plan(CARRIED, 4_000), BY_HAND), 2_000)
    bench.command(NextStage())
    bench.run_for(S)
    assert not bench.told(Kind.STAGE)
    with pytest.raises(StateError, match="ramping to zero"):
        bench.command(NextStage())
    bench.run_for(2 * S)
    assert [row.data["name"] for row in bench.told(Kind.STAGE)] == ["second"]
    bench.run_for(8 * S)
    assert bench.engine.plateau(1) == 1_000
    bench.command(NextStage())
    bench.run_for(5 * S)
    with pytest.raises(StateError, match="no stage follows"):
        bench.command(NextStage())
    peaks = [run.peak_ua for run in bench.ledger()[1].runs]
    assert max(peaks) == 2_000


def test_while_next_ramps_down_a_stop_and_nobody_answering_still_end_the_session() -> None:
    bench = raised(running(staged_plan(CARRIED, 4_000), BY_HAND), 2_000)
    bench.command(NextStage())
    bench.run_for(500 * MS)
    bench.engine._core.run.fade_out(bench.now_ns)  # what nobody answering does
    bench.run_for(5 * S)
    assert not bench.told(Kind.STAGE)
    assert bench.state is State.STOPPED


def test_a_raise_that_was_decided_in_the_stage_before_is_none_of_this_one() -> None:
    bench = raised(running(staged_plan(CARRIED, 8_000), BY_HAND), 4_000)
    since = bench.events[-1].seq
    assert plateau_in(bench, "second") == 2_000
    bench.run_for(8 * S)
    bench.command(Raise(1, Level(CURRENT, 2_500), since=since))
    assert bench.told(Kind.REFUSED)[-1].data["code"] == "stage-begun"


def test_a_channel_that_is_off_in_a_stage_is_not_raised_in_it() -> None:
    roles = "".join(
        f'[[channels]]\nrole = "{name}"\nmotor = false\n'
        'amplitude = { target = "strong-comfortable" }\n'
        'waveform = { shape = "biphasic-symmetric", phase_width = "200 us", frequency = "20 Hz" }\n'
        for name in ("one", "two")
    )
    text = text_of(
        stage("first", "20 s", 'roles = ["one"]'), stage("second", "20 s"), seconds=40,
        channels=roles,
    )  # fmt: skip
    bench = raised(running(staged_plan(text, 4_000, 4_000), BY_HAND), 1_000)
    bench.command(Raise(2, Level(CURRENT, 500)))
    assert bench.told(Kind.REFUSED)[-1].data["code"] == "off-in-stage"
    bench.run_for(22 * S)
    assert raised(bench, 500, 2).engine.plateau(2) == 500
    assert rehearse(staged_plan(text, 4_000, 4_000)).ok


@pytest.mark.hazard("H79")
def test_no_output_of_a_stage_before_its_row_is_on_the_disk() -> None:
    bench = raised(running(staged_plan(CARRIED, 4_000), BY_HAND), 2_000)
    while bench.engine._core.run.time_us(bench.now_ns) < 19_950_000:
        bench.run_for(10 * MS)
    bench.journal.delay_ns = 1_800 * MS
    plateau_in(bench, "second")
    began_us = bench.told(Kind.STAGE)[0].at_ns // 1_000
    bench.run_for(1_700 * MS)
    assert bench.engine._core.run.time_us(bench.now_ns) == 20_000_000
    bench.run_for(1_200 * MS)
    assert bench.engine._core.run.time_us(bench.now_ns) > 20_000_000
    assert not any(run.start_us > began_us for run in bench.ledger()[1].runs if run.peak_ua)


def test_a_scripted_session_raises_anew_in_each_stage_of_its_own() -> None:
    own = text_of(stage("first", "20 s"), stage("second", "20 s"), seconds=40)
    bench = running(staged_plan(own, 2_000), BY_SCRIPT)
    bench.run_for(30 * S)
    raises = [row.data["level"] for row in bench.told(Kind.SET)]
    assert raises == [500, 1_000, 1_500, 2_000, 0, 500, 1_000, 1_500, 2_000]


CHANGING = text_of(
    stage("first", "60 s", 'waveform = { phase_width = { list = ["100 us", "200 us"], '
          'dwell = "4 s" } }'),
    seconds=60,
)  # fmt: skip


@pytest.mark.hazard("H79")
def test_a_raise_in_the_weak_part_is_no_jump_in_the_strong_one() -> None:
    """A20: 2 mA, then a whole round at that plateau, confirmed by the device."""
    bench = running(staged_plan(CHANGING, 8_000), BY_HAND)
    heights: list[tuple[int, int]] = []
    while bench.now_ns < 30 * S:
        bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + 500)))
        bench.run_for(100 * MS)
        heights.append((bench.now_ns, bench.engine.plateau(1)))
    for at_ns, height in heights:
        before = max((one for then, one in heights if then <= at_ns - 8 * S), default=0)
        assert height <= before + 2_000, (at_ns, height)
    assert heights[-1][1] >= 6_000
    codes = {row.data["code"] for row in bench.told(Kind.REFUSED)}
    assert "settling" in codes


def test_what_changes_little_is_raised_as_ever() -> None:
    text = CHANGING.replace('"100 us"', '"140 us"')
    bench = raised(running(staged_plan(text, 8_000), BY_HAND), 6_000)
    assert bench.now_ns < 10 * S


def test_less_takes_the_same_share_from_every_channel_and_nothing_gives_it_back() -> None:
    plan: Any = compiled(example("v2-copd-active-rest"), 20_000, 20_000, duration_us=600_000_000)
    bench = raised(raised(running(plan, BY_HAND), 4_000), 2_000, 2)
    bench.command(Less())
    bench.run_for(S)
    assert [bench.engine.plateau(one) for one in (1, 2)] == [3_000, 1_500]  # 20 %, on the grid
    bench.run_for(60 * S)
    assert [bench.engine.plateau(one) for one in (1, 2)] == [3_000, 1_500]
    usual = raised(running(staged_plan(CARRIED, 8_000), BY_HAND), 5_000)
    usual.command(Less())
    assert usual.engine.plateau(1) == 4_500


def test_after_so_many_contractions_somebody_is_asked_whether_to_raise_again() -> None:
    plan: Any = compiled(example("v2-copd-active-rest"), 20_000, duration_us=600_000_000)
    bench = running(plan, BY_SCRIPT)
    bench.run_for(400 * S)
    asked = [row for row in bench.told(Kind.PROMPT) if row.data["prompt"] == "raise_again"]
    contractions = len(bench.told(Kind.CONTRACTION))
    assert len(asked) == contractions // 5 >= 2


def test_a_continuous_stage_has_no_contraction_and_the_next_one_counts_on() -> None:
    text = text_of(
        stage("first", "20 s", f"cycle = {CYCLE}"),
        stage("second", "20 s", 'plateau = "first"\nlevel = "50 %"'),
        stage("third", "20 s", f'plateau = "first"\ncycle = {CYCLE}'),
        seconds=60,
    )
    bench = running(staged_plan(text, 4_000), BY_HAND)
    bench.run_for(1_200 * MS)
    raised(bench, 1_000)
    bench.run_for(60 * S)
    (second, third) = bench.told(Kind.STAGE)
    rows = bench.told(Kind.CONTRACTION)
    assert not [row for row in rows if second.at_ns <= row.at_ns < third.at_ns]
    assert [row.data["number"] for row in rows] == [2, 3, 4, 5]
    peaks = [run.peak_ua for run in bench.ledger()[1].runs if run.start_us > second.at_ns // 1_000]
    assert peaks[0] <= 500 < max(peaks)


@pytest.mark.hazard("H39")
def test_the_budget_is_that_of_the_on_times_that_a_stage_has_room_for() -> None:
    """A stage may have more on times than whole cycles; and its slow pulses count."""
    cycle = '{ on = "20 s", off = "20 s", ramp_up = "0.5 s", ramp_down = "0.5 s"'
    for rest in ("", ', rest = { frequency = "9 Hz" }'):
        text = text_of(
            stage("first", "60 s", f"cycle = {cycle}{rest} }}"), seconds=60, rate="10 Hz"
        )
        rehearsal = rehearse(staged_plan(text, 4_000))
        assert rehearsal.ok, rehearsal.problems


def test_the_contractions_of_the_next_stage_are_not_counted_in_this_one() -> None:
    short, long = (
        f'cycle = {{ on = "{on} s", off = "15 s", ramp_up = "0.5 s", ramp_down = "0.5 s" }}'
        for on in (2, 6)
    )
    text = text_of(
        stage("first", "20 s", short), stage("second", "30 s", f'{long}\nplateau = "first"'),
        seconds=50,
    )  # fmt: skip
    rehearsal = rehearse(staged_plan(text, 3_000))
    assert rehearsal.ok, rehearsal.problems
