"""Files with stages: what may be written, what is refused with its place, what becomes of it."""

from __future__ import annotations

import re

import pytest

from stimctl.devices.registry import FAMILIES
from stimctl.errors import ProtocolFileError
from stimctl.safety import Refusal
from stimctl.treatment import load_protocol
from stimctl.treatment.staged import StagedProtocol
from stimctl.treatment.timeline import contraction_starts, moments
from stimctl.treatment.upgrade import difference, upgraded
from tests.support.staged_samples import (
    CYCLE,
    TWO_ROLES,
    compiled,
    example,
    stage,
    staged,
    staged_plan,
    staged_text,
)
from tests.support.treatment_samples import SHIPPED, shipped, shipped_text

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
TWO = stage("first", "1 min") + stage("second", "1 min")
TWO_MINUTES = 'shortest = "2 min", longest = "2 min"'


def problem_of(text: str) -> ProtocolFileError:
    with pytest.raises(ProtocolFileError) as caught:
        staged(text)
    return caught.value


def two(second: str = "") -> str:
    stages = stage("first", "1 min") + stage("second", "1 min", second)
    return staged_text(stages, session=TWO_MINUTES)


WRONG = {
    "a plateau of no stage": (
        two('plateau = "frist"'), "stages[1].plateau", 'did you mean "first"',
    ),
    "a plateau of a later stage": (
        staged_text(stage("a", "1 min", 'plateau = "b"') + stage("b", "1 min"),
                    session=TWO_MINUTES),
        "stages[0].plateau", "no earlier stage",
    ),
    "a plateau that the order brings later": (
        staged_text(
            TWO + stage("third", "1 min", 'plateau = "first"'),
            session='shortest = "3 min", longest = "3 min", order = ["second", "third", "first"]',
        ),
        "session.order", "comes later",
    ),
    "a level of an own plateau": (two('level = "60 %"'), "stages[1].level", "earlier"),
    "two stages of one name": (
        staged_text(stage("a", "1 min") + stage("a", "1 min"), session=TWO_MINUTES),
        "stages[1].name", "taken",
    ),
    "a role that is none": (two('roles = ["tow"]'), "stages[1].roles", "no role"),
    "a length outside": (
        staged_text(TWO, session='shortest = "3 min", longest = "5 min"'), "session", "2 min",
    ),
    "no stage that gives way": (
        staged_text(TWO, session='shortest = "1 min", longest = "5 min"'),
        "session.stretch", "name",
    ),
    "a stage that would have nothing left": (
        staged_text(TWO, session='shortest = "1 min", longest = "5 min", stretch = "first"'),
        "session.shortest", "at least 5 s",
    ),
    "too many stages": (
        staged_text(
            TWO, session='shortest = "10 s", longest = "60 min", '
            'order = [{ repeat = 50, stages = ["first", "second", "first", "second", "first"] }]',
        ),
        "session.order", "at most 200",
    ),
    "longer than an hour": (
        staged_text(
            stage("first", "61 min"), session='shortest = "61 min", longest = "61 min"'
        ),
        "session.longest", "N1",
    ),
    "chance without a seed": (
        two(
            'waveform = { frequency = { random = ["20 Hz", "60 Hz"], dwell = "1 s" } }'
        ),
        "stages[1].waveform.frequency", "seed",
    ),
    "a dwell below a tick": (
        two('waveform = { frequency = { list = ["20 Hz", "60 Hz"], dwell = "100 ms" } }'),
        "stages[1].waveform.frequency.dwell", "250 ms",
    ),
    "a list of one": (
        two('waveform = { frequency = { list = ["20 Hz"], dwell = "1 s" } }'),
        "stages[1].waveform.frequency.list", "",
    ),
    "as many dwells as values": (
        two('waveform = { frequency = '
            '{ list = ["20 Hz", "9 Hz", "8 Hz"], dwell = ["1 s", "1 s"] } }'),
        "stages[1].waveform.frequency.dwell", "one for each",
    ),
    "a law that follows nothing": (
        two('waveform = { phase_width = { sweep = ["100 us", "200 us"], with = "frequency" } }'),
        "stages[1].waveform.phase_width", "no sweep",
    ),
    "both a period and with": (
        two(
            'waveform = { frequency = { sweep = ["2 Hz", "9 Hz"], period = "4 s" }, '
            'phase_width = { sweep = ["100 us", "200 us"], with = "frequency", period = "4 s" } }'
        ),
        "stages[1].waveform.phase_width", "not both",
    ),
    "a level above the plateau": (
        two('waveform = { level = { list = ["50 %", "101 %"], dwell = "1 s" } }'),
        "stages[1].waveform.level", "A13",
    ),
    "no unit": (two('waveform = { frequency = 20 }'), "stages[1].waveform.frequency", "unit"),
    "a current to go to": (two('amplitude = "20 mA"'), "stages[1].amplitude", ""),
    "fast active rest": (
        two(f'cycle = {CYCLE[:-2]}, rest = {{ frequency = "15 Hz" }} }}'),
        "stages[1].cycle.rest.frequency", "W19",
    ),
    "a wide active rest": (
        two(f'cycle = {CYCLE[:-2]}, rest = {{ frequency = "4 Hz", phase_width = "300 us" }} }}'),
        "stages[1].cycle.rest.phase_width", "W19",
    ),
    "no contraction fits": (
        staged_text(stage("first", "5 s", f"cycle = {CYCLE}") + stage("second", "1 min"),
                    session='shortest = "65 s", longest = "65 s"'),
        "", "",
    ),
    "a hold that is none": (
        two('cycle = { on = "2 s", off = "2 s", ramp_up = "1 s", ramp_down = "1 s" }'),
        "stages[1].cycle.on", "W5",
    ),
    "a class of a later version": (
        two().replace('id = "sample"', 'class = "procedural"\nid = "sample"'),
        "class", "cyclic",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in WRONG if name != "no contraction fits"])
def test_what_is_wrong_is_told_with_its_place(name: str) -> None:
    text, field, says = WRONG[name]
    error = problem_of(text)
    assert error.field == field, str(error)
    assert says in str(error)
    assert error.line in range(1, 40)


def test_a_stage_without_room_for_a_contraction_is_refused() -> None:
    text, _, _ = WRONG["no contraction fits"]
    assert staged(text).stages[0].duration_us == 5 * SECOND_US  # 1 s of zero only between stages
    short = staged_text(
        stage("second", "1 min") + stage("first", "5 s", f"cycle = {CYCLE}"),
        session='shortest = "65 s", longest = "65 s"',
    )
    staged(short)
    late = short.replace('off = "4 s"', 'start_after = "2 s", off = "4 s"')
    assert "W14" in str(problem_of(late))


@pytest.mark.parametrize("name", ["v2-icu-two-periods", "v2-copd-active-rest"])
def test_an_example_compiles_at_its_caps(name: str) -> None:
    protocol = example(name)
    caps = [channel.amplitude.cap for channel in protocol.channels]
    plan = compiled(protocol, *caps)
    assert not isinstance(plan, Refusal), plan.message
    assert plan.duration_us == protocol.usual_duration_us
    assert len(plan.digest()) == 64


def test_antagonists_that_meet_are_refused_in_their_stage() -> None:
    text = (
        (example.__globals__["DATA"] / "v2-icu-two-periods.toml")
        .read_text("utf-8")
        .replace('start_after = "5 s"', 'start_after = "4 s"')
        .replace("v2-icu-two-periods", "sample")
    )
    assert "W10" in str(problem_of(text))


@pytest.mark.hazard("H79")
def test_a_published_length_that_is_no_whole_number_of_cycles_cuts_nothing() -> None:
    plan = compiled(example("v2-copd-active-rest"), 50_000)
    assert not isinstance(plan, Refusal)
    work = plan.stages[1]
    starts = contraction_starts(work, work.channels[0])
    assert len(starts) == 67
    assert starts[-1] + 8 * SECOND_US <= work.end_us
    silent = [one for one in moments(work) if one.at_us >= starts[-1] + 8 * SECOND_US]
    assert all(drive.level_permille == 0 for one in silent for drive in one.drives)


@pytest.mark.hazard("H79")
def test_a_plateau_is_carried_to_nothing_stronger() -> None:
    """A12: 5 Hz is no measure of 75 Hz; 75 Hz is one of 4 Hz."""
    slow, fast = 'waveform = { frequency = "5 Hz" }', 'waveform = { frequency = "75 Hz" }'
    for first, second, allowed in ((slow, fast, False), (fast, slow, True)):
        text = staged_text(
            stage("first", "1 min", first)
            + stage("second", "1 min", f'{second}\nplateau = "first"'),
            session=TWO_MINUTES,
        )
        plan = compiled(staged(text))
        assert isinstance(plan, Refusal) is not allowed, plan
        if isinstance(plan, Refusal):
            assert plan.limit_id == "A12"
            assert 'stage "second"' in plan.message


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ('phase_width = "200 us"', True), ('phase_width = "201 us"', False),
        ('phase_width = "400 us"', False), ('frequency = "21 Hz"', False),
        ('frequency = "5 Hz", phase_width = "200 us"', True),
        ('nlet = { pulses = 2, interval = "10 ms" }', False),
        ('frequency = { list = ["10 Hz", "20 Hz"], dwell = "1 s" }', True),
        ('frequency = { list = ["10 Hz", "25 Hz"], dwell = "1 s" }', False),
    ],
)  # fmt: skip
def test_charge_and_rms_decide_what_may_be_carried(change: str, allowed: bool) -> None:
    plan = compiled(staged(two(f'plateau = "first"\nwaveform = {{ {change} }}')))
    assert isinstance(plan, Refusal) is not allowed, plan


def test_a_lower_level_makes_room_for_more_pulses() -> None:
    """Four times the pulses at half of the plateau are the same r.m.s. current."""
    for level, allowed in (("50 %", True), ("51 %", False)):
        text = two(f'plateau = "first"\nlevel = "{level}"\nwaveform = {{ frequency = "80 Hz" }}')
        assert isinstance(compiled(staged(text)), Refusal) is not allowed


@pytest.mark.hazard("H79")
def test_active_rest_is_weaker_than_the_contraction() -> None:
    for frequency, level, allowed in (("4 Hz", "60 %", True), ("14 Hz", "100 %", False)):
        rest = f'rest = {{ frequency = "{frequency}", level = "{level}" }}'
        text = staged_text(
            stage("first", "1 min", f"cycle = {CYCLE[:-2]}, {rest} }}"), rate="10 Hz",
            session='shortest = "1 min", longest = "1 min"',
        )  # fmt: skip
        plan = compiled(staged(text))
        assert isinstance(plan, Refusal) is not allowed, plan
        if isinstance(plan, Refusal):
            assert plan.limit_id == "W19"


@pytest.mark.hazard("H79")
def test_lists_are_judged_at_their_strongest_corner_though_it_never_comes() -> None:
    """W20: 600 us go with 2 Hz only, and are judged at 100 Hz all the same."""
    waveform = (
        'waveform = { frequency = { list = ["2 Hz", "100 Hz"], dwell = "3 s" }, '
        'phase_width = { list = ["600 us", "200 us"], with = "frequency" } }'
    )
    text = staged_text(stage("first", "1 min", waveform),
                       session='shortest = "1 min", longest = "1 min"')  # fmt: skip
    one = staged_plan(text, 5_000).channels[0]
    assert (one.stimulus.widest_phase_us, one.stimulus.highest_frequency_mhz) == (600, 100_000)
    assert one.cleared.second.pulses >= 100
    drives = {(one.drives[0].period_us, one.drives[0].phase_width_us)
              for one in moments(staged_plan(text)) if one.drives[0].is_on}  # fmt: skip
    assert drives == {(500_000, 600), (10_000, 200)}


def test_the_named_stage_gives_way_to_another_length() -> None:
    protocol = example("v2-copd-active-rest")
    for minutes in (7, 24, 30):
        plan = compiled(protocol, 20_000, duration_us=minutes * MINUTE_US)
        assert not isinstance(plan, Refusal)
        lengths = [one.duration_us // MINUTE_US for one in plan.stages]
        assert lengths == [3, minutes - 6, 3]
        assert plan.duration_us == minutes * MINUTE_US == plan.stages[-1].end_us
    for minutes in (6, 31):
        refused = compiled(protocol, 20_000, duration_us=minutes * MINUTE_US)
        assert isinstance(refused, Refusal)
        assert refused.limit_id == "L-SES"


def test_repeated_stages_begin_where_they_ended_and_draw_anew() -> None:
    text = staged_text(
        stage(
            "on", "20 s", 'waveform = { frequency = { random = ["9 Hz", "40 Hz"], dwell = "1 s" } }'
        )
        + stage("pause", "10 s", 'kind = "rest"'),
        session='shortest = "90 s", longest = "90 s", order = [{ repeat = 3, '
        'stages = ["on", "pause"] }]',
        more="seed = 1",
    )
    plan = staged_plan(text)
    assert [one.name for one in plan.stages] == ["on", "pause"] * 3
    assert [dict(one.carried) and one.carried[1].stage for one in plan.stages[::2]] == [{}, 0, 2]
    rates = [
        tuple(one.drives[0].period_us for one in moments(each) if one.drives[0].is_on)
        for each in plan.stages[::2]
    ]
    assert len(set(rates)) == 3


def test_another_seed_is_another_plan_and_the_same_seed_the_same() -> None:
    law = 'waveform = { frequency = { random = ["9 Hz", "40 Hz"], dwell = "1 s" } }'
    digests = [
        staged_plan(two(law).replace("session", f"seed = {seed}\nsession", 1)).digest()
        for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_file_of_version_1_is_rewritten_as_one_that_does_the_same(name: str) -> None:
    before, text = shipped(name), shipped_text(name)
    after = load_protocol(upgraded(text), f"{name}.toml")
    assert isinstance(after, StagedProtocol)
    for family in ("p24", "rehastim2"):
        sheet = FAMILIES[family].sheet
        most = [4_000] * len(before.channels)
        old, new = compiled(before, *most, sheet=sheet), compiled(after, *most, sheet=sheet)
        if isinstance(old, Refusal):
            assert isinstance(new, Refusal)
        else:
            assert not isinstance(new, Refusal), new.message
            assert difference(old, new) is None
    comments = {line.split("#", 1)[1] for line in text.splitlines() if "#" in line}
    kept = {line.split("#", 1)[1] for line in upgraded(text).splitlines() if "#" in line}
    assert comments - kept == {":schema ./treatment-v1.json"}


def test_what_differs_is_seen() -> None:
    text = shipped_text("nmes-tka")
    longer = upgraded(text).replace('off = "45 s"', 'off = "46 s"')
    plans = [compiled(load_protocol(one, "nmes-tka.toml"), 4_000) for one in (text, longer)]
    assert all(not isinstance(one, Refusal) for one in plans)
    assert difference(*plans) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('cycle = { on = "4 x", off = "4 s", ramp_up = "1 s", ramp_down = "1 s" }', "cycle.on"),
        ("cycle = true", "cycle: must be a table"),
        ("waveform = { nlet = { pulses = 2 } }", "waveform.nlet.interval: is missing"),
        ('waveform = { level = "50 %" }', "waveform.level: must be a table"),
    ],
)
def test_what_may_also_be_false_has_one_error_in_the_words_of_the_file(
    wrong: str, told: str
) -> None:
    with pytest.raises(ProtocolFileError) as caught:
        staged(staged_text(stage("first", "20 s", wrong)))
    assert f"stages[0].{told}" in str(caught.value)
    assert not re.search(r"more in this file|literal|law-|StagedCycle", str(caught.value))


ONE_LIST = {
    "another rate": (
        stage("second", "1 min", 'waveform = { frequency = "5 Hz" }'),
        '"first" 20 Hz',
    ),
    "slow pulses in the off time": (
        stage("second", "1 min", f'cycle = {CYCLE[:-2]}, rest = {{ frequency = "4 Hz" }} }}'),
        '"second" has 4 Hz',
    ),
    "the same rate": (stage("second", "1 min", f"cycle = {CYCLE}"), ""),
}


@pytest.mark.hazard("H79")
@pytest.mark.parametrize("name", ONE_LIST)
def test_a_device_that_sets_up_its_rate_once_refuses_stages_of_another(name: str) -> None:
    second, says = ONE_LIST[name]
    text = staged_text(stage("first", "1 min") + second, session=TWO_MINUTES)
    plan = compiled(staged(text), 6_000, sheet=FAMILIES["rehastim2"].sheet)
    assert not isinstance(compiled(staged(text), 6_000), Refusal)
    assert isinstance(plan, Refusal) is bool(says), plan
    if isinstance(plan, Refusal):
        assert plan.limit_id == "L-DEV"
        assert says in plan.message


def test_a_device_that_sets_up_its_channels_once_refuses_one_that_comes_later() -> None:
    later = stage("first", "1 min", 'roles = ["one"]') + stage("second", "1 min")
    text = staged_text(later, TWO_ROLES, session=TWO_MINUTES, rate="20 Hz")
    plan = compiled(staged(text), 6_000, 6_000, sheet=FAMILIES["rehastim2"].sheet)
    assert isinstance(plan, Refusal)
    assert 'channel 2 is off in "first" and on in "second"' in plan.message
    assert not isinstance(compiled(staged(text), 6_000, 6_000), Refusal)
