"""The exact edges: at the limit is allowed, one step beyond is not, and the right one is named."""

from typing import Any

from stimctl.safety import (
    Bound,
    Envelope,
    Layer,
    Profile,
    Quantity,
    Refusal,
    clear_together,
    layer_bounds_from_mapping,
)
from stimctl.stimulus import Burst, Cycle, Stimulus, inconsistencies
from tests.support.safety_samples import cleared, device, envelope, refused, stim

NOTHING_SHARED = device(multiplexed=False)


def site(**mapping: Any) -> tuple[Bound, ...]:
    return layer_bounds_from_mapping(Layer.SITE, mapping, "site.toml")


def session(**mapping: Any) -> tuple[Bound, ...]:
    return layer_bounds_from_mapping(Layer.SESSION, mapping, "option")


def test_the_highest_amplitude_of_the_device_is_the_nearest_to_one_above() -> None:
    assert refused(stim(130.5), envelope()).nearest.value == 130_000
    smaller = envelope(device_=device(amplitude_max_ua=60_000))
    assert refused(stim(62), smaller).nearest.value == 60_000
    beyond_belief = envelope(device_=device(amplitude_max_ua=10**9))
    assert refused(stim(200), beyond_belief).nearest.value == 130_000


def test_the_slowest_rate_of_the_device_is_allowed() -> None:
    slow = envelope(device_=device(period_max_us=20_000_000))
    cleared(stim(hz=0.05), slow)
    assert refused(stim(hz=0.049), slow).nearest.value == 50


def test_widths_are_mended_to_the_grid_within_the_range() -> None:
    coarse = envelope(device_=device(phase_width_min_us=25, phase_width_step_us=10))
    assert refused(stim(width_us=5), coarse).nearest.value == 30
    only_one = device(phase_width_min_us=20, phase_width_max_us=20, phase_width_step_us=10)
    assert refused(stim(width_us=5), envelope(device_=only_one)).nearest.value == 20
    none = device(phase_width_min_us=21, phase_width_max_us=29, phase_width_step_us=10)
    assert refused(stim(width_us=5), envelope(device_=none)).nearest is None


def test_what_is_off_the_grid_shows_the_step_below() -> None:
    coarse = envelope(device_=device(phase_width_step_us=10, interphase_gap_step_us=100))
    for asked, values in [
        (stim(20.25), (20_250, 20_000)),
        (stim(width_us=205), (205, 200)),
        (stim(gap_us=150), (150, 100)),
    ]:
        no = refused(asked, coarse)
        assert (no.limit_id, no.asked, no.allowed) == ("W9", *values)


def test_of_several_bounds_the_one_that_allows_the_least_is_named() -> None:
    # half the energy is 70.7 mA instead of 100: a ceiling of 60 mA is tighter, one of 80 is not
    energy = {"energy_per_pulse": "1 mJ"}  # 100 mA and 200 us come to 2 mJ
    assert refused(stim(100), envelope(site=site(amplitude="60 mA", **energy))).allowed == 60_000
    no = refused(stim(100), envelope(site=site(amplitude="80 mA", **energy)))
    assert (no.quantity, no.allowed) == (Quantity.ENERGY_PER_PULSE, 1)
    two = envelope(site=site(phase_width="150 us"), session=session(phase_width="120 us"))
    no = refused(stim(), two)
    assert (no.layer, no.allowed, no.nearest.value) == (Layer.SESSION, 120, 120)


def test_only_limits_that_are_exceeded_are_listed_as_acknowledged() -> None:
    known = frozenset({"L-J", "L-DC-WARN", "nonsense"})
    research = envelope(profile=Profile.RESEARCH)
    assert cleared(stim(), research, acknowledged=known).warnings == ()
    small = envelope(area_mm2=500, profile=Profile.RESEARCH)
    listed = cleared(stim(60, 400, 75), small, acknowledged=known).warnings
    assert [notice.id for notice in listed] == ["L-J"]


def test_a_rule_is_mended_by_its_own_parameter() -> None:
    cycle = Cycle(on_us=3_000_000, off_us=1_000_000, ramp_up_us=1, ramp_down_us=0)
    burst = Burst(pulses_per_burst=5, burst_frequency_mhz=2_000)
    no = refused(stim(hz=100, burst=burst, cycle=cycle), envelope())
    assert (no.limit_id, no.nearest.parameter) == ("W5", "ramp_up")


def test_one_second_on_and_one_second_off_is_rest_enough() -> None:
    cycle = Cycle(on_us=1_000_000, off_us=1_000_000, ramp_up_us=500_000, ramp_down_us=0)
    assert inconsistencies(stim(motor=True, cycle=cycle)) == ()


def no_together(requests: dict[int, tuple[Stimulus, Envelope]], **more: Any) -> Refusal:
    answer = clear_together(requests, **more)
    assert isinstance(answer, Refusal)
    return answer


def yes_together(requests: dict[int, tuple[Stimulus, Envelope]], **more: Any) -> None:
    assert not isinstance(clear_together(requests, **more), Refusal)


def test_two_channels_that_exactly_fill_the_period_fit() -> None:
    def two(width_us: int) -> Any:
        slow, fast = stim(5, width_us, 20), stim(5, width_us, 1_000)
        return {1: (fast, envelope()), 2: (slow, envelope())}

    # 2 x (2 x 200 + 100) us = 1 ms
    yes_together(two(200))
    no = no_together(two(201))
    assert (no.limit_id, no.channel, no.asked) == ("W3", 1, 1_000_000)


def test_a_device_that_keeps_a_little_of_every_second_for_itself_is_asked_for_no_more() -> None:
    # 2 x (2 x 200 + 100) us = 1 ms: 998 of 999 ms fit, exactly 999 ms do not
    busy = device(busy_max_us=998_999, period_step_us=1)
    bounds = envelope(device_=busy)

    def two(hz: float) -> Any:
        return {ch: (stim(1, 200, hz), bounds) for ch in (1, 2)}

    yes_together(two(998.9))
    found = no_together(two(999))
    assert (found.limit_id, found.allowed) == ("W3", 998_999)
    yes_together(two(998.999))
    # one channel: 1998 us of 2 ms are exactly 999 ms of a second
    cleared(stim(1, 949, 499.5), bounds)
    found = refused(stim(1, 949, 500), bounds)
    assert found.limit_id == "W2"
    assert "the device uses at most 998.999 ms of a second" in found.message
    assert found.nearest.text == "frequency 499.75 Hz"
    cleared(found.nearest.stimulus, bounds)


def test_antagonists_may_follow_each_other_without_a_gap() -> None:
    cycle = Cycle(on_us=5_000_000, off_us=6_000_000, ramp_up_us=500_000, ramp_down_us=0)

    def pair(second: Any) -> Any:
        return {
            1: (stim(motor=True, cycle=cycle), envelope(at="left-biceps")),
            2: (second, envelope(at="left-triceps")),
        }

    yes_together(pair(stim(motor=True, cycle=cycle)), cycle_start_us={2: 6_000_000})
    assert no_together(pair(stim(hz=5, motor=True))).limit_id == "W10"


def test_a_region_may_come_exactly_to_its_limit() -> None:
    def region(*peaks_ma: Any, second_bounds: Any = ()) -> Any:
        # 250 us at 125 Hz: a quarter of the peak is the r.m.s. current
        base = envelope(area_mm2=20_000, at="left-calf", device_=NOTHING_SHARED)
        bounds = [base, base.tightened(*second_bounds), base]
        return {
            channel: (stim(peak, 250, 125), bounds[channel - 1])
            for channel, peak in enumerate(peaks_ma, 1)
        }

    yes_together(region(100, 100))
    no = no_together(region(100, 101))
    assert (no.limit_id, no.channel, no.allowed) == ("H43", 2, 50)
    assert no.nearest.text == "100 mA"
    assert no_together(region(101, 100)).channel == 1
    lower = site(rms_current="40 mA")
    yes_together(region(80, 80, second_bounds=lower))
    assert no_together(region(84, 80, second_bounds=lower)).allowed == 40
