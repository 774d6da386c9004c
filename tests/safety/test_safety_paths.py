"""Every pair of body zones is decided on purpose; current crosses neither heart, neck nor head."""

import re
from itertools import combinations, combinations_with_replacement, product
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import UsageError
from stimctl.safety import (
    SITES,
    Electrode,
    PercentBounds,
    Quantity,
    Refusal,
    clear_intensity,
    clear_together,
    pad_sites,
    screen,
)
from stimctl.safety.paths import PATHS, ZONES, problem_between, problem_within
from stimctl.safety.sites import SIDED_ZONES
from stimctl.stimulus import Cycle
from tests.support.safety_samples import cleared, device, envelope, refused, stim

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "current-paths.md"
OPEN_SITES = [site for site in SITES.values() if not site.blocked]
# Written out here by hand, and not taken from the table: which zones current may join.
MAY = {
    ("arm", "arm"): "same side", ("arm", "shoulder"): "same side",
    ("shoulder", "shoulder"): "same side", ("leg", "leg"): "any", ("leg", "pelvis"): "any",
    ("leg", "low-back"): "any", ("pelvis", "pelvis"): "any", ("low-back", "pelvis"): "any",
    ("low-back", "low-back"): "any", ("upper-back", "upper-back"): "any",
    ("abdomen", "abdomen"): "any",
}  # fmt: skip


def kind_and_side(zone: str) -> tuple[str, ...]:
    side, _, kind = zone.partition("-")
    return (kind, side) if kind in SIDED_ZONES else (zone, "")


def may_join(a: str, b: str) -> bool:
    (kind_a, side_a), (kind_b, side_b) = kind_and_side(a), kind_and_side(b)
    sides = MAY.get((kind_a, kind_b)) or MAY.get((kind_b, kind_a))
    return sides == "any" or (sides == "same side" and side_a == side_b)


@pytest.mark.hazard("H42", "H46", "H66")
def test_every_pair_of_zones_is_decided_and_says_why() -> None:
    assert {site.zone for site in SITES.values()} == set(ZONES)
    pairs = [frozenset(pair) for pair in combinations_with_replacement(ZONES, 2)]
    assert set(PATHS) == set(pairs)
    assert len(PATHS) == len(ZONES) * (len(ZONES) + 1) // 2 == 91
    for zones, path in PATHS.items():
        a, b = (min(zones), max(zones))
        assert path.zones == zones
        assert len(path.why) > 10
        assert bool(path.refused_by) is not may_join(a, b), (a, b, path)
        assert path.refused_by in ("", "C04", "C05", "C06", "H42")


@pytest.mark.hazard("H42", "H46")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("left-forearm-flexor", "left-quadriceps"),
        ("left-forearm-flexor", "right-calf"),
        ("right-biceps", "low-back"),
        ("right-biceps", "right-gluteal"),
        ("left-triceps", "upper-back"),
        ("left-triceps", "abdomen"),
        ("left-deltoid", "upper-back"),
        ("left-supraspinatus", "right-supraspinatus"),
        ("right-deltoid", "left-forearm-extensor"),
        ("left-deltoid", "left-foot"),
        ("left-low-back", "right-abdomen"),
        ("sacral", "abdomen"),
        ("upper-back", "low-back"),
        ("upper-back", "abdomen"),
        ("upper-back", "left-hamstrings"),
        ("left-gluteal", "right-upper-back"),
        ("abdomen", "left-quadriceps"),
    ],
)
def test_no_current_across_the_trunk_between_channels_nor_between_the_pads_of_one(
    one: str, other: str
) -> None:
    one, other = (name.replace("sacral", "left-sacral") for name in (one, other))
    for a, b in ((one, other), (other, one)):
        requests = {1: (stim(), envelope(at=a)), 4: (stim(), envelope(at=b))}
        found = clear_together(requests)
        assert isinstance(found, Refusal)
        assert (found.channel, found.quantity) == (4, Quantity.SITE)
        assert f"channel 1 ({a}) and channel 4 ({b})" in found.message
        isolated = device(isolated_channels=True)
        apart = {n: (stim(), envelope(at=s, device_=isolated)) for n, s in ((1, a), (4, b))}
        assert not isinstance(clear_together(apart), Refusal)
        # one channel's own current flows there on every device
        for one_device in (device(), isolated):
            within = refused(stim(), envelope(at=f"{a}/{b}", device_=one_device))
            assert (within.limit_id, within.quantity) == (found.limit_id, Quantity.SITE)
            assert f"no current between pads at {a} and {b}" in within.message


def test_all_sites_by_all_sites_follow_the_table_in_both_roles() -> None:
    for a, b in combinations(OPEN_SITES, 2):
        allowed = may_join(a.zone, b.zone)
        assert (problem_between({1: a.name, 2: b.name}) is None) is allowed
        assert (problem_between({1: b.name, 2: a.name}) is None) is allowed
        assert (problem_within(f"{a.name}/{b.name}") is None) is allowed
    assert problem_between({1: "left-biceps", 2: None}) is None
    assert all(problem_within(site.name) is None for site in OPEN_SITES)


@pytest.mark.hazard("H42")
def test_any_pad_of_a_channel_is_seen_by_the_others() -> None:
    legs = "left-quadriceps/left-gluteal"
    assert problem_between({1: legs, 2: "low-back"}) is None
    found = problem_between({1: "left-quadriceps", 2: legs, 3: "right-calf/abdomen"})
    assert (found.channels, found.sites) == ((1, 3), ("left-quadriceps", "abdomen"))
    found = problem_between({1: "right-biceps/right-deltoid", 2: "left-biceps"})
    assert found.sites == ("right-biceps", "left-biceps")
    assert found.path.why == "arm to arm passes the heart"


@pytest.mark.hazard("H42", "H48")
def test_a_blocked_place_is_blocked_as_the_second_pad_too() -> None:
    for name, rule in (("chest", "C06"), ("anterior-neck", "C04"), ("head", "C05")):
        for pads in (f"left-deltoid/{name}", f"{name}/left-deltoid"):
            assert refused(stim(), envelope(at=pads)).limit_id == rule
            assert screen({}, [pads], motor=False).blocks[0].id == rule


def test_what_goes_by_the_site_sees_both_pads() -> None:
    # sums in one region (H43): each alone has 39 mA r.m.s.
    strong: dict[str, Any] = {"ma": 80, "width_us": 300, "hz": 400}
    shared = {
        1: (stim(**strong), envelope(20_000, "left-quadriceps/left-gluteal")),
        2: (stim(**strong), envelope(20_000, "left-calf/left-gluteal")),
    }
    found = clear_together(shared)
    assert isinstance(found, Refusal)
    assert (found.limit_id, "the region left-hip" in found.message) == ("H43", True)
    # antagonists (W10)
    cycle = Cycle(on_us=4_000_000, off_us=6_000_000, ramp_up_us=500_000, ramp_down_us=500_000)
    arm = {
        1: (stim(motor=True, cycle=cycle), envelope(at="left-deltoid/left-biceps")),
        2: (stim(motor=True, cycle=cycle), envelope(at="left-triceps")),
    }
    found = clear_together(arm)
    assert isinstance(found, Refusal)
    assert (found.limit_id, "left-biceps (channel 1)" in found.message) == ("W10", True)
    # screening: pregnancy asks for the pelvis
    pelvis = screen({"C07": True}, ["left-quadriceps/left-gluteal"], motor=False)
    assert [one.id for one in pelvis.blocks] == ["C07"]
    assert screen({"C07": True}, ["left-quadriceps/left-calf"], motor=False).blocks == ()
    cleared(stim(), envelope(at="left-quadriceps/left-gluteal"))


def test_a_device_without_current_control_judges_the_pads_too() -> None:
    bounds = PercentBounds("gate", 2, 1, 100, 1, 50_000)
    good, bad = (Electrode(2_500, 1000, f"left-biceps/{at}") for at in ("left-deltoid", "abdomen"))
    known = frozenset({"L-ATT"})
    assert not isinstance(clear_intensity(10, bounds, good, acknowledged=known), Refusal)
    found = clear_intensity(10, bounds, bad, acknowledged=known)
    assert isinstance(found, Refusal)
    assert found.limit_id == "C06"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("left-biceps/left-biceps", "is no place for two pads"),
        ("left-biceps/left-triceps/left-deltoid", "is no place for two pads"),
        ("left-biceps/", "unknown body site ''"),
        ("/left-biceps", "unknown body site ''"),
        ("left-biceps/middle-triceps", "unknown body site 'middle-triceps'"),
        ("left-biceps / left-triceps", "unknown body site 'left-biceps '"),
    ],
)
def test_a_wrong_pair_of_sites_is_refused_with_the_right_form(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        Electrode(2_500, 1000, text)
    assert [site.name for site in pad_sites("left-biceps/left-triceps")] == [
        "left-biceps",
        "left-triceps",
    ]


def test_the_page_shows_the_table_as_it_is() -> None:
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (\S+) \| (.+) \|$", PAGE.read_text("utf-8"), re.M)
    shown = {frozenset({a, b}): (answer, why) for a, b, answer, why in rows if a in ZONES}
    told = {zones: (path.refused_by or "allowed", path.why) for zones, path in PATHS.items()}
    assert shown == told


def test_zones_of_both_sides_are_judged_alike() -> None:
    def mirrored(zone: str) -> Any:
        swap = {"left": "right", "right": "left"}
        side, _, kind = zone.partition("-")
        return f"{swap[side]}-{kind}" if kind in SIDED_ZONES else zone

    for a, b in product(ZONES, ZONES):
        one, other = PATHS[frozenset({a, b})], PATHS[frozenset({mirrored(a), mirrored(b)})]
        assert (one.refused_by, one.why) == (other.refused_by, other.why)
