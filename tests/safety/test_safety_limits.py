"""Each limit of the table refuses just above its value, accepts at it, and names itself."""

from typing import Any

import pytest

from stimctl.errors import LimitRefusedError
from stimctl.safety import (
    LIMITS,
    Action,
    Bound,
    Layer,
    Profile,
    Quantity,
    RefusalKind,
    person_ceiling,
    protocol_cap,
    repair,
    session_ceiling,
)
from stimctl.safety.problem import broken_rule, with_nearest
from stimctl.stimulus import Burst, Cycle, Stimulus, Sweep, SweepShape
from stimctl.stimulus.level import CURRENT, Level
from tests.support.safety_samples import ASYM, MONO, cleared, device, envelope, refused, stim

WIDE = {"period_min_us": 100, "phase_width_min_us": 1, "amplitude_max_ua": 130_000}


def test_the_table_is_whole_and_every_row_says_whose_word_it_is() -> None:
    ids = [limit.id for limit in LIMITS]
    assert len(ids) == len(set(ids))
    facts = """L-RMS-DC L-RMS-400 L-RMS-1500 L-RMS-HF L-RMS-SPLIT L-E L-V L-J L-PD-FDA L-PD-RS2
        L-Q-LIM L-IAVG-LIM L-DC L-IND L-STEP L-ZERO L-ACC L-SUP L-LEAK L-LOADS L-DEV L-PAT L-SES"""
    assert set(facts.split()) <= set(ids)
    for limit in LIMITS:
        assert limit.source
        assert limit.certainty in {"R", "R2", "M+", "M?", "D"}
        assert (limit.quantity is None) or (limit.value is not None)


@pytest.mark.parametrize(
    ("hz", "limit_id", "at_limit", "above"),
    [
        # 250 us at 400 Hz: 111.8 mA peak is 50 mA rms
        (400, "L-RMS-400", 111.5, 112.0),
        # 250 us at 500 Hz: 50 mA rms is fine there (80 mA band), the golden edge row
        (500, None, 100.0, None),
    ],
)
def test_rms_limits_follow_the_frequency_band(
    hz: int, limit_id: str | None, at_limit: float, above: float | None
) -> None:
    bounds = envelope(area_mm2=20_000)
    cleared(stim(at_limit, 250, hz), bounds)
    if above:
        no = refused(stim(above, 250, hz), bounds)
        assert (no.limit_id, no.layer, no.quantity) == (
            limit_id, Layer.STANDARD, Quantity.RMS_CURRENT,
        )  # fmt: skip
        assert no.allowed == 50
        assert isinstance(no.asked, float)
        assert no.asked > 50
        assert no.nearest.value == 111_500


def test_exactly_50_ma_rms_is_not_above_50_ma_rms() -> None:
    # 50 mA x sqrt(2 x 400 Hz x 1250 us) = 50 mA: a device that pulses without a break
    bounds = envelope(area_mm2=20_000, device_=device(recovery_us=0))
    cleared(stim(50, 1250, 400), bounds)
    assert refused(stim(50.5, 1250, 400), bounds).limit_id == "L-RMS-400"


@pytest.mark.parametrize(
    ("hz", "limit_id", "ma"), [(1500, "L-RMS-1500", 80), (1600, "L-RMS-HF", 100)]
)
def test_higher_bands_have_their_own_limits(hz: int, limit_id: str, ma: int) -> None:
    no_gap = device(**WIDE, recovery_us=0, period_step_us=1)
    width = 1_000_000 // hz // 2
    bounds = envelope(area_mm2=50_000, device_=no_gap)
    no = refused(stim(130, width, hz), bounds)
    assert (no.limit_id, no.allowed) == (limit_id, ma)
    assert ma <= no.nearest.value / 1000 < ma + 1


def test_the_slowest_defining_frequency_chooses_the_band() -> None:
    russian = Burst(pulses_per_burst=25, burst_frequency_mhz=50_000)
    bounds = envelope(area_mm2=50_000, device_=device(**WIDE, recovery_us=0, period_step_us=1))
    no = refused(stim(100, 200, 2500, burst=russian), bounds)
    assert (no.limit_id, no.allowed) == ("L-RMS-400", 50)
    sweep = Sweep(lowest=400_000, highest=2_000_000, period_us=6_000_000, shape=SweepShape.SINE)
    assert refused(stim(100, 200, 2000, frequency_sweep=sweep), bounds).limit_id == "L-RMS-400"


def test_dc_and_ac_parts_have_their_own_limits() -> None:
    wide = device(phase_width_max_us=100_000, recovery_us=0, period_min_us=100)
    bounds = envelope(area_mm2=100_000, device_=wide, allow_monophasic=True)
    # 90 mA for 95 % of the time: 85.5 mA DC, but only 19.6 mA AC
    no = refused(stim(90, 95_000, 10, MONO), bounds, acknowledged=frozenset({"L-DC-WARN"}))
    assert no.limit_id in {"L-E", "L-RMS-DC"}
    short = stim(90, 1_900, 500, MONO)
    no = refused(short, bounds, acknowledged=frozenset({"L-DC-WARN"}))
    assert (no.limit_id, no.allowed) == ("L-RMS-DC", 80)
    # 80 mA DC keeps L-RMS-DC although its total r.m.s. of 82 mA is above 50
    no = refused(stim(84, 1_900, 500, MONO), bounds)
    assert no.limit_id == "L-DC-WARN"


def test_energy_per_pulse() -> None:
    wide = device(phase_width_max_us=1_000_000)
    bounds = envelope(area_mm2=100_000, device_=wide, allow_monophasic=True)
    known = frozenset({"L-DC-WARN"})
    cleared(stim(70, 100_000, 1, MONO), bounds, acknowledged=known)  # golden row: 245 mJ
    cleared(stim(77, 101_000, 1, MONO), bounds, acknowledged=known)
    no = refused(stim(77.5, 100_000, 1, MONO), bounds, acknowledged=known)
    assert (no.limit_id, no.quantity, no.allowed) == ("L-E", Quantity.ENERGY_PER_PULSE, 300)
    assert no.nearest.value == 77_000


def test_a_device_above_500_v_is_refused_whatever_the_stimulus() -> None:
    bounds = envelope(device_=device(compliance_mv=500_001))
    no = refused(stim(0), bounds)
    assert (no.limit_id, no.nearest) == ("L-V", None)
    cleared(stim(1), envelope(device_=device(compliance_mv=500_000)))


# Section 3.1: the highest peak on these areas (symmetric), from 2 mA/cm2 and 50 mA rms.
@pytest.mark.parametrize(
    ("width_us", "hz", "peaks"),
    [(100, 100, (70.7, 141)), (200, 100, (50.0, 100)), (250, 50, (63.2, 126)),
     (300, 50, (57.7, 115)), (400, 50, (50.0, 100)), (300, 100, (40.8, 81.6)),
     (500, 50, (44.7, 89.4))],
)  # fmt: skip
def test_current_density_gives_the_peaks_of_the_facts(
    width_us: int, hz: int, peaks: tuple[float, ...]
) -> None:
    fine = device(amplitude_step_ua=1)
    for area, peak in zip((500, 1000), peaks, strict=True):
        if peak > 130:
            cleared(stim(130, width_us, hz), envelope(area_mm2=area, device_=fine))
            continue
        no = refused(stim(130, width_us, hz), envelope(area_mm2=area, device_=fine))
        assert no.limit_id == "L-J"
        assert no.nearest.value / 1000 == pytest.approx(peak, rel=0.006)


@pytest.mark.hazard("H33")
def test_contact_counts_as_area() -> None:
    cleared(stim(100, 400, 75), envelope(area_mm2=2500))
    no = refused(stim(100, 400, 75), envelope(area_mm2=2500, contact_permille=100))
    assert (no.limit_id, round(float(no.asked), 1)) == ("L-J", 9.8)


def test_research_warns_where_the_clinic_blocks() -> None:
    small: dict[str, Any] = {"area_mm2": 500}
    clinic = refused(stim(60, 400, 75), envelope(**small))
    assert (clinic.limit_id, clinic.kind) == ("L-J", RefusalKind.LIMIT)
    research = refused(stim(60, 400, 75), envelope(**small, profile=Profile.RESEARCH))
    assert (research.limit_id, research.kind) == ("L-J", RefusalKind.NEEDS_ACKNOWLEDGEMENT)
    assert research.needs_acknowledgement
    assert not clinic.needs_acknowledgement
    known = frozenset({"L-J"})
    answer = cleared(
        stim(60, 400, 75), envelope(**small, profile=Profile.RESEARCH), acknowledged=known
    )
    assert [notice.id for notice in answer.warnings] == ["L-J"]
    assert "2 mA/cm2" in str(answer.warnings[0])
    assert refused(stim(60, 400, 75), envelope(**small), acknowledged=known).limit_id == "L-J"


def test_power_density_keeps_the_stricter_of_two() -> None:
    research = envelope(area_mm2=500, profile=Profile.RESEARCH)
    known = frozenset({"L-J"})
    no = refused(stim(130, 600, 50), research, acknowledged=known)
    assert (no.limit_id, no.quantity) == ("L-PD-RS2", Quantity.POWER_DENSITY)
    # 0.1 W/cm2 x 5 cm2 into 500 ohm is 31.6 mA rms, that is 141 mA x sqrt(0.05)
    again = refused(stim(130, 1000, 50), research, acknowledged=known)
    assert again.nearest.value == 100_000


def test_the_limit_of_the_fda_is_below_not_at() -> None:
    row = next(limit for limit in LIMITS if limit.id == "L-PD-FDA")
    assert row.strict
    bound = Bound("X", Layer.SITE, Quantity.POWER_DENSITY, 0.05, "W/cm2", Action.BLOCK, "s", "D",
                  strict=True)  # fmt: skip
    # 50 mA rms into 500 ohm on 25 cm2 is exactly 0.05 W/cm2
    exact = stim(100, 250, 500)
    cleared(exact, envelope())
    no = refused(exact, envelope().tightened(bound))
    assert no.allowed == 0.05
    assert "below 0.05 W/cm2" in no.message
    assert no.nearest.value == 99_500


@pytest.mark.hazard("H49")
def test_direct_current_warns_then_blocks() -> None:
    def mono(ma: float) -> Any:
        return stim(ma, 300, 50, MONO)

    bounds = envelope(area_mm2=2000, allow_monophasic=True)
    cleared(mono(66.5), bounds)  # 1 mA on 20 cm2: 0.05 mA/cm2 at 66.67 mA
    no = refused(mono(67), bounds)
    assert (no.limit_id, no.kind) == ("L-DC-WARN", RefusalKind.NEEDS_ACKNOWLEDGEMENT)
    assert no.nearest.value == 66_500
    known = frozenset({"L-DC-WARN"})
    assert cleared(mono(67), bounds, acknowledged=known).warnings[0].id == "L-DC-WARN"
    half_the_time = stim(30, 1_000, 500, MONO)
    small = envelope(area_mm2=1000, allow_monophasic=True)
    no = refused(half_the_time, small, acknowledged=known)
    assert (no.limit_id, no.allowed, no.nearest.value) == ("L-DC", 0.5, 10_000)
    # the nearest one to an unacknowledged refusal needs no acknowledgement either
    assert refused(half_the_time, small).nearest.value == 1_000


def test_the_home_profile_limits_charge_and_average_current() -> None:
    clinic, home = envelope(), envelope(profile=Profile.HOME)
    cleared(stim(100, 300, 20), clinic)
    no = refused(stim(100, 300, 20), home)
    assert (no.limit_id, no.allowed) == ("L-Q-LIM", 28.4)
    assert no.nearest.value == 94_500
    no = refused(stim(90, 200, 400), home)
    assert (no.limit_id, no.allowed) == ("L-IAVG-LIM", 10)


@pytest.mark.hazard("H49")
def test_monophasic_only_where_device_and_envelope_allow_it() -> None:
    mono = stim(10, 200, 20, MONO)
    cleared(mono, envelope(allow_monophasic=True))
    assert refused(mono, envelope()).limit_id == "L-MONO"
    only_balanced = device(shapes=frozenset({stim().pulse.shape}))
    no = refused(mono, envelope(device_=only_balanced, allow_monophasic=True))
    assert (no.limit_id, no.layer) == ("L-DEV", Layer.DEVICE)


@pytest.mark.hazard("H18")
def test_an_uncalibrated_device_gets_no_clearance() -> None:
    no = refused(stim(0), envelope(device_=device(calibrated=False)))
    assert (no.limit_id, no.nearest) == ("L-CAL", None)


@pytest.mark.hazard("H48")
@pytest.mark.parametrize(
    ("site", "rule"),
    [("anterior-neck", "C04"), ("head", "C05"), ("eyes", "C05"), ("face", "C05"),
     ("mouth", "C05"), ("chest", "C06")],
)  # fmt: skip
def test_blocked_sites_are_refused(site: str, rule: str) -> None:
    no = refused(stim(0), envelope(at=site))
    assert (no.limit_id, no.asked, no.kind) == (rule, site, RefusalKind.RULE)
    assert f"no stimulation at the body site {site}" in no.message  # not only no path from there


@pytest.mark.parametrize(
    ("asked", "limit_id", "rule_of", "near"),
    [
        (stim(width_us=4_001), "L-DEV", Quantity.PHASE_WIDTH, ("phase_width", 4_000)),
        (stim(width_us=19), "L-DEV", Quantity.PHASE_WIDTH, ("phase_width", 20)),
        (stim(hz=2001), "L-DEV", Quantity.FREQUENCY, ("frequency", 2_000_000)),
        (stim(hz=0.061), "L-DEV", Quantity.FREQUENCY, ("frequency", 62)),
        (stim(gap_us=1_001), "L-DEV", Quantity.INTERPHASE_GAP, ("interphase_gap", 1_000)),
        (stim(20, 1_001, 10, ASYM, 4), "L-DEV", Quantity.PHASE_WIDTH, ("phase_width", 1_000)),
        (stim(20.25), "W9", Quantity.AMPLITUDE, ("amplitude", 20_000)),
        (stim(21, 200, 50, ASYM, 4), "W9", Quantity.AMPLITUDE, ("amplitude", 20_000)),
    ],
)
def test_the_device_s_ranges_and_grid(
    asked: Stimulus, limit_id: str, rule_of: Quantity, near: tuple[str, int]
) -> None:
    no = refused(asked, envelope())
    assert (no.limit_id, no.quantity) == (limit_id, rule_of)
    assert (no.nearest.parameter, no.nearest.value) == near
    cleared(no.nearest.stimulus, envelope())


def test_grids_coarser_than_a_microsecond() -> None:
    coarse = device(phase_width_step_us=10, interphase_gap_step_us=100)
    sweep = Sweep(lowest=105, highest=300, period_us=6_000_000, shape=SweepShape.SINE)
    for asked, near in [
        (stim(width_us=205), ("phase_width", 200)),
        (stim(width_us=200, width_sweep=sweep), ("phase_width", 200)),
        (stim(gap_us=150), ("interphase_gap", 100)),
    ]:
        no = refused(asked, envelope(device_=coarse))
        assert (no.limit_id, (no.nearest.parameter, no.nearest.value)) == ("W9", near)
        cleared(no.nearest.stimulus, envelope(device_=coarse))


def test_pulses_per_burst() -> None:
    few = envelope(device_=device(pulses_per_burst_max=5))
    burst = Burst(pulses_per_burst=6, burst_frequency_mhz=2_000)
    no = refused(stim(hz=100, burst=burst), few)
    assert (no.limit_id, no.nearest.text) == ("L-DEV", "5 pulses per burst")
    cleared(no.nearest.stimulus, few)
    none_at_all = Bound(
        "X", Layer.SITE, Quantity.PULSES_PER_BURST, 0, "pulses", Action.BLOCK, "s", "D"
    )
    assert refused(stim(), few.tightened(none_at_all)).nearest is None


@pytest.mark.parametrize(
    ("asked", "rule", "near"),
    [
        (stim(width_us=600, hz=1000), "W1", "frequency 666.666 Hz"),
        (stim(width_us=480, hz=1000), "W2", "frequency 666.666 Hz"),
        (stim(hz=50, burst=Burst(pulses_per_burst=30, burst_frequency_mhz=2_000)), "W4",
         "burst frequency 1.666 Hz"),
        (stim(cycle=Cycle(on_us=3_000_000, off_us=1_000_000, ramp_up_us=1, ramp_down_us=0)), "W5",
         "ramp up 500 ms"),
        (stim(cycle=Cycle(on_us=3_000_000, off_us=1_000_000, ramp_up_us=3_000_000,
                          ramp_down_us=1)), "W5", None),
        (stim(motor=True), "W6", None),
        (stim(motor=True, cycle=Cycle(on_us=600_000, off_us=1_000_000, ramp_up_us=500_000,
                                      ramp_down_us=0)), "W6", "off time 1.4 s"),
    ],
)  # fmt: skip
def test_every_consistency_rule_refuses_by_its_name(
    asked: Stimulus, rule: str, near: str | None
) -> None:
    no = refused(asked, envelope())
    assert (no.limit_id, no.kind) == (rule, RefusalKind.RULE)
    assert rule in no.message
    if near is None:
        assert no.nearest is None
    else:
        assert no.nearest.text == near
        cleared(no.nearest.stimulus, envelope())


def test_a_short_burst_that_no_rate_mends_has_no_nearest() -> None:
    burst = Burst(pulses_per_burst=1000, burst_frequency_mhz=1_000)
    assert refused(stim(hz=0.5, burst=burst), envelope()).nearest is None


def test_w7_is_listed_and_not_refused() -> None:
    tiring = Cycle(on_us=9_000_000, off_us=3_000_000, ramp_up_us=1_000_000, ramp_down_us=0)
    answer = cleared(stim(motor=True, cycle=tiring), envelope())
    assert [notice.id for notice in answer.warnings] == ["W7"]


def test_ceilings_of_person_protocol_and_session_name_themselves() -> None:
    bounds = envelope(
        person=[person_ceiling(58_000, "set 10:42 by kl")],
        protocol=[protocol_cap(Level(CURRENT, 60_000), "nmes.toml line 7")],
        session=[session_ceiling(59_000, "--max-amplitude")],
    )
    no = refused(stim(62), bounds)
    assert no.message == (
        "62 mA refused: person ceiling 58 mA (set 10:42 by kl; certainty D). Nearest legal: 58 mA."
    )
    assert (no.limit_id, no.layer, no.asked, no.allowed, no.unit) == (
        "L-PAT", Layer.PERSON, 62_000, 58_000, "uA",
    )  # fmt: skip
    assert (no.asked_text, no.allowed_text) == ("62 mA", "58 mA")
    cleared(stim(58), bounds)
    looser = envelope(protocol=[protocol_cap(Level(CURRENT, 60_000), "nmes.toml line 7")])
    assert refused(stim(62), looser).limit_id == "L-SES"


def test_a_ceiling_of_zero_leaves_zero() -> None:
    no = refused(stim(5), envelope(person=[person_ceiling(0, "today")]))
    assert (no.limit_id, no.nearest.value) == ("L-PAT", 0)
    cleared(stim(0), envelope(person=[person_ceiling(0, "today")]))


def test_values_that_look_alike_are_shown_with_all_their_digits() -> None:
    fine = device(amplitude_step_ua=1)
    no = refused(stim(63.246, 250, 50), envelope(area_mm2=500, device_=fine))
    assert no.limit_id == "L-J"
    assert no.asked_text != no.allowed_text
    assert "2.0000" in no.asked_text


def test_a_refusal_is_plain_data_and_can_become_an_error() -> None:
    no = refused(stim(62), envelope(person=[person_ceiling(58_000, "x")]))
    shown = no.as_dict()
    assert (shown["limit_id"], shown["nearest"]["value"], shown["kind"]) == (
        "L-PAT",
        58_000,
        "limit",
    )
    error = LimitRefusedError(no.message, refusal=no)
    assert error.refusal is no
    assert error.as_dict()["refusal"]["limit_id"] == "L-PAT"
    without = refused(stim(0), envelope(device_=device(calibrated=False)))
    assert without.as_dict()["nearest"] is None


def test_repairs_that_lead_nowhere_end_without_a_nearest_value() -> None:
    asked = stim()

    def again(_stimulus: Any = None) -> Any:
        return broken_rule(
            "W9", Quantity.TIMING, "never right", lambda: repair.amplitude(asked, 1_000)
        )

    assert with_nearest(again(), again).nearest is None
