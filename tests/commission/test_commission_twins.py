"""Healthy twins pass their commissioning; each wrong behaviour is found, and named."""

from __future__ import annotations

import pytest

from firmware_sim.faults import SPECS, Place, on_bench
from firmware_sim.situation import faulty_twin
from stimctl.commission.results import Finding, Verdict, has_passed
from tests.support.broad import broad_rows
from tests.support.commission_world import commissioned, found

TWINS = ("p24", "rehastim2", "rehamove3", "openemsstim")

#: Each wrong behaviour with what it must be called.
WRONG = pytest.mark.no_invariant("the device gives what nobody has ordered: that is what is found")
NAMED = {
    "output-scaled": Finding.AMPLITUDE,
    "steps-missing": Finding.STEPS,
    "width-wrong": Finding.WIDTH,
    "rate-wrong": Finding.FREQUENCY,
    "unbalanced": Finding.BALANCE,
    "channels-swapped": Finding.CHANNEL,
    "stop-late": Finding.STOP_LATE,
    "outlives-host": Finding.HOST_KILL,
    "no-watchdog": Finding.WATCHDOG,
    "open-unnoticed": Finding.OPEN_ELECTRODE,
}
#: What else such a device cannot do well.
ALSO = {
    "steps-missing": {Finding.AMPLITUDE, Finding.CHANNEL, Finding.STOP_LATE, Finding.HOST_KILL},
    "channels-swapped": set(Finding) - {Finding.IDENTITY, Finding.WATCHDOG},
}
#: One device for each; the others are in the soak.
ONE_EACH = (
    ("p24", "output-scaled"), ("openemsstim", "steps-missing"), ("rehamove3", "width-wrong"),
    ("rehastim2", "rate-wrong"), ("p24", "unbalanced"), ("rehamove3", "channels-swapped"),
    ("rehastim2", "stop-late"), ("p24", "outlives-host"), ("rehastim2", "no-watchdog"),
    ("rehamove3", "open-unnoticed"),
)  # fmt: skip
MATRIX = [(twin, fault) for twin in TWINS for fault in on_bench(twin)]


def check(twin: str, fault: str) -> None:
    results = commissioned(twin, f"{fault}@0s")
    wrong = found(results)
    assert NAMED[fault] in wrong, f"{fault} on {twin}: {wrong}"
    assert wrong <= {NAMED[fault]} | ALSO.get(fault, set())
    assert not has_passed(results)


@pytest.mark.broad
@pytest.mark.hazard("H60", "H78")
@pytest.mark.parametrize("twin", TWINS)
def test_a_healthy_twin_passes_every_line(twin: str) -> None:
    results = commissioned(twin)
    assert has_passed(results), found(results)
    assert {one.verdict for one in results} <= {Verdict.PASSED, Verdict.NOT_APPLICABLE}


@WRONG
@pytest.mark.hazard("H60", "H78")
@pytest.mark.parametrize(("twin", "fault"), broad_rows(ONE_EACH, every=2))
def test_a_wrong_behaviour_is_found_and_named(twin: str, fault: str) -> None:
    check(twin, fault)


@WRONG
@pytest.mark.soak
@pytest.mark.parametrize(("twin", "fault"), MATRIX)
def test_a_wrong_behaviour_is_found_on_every_device_that_can_have_it(twin: str, fault: str) -> None:
    check(twin, fault)


def test_every_fault_that_only_a_bench_shows_has_a_name_and_a_device() -> None:
    bench = {one.name for one in SPECS.values() if one.place is Place.BENCH}
    assert bench == set(NAMED) == {fault for _, fault in ONE_EACH}
    assert set(ONE_EACH) <= set(MATRIX)


@pytest.mark.hazard("H07", "H78")
def test_another_device_than_the_label_says_is_not_driven() -> None:
    results = commissioned("p24", label="2103-17")
    assert found(results) == {Finding.IDENTITY}
    assert {one.verdict for one in results[1:]} == {Verdict.NOT_DONE}


@pytest.mark.hazard("H07")
def test_a_device_that_says_it_is_another_product_is_found() -> None:
    assert found(commissioned("p24", "lies-on-identify@0s")) == {Finding.IDENTITY}


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(("family", "twin"), [("rehastim2", "p24"), ("openemsstim", "rehastim2")])
def test_a_device_of_another_family_is_found(family: str, twin: str) -> None:
    assert found(commissioned(family, twin=faulty_twin(twin))) == {Finding.IDENTITY}
