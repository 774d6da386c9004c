"""Body sites, current paths, region sums, shared source, antagonists, screening, session length."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from stimctl.errors import UsageError
from stimctl.safety import (
    CONDITIONS,
    QUESTIONS,
    SITES,
    Cleared,
    DeviceBounds,
    Envelope,
    Layer,
    Level,
    Quantity,
    Refusal,
    clear_together,
    is_genuine,
    layer_bounds_from_mapping,
    screen,
    site_named,
)
from stimctl.safety.sites import are_antagonists
from stimctl.stimulus import Burst, Cycle, Stimulus
from tests.support.safety_samples import device, envelope, stim

ISOLATED = device(isolated_channels=True)


def ask(
    site: str | None,
    ma: float = 20.0,
    width_us: int = 200,
    hz: float = 50.0,
    device_: DeviceBounds | None = None,
    area_mm2: int = 2_500,
    **more: Any,
) -> tuple[Stimulus, Envelope]:
    return stim(ma, width_us, hz, **more), envelope(area_mm2, site, device_)


def no(requests: dict[int, tuple[Stimulus, Envelope]], **more: Any) -> Refusal:
    answer = clear_together(requests, **more)
    assert isinstance(answer, Refusal)
    return answer


def yes(requests: dict[int, tuple[Stimulus, Envelope]], **more: Any) -> Mapping[int, Any]:
    answer = clear_together(requests, **more)
    assert not isinstance(answer, Refusal), answer.message
    assert list(answer) == sorted(requests)
    assert all(is_genuine(one, Cleared) for one in answer.values())
    return answer


# --- sites ----------------------------------------------------------------------------------


@pytest.mark.hazard("H41")
def test_the_list_of_sites_is_closed_and_says_what_is_near() -> None:
    parts = """quadriceps hamstrings calf tibialis-anterior forearm-extensor forearm-flexor biceps
        triceps deltoid supraspinatus low-back knee ankle-tibial gluteal upper-back abdomen"""
    for side, part in itertools.product(("left", "right"), parts.split()):
        assert site_named(f"{side}-{part}").side == side
    with pytest.raises(UsageError, match="left-quadriceps"):
        site_named("middle-quadriceps")
    with pytest.raises(UsageError, match="right-knee"):
        site_named("inner-knee")
    with pytest.raises(UsageError):
        site_named("left-")
    blocked = {site.name: site.blocked for site in SITES.values() if site.blocked}
    assert blocked == {"anterior-neck": "C04", "head": "C05", "face": "C05", "eyes": "C05",
                       "mouth": "C05", "chest": "C06"}  # fmt: skip


@pytest.mark.hazard("H42")
def test_arm_to_arm_is_refused_unless_channels_are_isolated() -> None:
    arms = {1: ask("left-biceps"), 3: ask("right-forearm-flexor")}
    found = no(arms)
    assert (found.limit_id, found.channel, found.quantity) == ("C06", 3, Quantity.SITE)
    assert "arm to arm" in found.message
    yes({channel: ask(site, device_=ISOLATED) for channel, site in
         ((1, "left-biceps"), (3, "right-forearm-flexor"))})  # fmt: skip
    assert no({1: ask("upper-back"), 2: ask("abdomen")}).limit_id == "C06"


# --- channels together ----------------------------------------------------------------------


def test_each_channel_is_judged_and_named() -> None:
    found = no({1: ask("left-quadriceps"), 2: ask("right-quadriceps", ma=131)})
    assert (found.channel, found.limit_id) == (2, "L-AMP")
    assert found.message.startswith("channel 2: 131 mA refused")
    yes({1: ask("left-quadriceps"), 2: ask("right-quadriceps")})
    yes({1: ask(None), 2: ask(None)})
    assert clear_together({}) == {}


def test_channels_exist_on_one_device() -> None:
    for channel in (0, 9, True, -1):
        found = no({channel: ask(None)})
        assert found.limit_id == "L-DEV"
        assert found.nearest.text == "channel 8"
    two = {1: ask(None), 2: ask(None, device_=ISOLATED)}
    assert no(two).quantity is Quantity.DEVICE


def test_w3_channels_that_share_a_source_fit_one_period() -> None:
    # 8 x (2 x 400 + 100) us = 7.2 ms: fits 138 Hz, not 139 Hz
    def eight(hz: int, **more: Any) -> Any:
        return {ch: ask(None, 5, 400, hz, **more) for ch in range(1, 9)}

    yes(eight(138))
    found = no(eight(139))
    assert (found.limit_id, found.unit) == ("W3", "mHz")
    assert found.allowed == 138_888
    assert (found.nearest.parameter, found.nearest.value) == ("frequency", 138_888)
    nearest = found.nearest.stimulus
    yes({ch: (nearest, envelope_) for ch, (_, envelope_) in eight(139).items()})
    # five pulses 27.79 times a second need 138.95 Hz, so that no slower rate is offered
    tight = Burst(pulses_per_burst=5, burst_frequency_mhz=27_790)
    found = no(eight(139, burst=tight, device_=device(period_step_us=1)))
    assert (found.limit_id, found.nearest) == ("W3", None)
    own_sources = device(multiplexed=False)
    yes(eight(139, device_=own_sources))


def cycle(on_s: int, off_s: int) -> Cycle:
    return Cycle(
        on_us=on_s * 1_000_000, off_us=off_s * 1_000_000, ramp_up_us=500_000, ramp_down_us=0
    )


def pair(
    first: Cycle | None = None,
    second: Cycle | None = None,
    sites: tuple[str, ...] = ("left-quadriceps", "left-hamstrings"),
) -> dict[int, tuple[Stimulus, Envelope]]:
    cycles = (first or cycle(5, 6), second or cycle(5, 6))
    return {
        channel: ask(site, motor=True, cycle=one)
        for channel, site, one in zip((1, 2), sites, cycles, strict=True)
    }


@pytest.mark.hazard("H44")
def test_w10_antagonists_are_not_driven_together() -> None:
    found = no(pair())
    assert (found.limit_id, found.channel) == ("W10", 2)
    yes(pair(), co_contraction=True)
    yes(pair(), cycle_start_us={2: 5_000_000})
    yes(pair(), cycle_start_us={1: 5_000_000, 2: 10_000_000 + 11_000_000})
    no(pair(), cycle_start_us={2: 4_999_999})
    no(pair(), cycle_start_us={2: 6_000_001})
    # periods of 11 s and 12 s drift into each other
    no(pair(second=cycle(5, 7)), cycle_start_us={2: 5_000_000})
    # periods of 11 s and 22 s never do
    yes(pair(second=cycle(5, 17)), cycle_start_us={2: 5_000_000})
    yes(pair(sites=("left-quadriceps", "right-hamstrings")))
    yes(pair(sites=("left-quadriceps", "left-calf")))


def test_w10_a_twitch_programme_without_a_cycle_is_always_on() -> None:
    def twitch(site: str | None) -> Any:
        return ask(site, hz=5, motor=True)

    assert no({1: twitch("left-calf"), 2: twitch("left-tibialis-anterior")}).limit_id == "W10"
    yes({1: twitch("left-calf"), 2: ask("left-tibialis-anterior", hz=5)})
    yes({1: twitch(None), 2: twitch("left-tibialis-anterior")})


def test_antagonists_pull_one_joint_of_one_side_in_different_directions() -> None:
    names = [("quadriceps", "hamstrings"), ("calf", "tibialis-anterior"), ("biceps", "triceps"),
             ("forearm-flexor", "forearm-extensor")]  # fmt: skip
    for a, b in names:
        assert are_antagonists(SITES[f"left-{a}"], SITES[f"left-{b}"])
        assert not are_antagonists(SITES[f"left-{a}"], SITES[f"right-{b}"])
        assert not are_antagonists(SITES[f"left-{a}"], SITES[f"left-{a}"])
    assert not are_antagonists(SITES["left-knee"], SITES["left-knee"])


def mended(requests: dict[int, tuple[Stimulus, Envelope]], refusal: Refusal) -> int:
    """The nearest amplitude of a refusal, which does for all, and one step more does not."""
    channel, nearest = refusal.channel, refusal.nearest
    asked, bounds = requests[channel]
    yes({**requests, channel: (nearest.stimulus, bounds)})
    more_ua = nearest.value + bounds.device.amplitude_step_ua
    pulse = asked.pulse.model_copy(update={"amplitude_ua": more_ua})
    no({**requests, channel: (asked.model_copy(update={"pulse": pulse}), bounds)})
    assert nearest.stimulus.pulse.amplitude_ua == nearest.value
    return nearest.value


@pytest.mark.hazard("H43")
def test_h43_currents_of_one_region_are_summed() -> None:
    strong: dict[str, Any] = {"ma": 100, "width_us": 400, "hz": 60, "area_mm2": 5_000}

    def thigh(n: int, **more: Any) -> Any:
        return {ch: ask("left-quadriceps", **strong, **more) for ch in range(1, n + 1)}

    # 21.9 mA r.m.s. each: as squares 5 channels come to 49.0 mA, 6 to 53.7 mA
    yes(thigh(5))
    found = no(thigh(6))
    assert (found.limit_id, found.quantity) == ("H43", Quantity.RMS_CURRENT)
    assert (round(float(found.asked), 1), found.allowed) == (53.7, 50)
    assert mended(thigh(6), found) == 45_500
    # channels that may coincide add in full
    together = device(multiplexed=False)
    yes(thigh(2, device_=together))
    assert mended(thigh(3, device_=together), no(thigh(3, device_=together))) == 28_000
    # where the others are too much by themselves, no amplitude of one channel helps
    assert no(thigh(4, device_=together)).nearest is None
    # other regions do not count
    sites = ("left-quadriceps", "right-quadriceps", "left-calf", "right-calf", "left-gluteal",
             "right-gluteal")  # fmt: skip
    yes({ch: ask(site, **strong) for ch, site in enumerate(sites, 1)})


@pytest.mark.hazard("H43")
def test_h43_power_densities_of_one_region_are_summed() -> None:
    small: dict[str, Any] = {"ma": 60, "width_us": 200, "hz": 60, "area_mm2": 500}
    # 9.3 mA r.m.s. into 500 ohm on 5 cm2: 8.64 mW/cm2 each; a site limit of 20 mW/cm2
    limit = layer_bounds_from_mapping(Layer.SITE, {"power_density": "20 mW/cm2"}, "site.toml")

    def thigh(n: int) -> Any:
        asked, bounds = ask("left-quadriceps", **small)
        return {ch: (asked, bounds.tightened(*limit)) for ch in range(1, n + 1)}

    yes(thigh(2))
    found = no(thigh(3))
    assert mended(thigh(3), found) == 33_500
    assert (found.limit_id, found.quantity) == ("H43", Quantity.POWER_DENSITY)
    assert found.source.endswith("L-SITE: site.toml")


# --- screening ------------------------------------------------------------------------------

HEALTHY = {condition.id: False for condition in QUESTIONS}


def test_the_list_is_c01_to_c30_with_level_basis_and_certainty() -> None:
    assert [c.id for c in CONDITIONS] == [f"C{n:02d}" for n in range(1, 31)]
    for condition in CONDITIONS:
        assert condition.basis
        assert condition.certainty in {"R", "R2", "M+"}
        assert condition.rules


@pytest.mark.hazard("H45")
def test_no_to_everything_passes_and_silence_does_not() -> None:
    assert screen(HEALTHY, ["left-quadriceps"], motor=True).passed
    silent = screen({}, ["left-quadriceps"], motor=True)
    assert not silent.passed
    assert len(silent.unanswered) == len(QUESTIONS) == 27
    assert not screen({**HEALTHY, "C24": True}, ["left-calf"], motor=False).passed


@pytest.mark.hazard("H45", "H46", "H47")
@pytest.mark.parametrize(
    ("condition", "site", "motor", "level"),
    [
        ("C01", "left-calf", True, Level.BLOCK),
        ("C01", "low-back", False, Level.BLOCK),
        ("C01", "left-calf", False, Level.SPECIALIST),
        ("C02", "left-ankle-tibial", False, Level.BLOCK),
        ("C03", "left-calf", False, Level.SPECIALIST),
        ("C07", "abdomen", False, Level.SITE),
        ("C07", "left-sacral", False, Level.SITE),
        ("C07", "upper-back", True, Level.SITE),
        ("C07", "upper-back", False, Level.SPECIALIST),
        ("C07", "left-calf", True, Level.SPECIALIST),
        ("C08", "left-calf", False, Level.SITE),
        ("C12", "left-calf", False, Level.CAUTION),
        ("C14", "upper-back", False, Level.SPECIALIST),
        ("C14", "left-calf", False, Level.CAUTION),
        ("C17", "abdomen", True, Level.CAUTION),
        ("C17", "abdomen", False, None),
        ("C18", "left-calf", True, Level.SITE),
        ("C18", "left-calf", False, Level.CAUTION),
        ("C26", "left-calf", False, Level.BLOCK),
    ],
)
def test_levels_depend_on_where_and_what_for(
    condition: str, site: str, motor: bool, level: Level | None
) -> None:
    result = screen({**HEALTHY, condition: True}, [site], motor=motor)
    found = [*result.blocks, *result.specialist, *result.cautions]
    assert [(f.id, f.level) for f in found] == ([(condition, level)] if level else [])
    assert result.passed == (level not in (Level.BLOCK, Level.SITE))


def test_no_site_named_counts_as_the_trunk() -> None:
    assert not screen({**HEALTHY, "C01": True}, [], motor=False).passed
    assert not screen({**HEALTHY, "C07": True}, [], motor=False).passed


@pytest.mark.hazard("H45", "H48")
def test_a_blocked_site_blocks_without_a_question() -> None:
    result = screen(HEALTHY, ["anterior-neck", "left-calf"], motor=False)
    assert [f.id for f in result.blocks] == ["C04"]


def test_answers_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError):
        screen({"C31": False}, [], motor=False)
    with pytest.raises(UsageError):
        screen({"C01": "no"}, [], motor=False)  # type: ignore[dict-item]
    with pytest.raises(UsageError):
        screen({}, ["elbow"], motor=False)
