"""Compiling refuses what may not be, names the limit, and never adjusts anything silently."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys

import pytest

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import ProtocolFileError, UsageError
from stimctl.safety import (
    Electrode,
    Layer,
    LayeredBounds,
    Profile,
    Refusal,
    RefusalKind,
    layer_bounds_from_mapping,
    person_ceiling,
)
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment import (
    ChannelSetup,
    Plan,
    TreatmentProtocol,
    amplitude_of,
    compile_plan,
    moments,
    predict,
    raise_schedule,
)
from stimctl.treatment.schema import Target
from stimctl.treatment.stimuli import stimulus_of
from tests.support.paths import ROOT
from tests.support.treatment_samples import (
    channel_text,
    cycle_text,
    loaded_v1,
    plan_of,
    sample,
    sample_text,
    setup,
    shipped,
)

MINUTE_US = 60_000_000
PLAIN = 'phase_width = "200 us"\nfrequency = "50 Hz"'


def refused(
    protocol: TreatmentProtocol,
    *setups: ChannelSetup,
    duration_us: int | None = None,
    bounds: LayeredBounds | None = None,
) -> Refusal:
    answer = compile_plan(
        protocol,
        P24_SHEET,
        setups or (setup(),),
        duration_us=duration_us,
        bounds=bounds or LayeredBounds(),
    )
    assert isinstance(answer, Refusal)
    return answer


def test_a_plan_says_what_each_channel_does() -> None:
    plan = plan_of(shipped("nmes-tka"), setup(3, 40_000))
    (one,) = plan.channels
    assert (one.channel, one.role, one.most) == (3, "quadriceps", 40_000)
    assert one.cleared.amplitude_ua == 40_000
    assert one.period_us == 20_000
    assert plan.channel(3) is one
    with pytest.raises(KeyError):
        plan.channel(1)
    assert repr(plan) == "<Plan nmes-tka on p24, channels 3, 15 min>"


def test_one_role_may_be_used_on_several_channels() -> None:
    plan = plan_of(shipped("tens-conventional"), setup(2, 10_000), setup(1, 12_000))
    assert [(one.channel, one.role) for one in plan.channels] == [(2, "pain"), (1, "pain")]
    assert [dose.channel for dose in predict(plan)] == [2, 1]


def test_several_roles_go_to_the_channels_in_the_order_given() -> None:
    protocol = sample(20, channel_text(PLAIN, role="a"), channel_text(PLAIN, role="b"))
    plan = plan_of(protocol, setup(5), setup(2))
    assert [(one.channel, one.role) for one in plan.channels] == [(5, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("setups", "words"),
    [
        ((), "no channel"),
        ((setup(1), setup(1)), "twice"),
        ((setup(1),), "in this order: a, b"),
        ((setup(1), setup(2), setup(3)), "2 roles and 3 channels"),
        ((setup(1, -500), setup(2)), "0 or more"),
        ((setup(1), setup(2, 1_000_001)), "at most 1000 mA"),
        ((setup(1, 1.5), setup(2)), "integers"),  # type: ignore[arg-type]
        ((setup(True), setup(2)), "integers"),
    ],
)
def test_a_request_that_makes_no_sense_is_an_error(
    setups: tuple[ChannelSetup, ...], words: str
) -> None:
    protocol = sample(20, channel_text(PLAIN, role="a"), channel_text(PLAIN, role="b"))
    with pytest.raises(UsageError, match=words):
        compile_plan(protocol, P24_SHEET, setups)


def test_a_channel_the_device_does_not_have_is_refused() -> None:
    assert refused(shipped("tens-conventional"), setup(9)).limit_id == "L-DEV"


def test_an_amplitude_off_the_grid_is_refused_with_the_nearest() -> None:
    refusal = refused(shipped("tens-conventional"), setup(1, 12_300))
    assert refusal.limit_id == "W9"
    assert refusal.channel == 1
    assert refusal.nearest is not None
    assert refusal.nearest.value == 12_000


def test_the_protocols_cap_binds_and_is_named() -> None:
    refusal = refused(shipped("ttns-oab"), setup(1, 60_500))
    assert (refusal.limit_id, refusal.layer) == ("L-SES", Layer.PROTOCOL)
    assert "ttns-oab" in refusal.source
    assert refusal.nearest is not None
    assert refusal.nearest.value == 60_000


def test_the_bounds_of_site_and_person_bind_and_are_named() -> None:
    person = LayeredBounds(person=(person_ceiling(18_000, "found today"),))
    refusal = refused(shipped("tens-conventional"), setup(1, 20_000), bounds=person)
    assert (refusal.limit_id, refusal.layer) == ("L-PAT", Layer.PERSON)
    site = LayeredBounds(
        site=layer_bounds_from_mapping(Layer.SITE, {"session_duration": "20 min"}, "clinic.toml")
    )
    refusal = refused(shipped("tens-conventional"), bounds=site)
    assert (refusal.limit_id, refusal.source) == ("L-SITE", "clinic.toml")


def test_an_electrode_below_the_protocols_minimum_is_refused() -> None:
    refusal = refused(shipped("nmes-tka"), setup(1, 20_000, area_mm2=2_400))
    assert (refusal.limit_id, refusal.layer) == ("E1", Layer.PROTOCOL)
    assert "24 cm2" in refusal.message
    assert "25 cm2" in refusal.message
    assert (refusal.asked_text, refusal.allowed_text) == ("24 cm2", "25 cm2")
    assert refusal.nearest is not None
    assert refusal.nearest.text == "25 cm2"


def test_a_pad_that_hardly_touches_is_refused_by_density() -> None:
    lifted = ChannelSetup(1, Level(CURRENT, 60_000), Electrode(2_500, contact_permille=100))
    assert refused(shipped("nmes-tka"), lifted).limit_id == "L-J"


@pytest.mark.hazard("H48")
def test_a_blocked_body_site_is_refused() -> None:
    neck = ChannelSetup(1, Level(CURRENT, 10_000), Electrode(2_500, site="anterior-neck"))
    assert refused(shipped("tens-conventional"), neck).limit_id == "C04"


@pytest.mark.parametrize(
    ("name", "duration_us", "limit_id"),
    [
        ("tens-conventional", 61 * MINUTE_US, "L-SES"),
        ("tens-burst", 41 * MINUTE_US, "L-SES"),
        ("tens-conventional", 9_999_999, "L-SES"),
        ("nmes-tka", 59_999_999, "W8"),
        ("nmes-tka", 16 * MINUTE_US, "L-SES"),
    ],
)
def test_a_session_too_long_or_too_short_is_refused(
    name: str, duration_us: int, limit_id: str
) -> None:
    refusal = refused(shipped(name), duration_us=duration_us)
    assert refusal.limit_id == limit_id
    assert refusal.kind is RefusalKind.LIMIT
    assert refusal.asked == duration_us
    assert refusal.allowed_text in refusal.message
    assert refusal.nearest is not None
    assert refusal.message.endswith(f"Nearest legal: {refusal.nearest.text}.")
    assert plan_of(shipped(name), duration_us=refusal.nearest.value)


def test_where_not_even_one_cycle_is_allowed_no_length_is_offered() -> None:
    site = layer_bounds_from_mapping(Layer.SITE, {"session_duration": "30 s"}, "clinic.toml")
    refusal = refused(shipped("nmes-tka"), bounds=LayeredBounds(site=site))
    assert refusal.nearest is None
    assert "Nearest" not in refusal.message


@pytest.mark.hazard("H34")
def test_an_hour_is_the_cap_unless_the_protocol_says_why() -> None:
    text = sample_text(20, channel_text(PLAIN)).replace(
        'longest = "60 min"', 'longest = "120 min"\nbeyond_an_hour = "The trial did (R)."'
    )
    protocol = loaded_v1(text, "sample.toml")
    plan = plan_of(protocol, duration_us=120 * MINUTE_US)
    assert "longer than 60 min because: The trial did (R)." in plan.notes
    assert refused(protocol, duration_us=120 * MINUTE_US + 1).allowed == 120 * MINUTE_US


@pytest.mark.parametrize("duration_us", [0, -1, 1.5, True])
def test_what_is_no_duration_is_an_error(duration_us: int) -> None:
    with pytest.raises(UsageError):
        compile_plan(shipped("tens-conventional"), P24_SHEET, [setup()], duration_us=duration_us)


def test_a_shortened_session_is_whole_cycles_and_says_so() -> None:
    plan = plan_of(shipped("nmes-tka"), duration_us=150_000_000)
    assert plan.duration_us == 2 * MINUTE_US
    assert plan.notes == (
        "duration 2 min instead of 150 s: a session is a whole number of cycles (W8); "
        "nearest: 2 min (2 cycles) or 3 min (3 cycles)",
        "shortened session: 2 min; the protocol asks for 15 min",
    )


@pytest.mark.parametrize(
    ("on_s", "off_s", "after_ms", "minutes", "near"),
    [
        (8, 8, 0, 18, "1072 s (67 cycles) or 1088 s (68 cycles)"),
        (8, 8, 8_000, 18, "1072 s (67 cycles) or 1088 s (68 cycles)"),
        (10, 50, 0, 12.5, "12 min (12 cycles) or 13 min (13 cycles)"),
        (3.3, 4.4, 1_100, 7, "415.8 s (54 cycles) or 423.5 s (55 cycles)"),
        (10, 37, 0, 20, "1175 s (25 cycles)"),
        (9, 8, 0, 0.25, "17 s (1 cycle)"),
        (30, 40, 0, 19, "1120 s (16 cycles) or 1190 s (17 cycles)"),
    ],
)
def test_both_neighbours_of_what_is_no_whole_number_of_cycles_are_named(
    on_s: float, off_s: float, after_ms: int, minutes: float, near: str
) -> None:
    period_s = on_s + off_s
    cycle = cycle_text(int(on_s * 1000), int(off_s * 1000), 500, 500, after_ms)
    text = sample_text(12, channel_text(PLAIN, motor=True, cycle=cycle))
    session = 'duration = "{}"\nshortest = "10 s"\nlongest = "{} s"\n'
    longest_s = 20 * 60 - 1
    asked = f"{minutes} min"
    own = text.index('duration = "12 s"')
    rest = text[text.index("[[channels]]") :]
    file = text[:own] + session.format(asked, longest_s) + rest
    with pytest.raises(ProtocolFileError) as refused_file:
        loaded_v1(file, "sample.toml")
    assert f"nearest: {near}" in str(refused_file.value)
    whole_s = f"{period_s * max(1, 1100 // period_s):g} s"
    protocol = loaded_v1(text[:own] + session.format(whole_s, longest_s) + rest, "sample.toml")
    asked_us = int(minutes * MINUTE_US)
    found = compile_plan(protocol, P24_SHEET, [setup()], duration_us=asked_us)
    words = found.message if isinstance(found, Refusal) else found.notes[0]
    assert near.partition(" (")[0] in words
    if not isinstance(found, Refusal):
        assert f"nearest: {near}" in words


def test_a_session_shorter_than_the_evidence_says_so() -> None:
    plan = plan_of(shipped("tens-conventional"), duration_us=40_000_000)
    assert plan.notes[-1] == "the evidence is about sessions from 20 min"


def test_the_frequency_used_is_never_faster_than_asked_and_is_told() -> None:
    plan = plan_of(shipped("nmes-wrist-ext"))
    (one,) = plan.channels
    assert one.period_us == 28_000
    assert plan.notes == (f"channel 1: {one.notes[0]}",)
    assert "36 Hz requested, the device gives 35.714 Hz" in one.notes[0]
    assert plan_of(shipped("tens-conventional")).channels[0].notes == ()


def test_a_treatment_that_is_recommended_against_says_so_first() -> None:
    notes = plan_of(shipped("tens-knee-oa")).notes
    assert notes[0].startswith("recommended against: NICE NG226")


def test_a_burst_that_no_longer_fits_on_the_devices_grid_is_refused() -> None:
    wave = 'phase_width = "100 us"\nfrequency = "90 Hz"\nburst = {pulses = 9, frequency = "10 Hz"}'
    refusal = refused(sample(20, channel_text(wave)))
    assert (refusal.limit_id, refusal.layer) == ("W4", Layer.DEVICE)
    assert refusal.nearest is not None
    assert refusal.nearest.text == "8 pulses per burst"


@pytest.mark.hazard("H44")
def test_the_target_decides_also_where_no_file_was_read() -> None:
    """A model built in a program passes no loader: the rules for muscles hold all the same."""
    cycle = cycle_text(4000, 6000, 1000, 1000)
    texts = [channel_text(PLAIN, role=role, motor=True, cycle=cycle) for role in ("a", "b")]
    protocol = loaded_v1(sample_text(20, *texts), "sample.toml")
    roles = tuple(
        role.model_copy(
            update={
                "motor": False,
                "amplitude": role.amplitude.model_copy(
                    update={"target": Target.STRONG_CONTRACTION}
                ),
            }
        )
        for role in protocol.channels
    )
    quiet = protocol.model_copy(update={"channels": roles})
    assert stimulus_of(roles[0], 0).motor
    pads = [
        ChannelSetup(number, Level(CURRENT, 5_000), Electrode(2_500, 1000, site))
        for number, site in ((1, "left-biceps"), (2, "left-triceps"))
    ]
    together = compile_plan(quiet, P24_SHEET, pads)
    assert isinstance(together, Refusal)
    assert together.limit_id == "W10"
    without_rest = roles[0].model_copy(update={"cycle": None})
    alone = compile_plan(
        quiet.model_copy(update={"channels": (without_rest,)}), P24_SHEET, pads[:1]
    )
    assert isinstance(alone, Refusal)
    assert alone.limit_id == "W6"


def test_an_asymmetric_pulse_rises_in_steps_that_balance() -> None:
    wave = PLAIN + "\nsecond_phase_ratio = 4"
    text = sample_text(20, channel_text(wave)).replace("symmetric", "asymmetric-balanced")
    protocol = loaded_v1(text, "sample.toml")
    plan = plan_of(protocol, setup(1, 20_000))
    assert plan.channels[0].step == 2_000
    steps = list(itertools.islice(raise_schedule(plan), 3))
    assert [s.plateau_ua for s in steps] == [2_000, 4_000, 6_000]
    assert [s.at_us for s in steps] == [0, 1_000_000, 2_000_000]  # 2 mA/s
    (dose,) = predict(plan)
    assert dose.rms_plateau_ma == pytest.approx(20 * (50 * 200e-6 * 1.25) ** 0.5)
    for amplitude_ua in (20_001, 20_500):
        refusal = refused(protocol, setup(1, amplitude_ua))
        assert refusal.limit_id == "W9"
        assert refusal.allowed == 20_000


def test_a_monophasic_pulse_needs_an_envelope_that_allows_it() -> None:
    text = sample_text(20, channel_text(PLAIN)).replace("biphasic-symmetric", "monophasic")
    assert refused(loaded_v1(text, "sample.toml")).limit_id == "L-MONO"


@pytest.mark.hazard("H44")
def test_antagonists_that_alternate_are_cleared_and_others_are_not() -> None:
    def plan(after: int) -> Plan | Refusal:
        one = channel_text(PLAIN, role="a", motor=True, cycle=cycle_text(3000, 4000, 1000, 1000))
        other = channel_text(
            PLAIN, role="b", motor=True, cycle=cycle_text(3000, 4000, 1000, 1000, after)
        )
        setups = [
            ChannelSetup(1, Level(CURRENT, 10_000), Electrode(2_500, site="left-forearm-extensor")),
            ChannelSetup(2, Level(CURRENT, 10_000), Electrode(2_500, site="left-forearm-flexor")),
        ]
        return compile_plan(sample(21, one, other), P24_SHEET, setups)

    assert isinstance(plan(3_500), Plan)
    together = plan(0)
    assert isinstance(together, Refusal)
    assert together.limit_id == "W10"


def test_a_warning_needs_acknowledgement_and_is_then_noted() -> None:
    lifted = ChannelSetup(1, Level(CURRENT, 60_000), Electrode(2_500, contact_permille=100))
    protocol, research = shipped("nmes-tka"), Profile.RESEARCH
    answer = compile_plan(protocol, P24_SHEET, [lifted], profile=research)
    assert isinstance(answer, Refusal)
    assert answer.needs_acknowledgement
    plan = compile_plan(
        protocol, P24_SHEET, [lifted], profile=research, acknowledged=frozenset({"L-J"})
    )
    assert isinstance(plan, Plan)
    assert plan.notes[0].startswith("channel 1: L-J")


def test_zero_is_a_session_without_output() -> None:
    plan = plan_of(shipped("tens-conventional"), setup(1, 0), duration_us=MINUTE_US)
    assert list(raise_schedule(plan)) == []
    (dose,) = predict(plan)
    assert (dose.pulses, dose.charge_uc, dose.rms_plateau_ma, dose.peak_ua) == (0, 0, 0, 0)


@pytest.mark.hazard("H38", "H40")
def test_the_digest_tells_limits_apart_and_is_the_same_in_another_process() -> None:
    protocol = shipped("nmes-tka")
    plan = plan_of(protocol)
    tighter = compile_plan(
        protocol,
        P24_SHEET,
        [setup()],
        bounds=LayeredBounds(person=(person_ceiling(50_000, "found today"),)),
    )
    assert isinstance(tighter, Plan)
    other_device = dataclasses.replace(P24_SHEET, keep_alive_us=400_000)
    other = compile_plan(protocol, other_device, [setup()])
    assert isinstance(other, Plan)
    assert len({plan.digest(), tighter.digest(), other.digest()}) == 3
    code = (
        "from tests.support import treatment_samples as t\n"
        "print(t.plan_of(t.shipped('nmes-tka')).digest())"
    )
    root = ROOT
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == plan.digest()


def test_the_timeline_is_lazy_and_as_fine_as_it_has_to_be() -> None:
    plan = plan_of(shipped("tens-modulated"))
    assert plan.duration_us == 30 * MINUTE_US
    first = next(iter(moments(plan)))
    assert first.at_us == 0
    assert 7_200 <= sum(1 for _ in moments(plan)) <= 7_300


def test_a_burst_holds_exactly_its_pulses() -> None:
    plan = plan_of(shipped("tens-burst"), setup(1, 500), duration_us=62_000_000)
    changes = [(m.at_us, m.drives[0].is_on) for m in moments(plan) if m.at_us <= 1_000_000]
    opens = [at_us for at_us, is_open in changes if is_open]
    assert opens == [0, 500_000, 1_000_000]
    assert [at_us for at_us, is_open in changes if not is_open] == [95_000, 595_000]
    (dose,) = predict(plan)
    # The end ramp of 2 s is below the first step of 0.5 mA, and the script raises 20 ms after the
    # first burst has begun: the next one is the first that has output.
    assert dose.pulses == 60 * 20 - 10


def test_what_goes_out_is_on_the_grid_and_never_above_the_level() -> None:
    assert amplitude_of(20_000, 1000, 500) == 20_000
    assert amplitude_of(20_000, 999, 500) == 19_500
    assert amplitude_of(20_000, 24, 500) == 0
    assert amplitude_of(19_999, 1000, 500) == 19_500


def test_the_raise_of_a_cycle_goes_on_in_the_next_hold() -> None:
    cycle = cycle_text(3000, 3000, 1000, 1000)
    plan = plan_of(sample(12, channel_text(PLAIN, motor=True, cycle=cycle)), setup(1, 3_000))
    steps = [(s.at_us // 1000, s.plateau_ua) for s in raise_schedule(plan)]
    assert steps == [
        (1050, 500), (1300, 1000), (1550, 1500), (1800, 2000), (7050, 2500), (7300, 3000)
    ]  # fmt: skip


@pytest.mark.hazard("H34")
def test_a_continuous_session_ends_with_a_down_ramp_of_two_seconds() -> None:
    plan = plan_of(sample(20, channel_text(PLAIN)))
    ramp = [(m.at_us, m.drives[0].level_permille) for m in moments(plan) if m.at_us >= 18_000_000]
    assert ramp[0] == (18_000_000, 975)
    assert ramp[20] == (19_000_000, 475)
    assert ramp[-1] == (20_000_000, 0)
    assert not any(m.drives[0].may_raise for m in moments(plan) if m.at_us >= 18_000_000)
