"""Promises about one pulse through skin: voltage, clipping, balance, shunts, test loads."""

from __future__ import annotations

from math import exp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.body.adc import measure
from firmware_sim.body.interface import Contact, network_of
from firmware_sim.body.load import TEST_LOADS, Load, OpenCircuit, Resistor
from firmware_sim.body.pads import Lead, Pads
from firmware_sim.body.person import Site
from firmware_sim.body.pulse import Network, solve
from tests.support.body_world import GOLDEN, WHOLE, biphasic, golden
from tests.support.examples import examples

FULL_MV = 150_000
VOLTAGE = golden("voltage")


def network(row: tuple[object, ...]) -> Network:
    _, area, contact, series, skin, *_ = row
    made = network_of(area, Contact(contact, series, skin))  # type: ignore[arg-type]
    assert made is not None
    return made


@pytest.mark.parametrize("row", VOLTAGE, ids=lambda row: row[0])
def test_area_and_contact_make_the_network_of_the_table(row: tuple[float, ...]) -> None:
    made = network(row)
    assert (made.rs_ohm, made.rp_ohm, made.cp_pf) == (row[7], row[8], row[9] * 1000)


@pytest.mark.parametrize("row", VOLTAGE, ids=lambda row: row[0])
def test_voltage_and_charges_are_those_of_the_golden_table(row: tuple[float, ...]) -> None:
    passed = solve(network(row), biphasic(row[5], int(row[6])), FULL_MV).passed
    charges = [time * abs(current) / 1e6 for time, current in passed.points]
    assert passed.voltage_mv[0] / 1000 == pytest.approx(row[10], rel=0.02)
    assert passed.clipped is row[11]
    assert (charges[0], charges[2]) == pytest.approx((row[12], row[13]), rel=0.02)


def test_a_clipped_pulse_is_flagged_and_leaves_the_net_charge_of_the_golden_row() -> None:
    row = next(row for row in VOLTAGE if row[0].startswith("dry"))
    passed = solve(network(row), biphasic(80, 300), FULL_MV).passed
    assert passed.clipped
    assert not passed.open
    reading = measure(passed.points, 20_000)
    assert reading.net_uc == pytest.approx(-3.94, rel=0.02)
    assert reading.dc_ma == pytest.approx(-0.197, rel=0.02)


def test_phase_two_clips_less_because_the_skin_helps() -> None:
    passed = solve(
        network_of(2_500, Contact(1000, 10_000, 6_000)), biphasic(80, 300), FULL_MV
    ).passed
    first, _, second = passed.points
    assert abs(first[1]) < abs(second[1]) < 80_000


@settings(max_examples=examples(150), deadline=None)
@given(
    area=st.integers(200, 10_000),
    contact=st.integers(50, 1000),
    peak_ma=st.integers(1, 130),
    width_us=st.integers(10, 1000),
    gap_us=st.integers(0, 300),
)
def test_a_balanced_pulse_that_does_not_clip_is_balanced(
    area: int, contact: int, peak_ma: int, width_us: int, gap_us: int
) -> None:
    pulse = biphasic(peak_ma, width_us, gap_us)
    passed = solve(network_of(area, Contact(contact)), pulse, FULL_MV).passed
    charges = [time * current for time, current in passed.points]
    left = abs(charges[0] + charges[2])
    if max(passed.voltage_mv) < FULL_MV:
        assert left == 0
    if not passed.clipped:  # at the very edge it may lose what does not count as clipping yet
        assert left <= 0.02 * abs(charges[0])
    # The device never gives more than was asked for, nor a voltage it does not have.
    assert all(
        abs(got) <= abs(wanted) for (_, got), (_, wanted) in zip(passed.points, pulse, strict=True)
    )
    assert max(passed.voltage_mv) <= FULL_MV


def test_a_second_phase_5_percent_too_long_is_60_ua_of_direct_current() -> None:
    pulse = ((300, 80_000), (100, 0), (315, -80_000))
    passed = solve(network_of(2_500, WHOLE), pulse, FULL_MV).passed
    assert measure(passed.points, 20_000).dc_ma == pytest.approx(-0.060, rel=0.005)


def test_an_unbalanced_command_is_not_flagged_as_clipping() -> None:
    passed = solve(network_of(2_500, WHOLE), ((300, 80_000),), FULL_MV).passed
    assert not passed.clipped
    assert measure(passed.points, 20_000).net_uc == 24.0


def test_the_closed_form_is_that_of_the_physics() -> None:
    # J = 20 mA / 25 cm2 = 0.8 mA/cm2, so Rp = 4000 / 1.4.
    rp, seconds = 4_000 / 1.4, 200e-6
    expected = 0.020 * (400 + rp * (1 - exp(-seconds / (rp * 500e-9))))
    passed = solve(network_of(2_500, WHOLE), ((200, 20_000),), FULL_MV).passed
    assert passed.voltage_mv[0] / 1000 == pytest.approx(expected, abs=0.001)


def test_steps_and_closed_form_agree() -> None:
    net = network_of(2_500, WHOLE)
    assert net is not None
    far = Network(net.rs_ohm, net.rp_ohm, net.cp_pf, net.area_mm2, shunt_ohm=2_000_000_000)
    exact, stepped = (solve(one, biphasic(80, 300), FULL_MV) for one in (net, far))
    assert stepped.passed.voltage_mv == pytest.approx(exact.passed.voltage_mv, rel=1e-3, abs=10)
    assert stepped.energy_nj == pytest.approx(exact.energy_nj, rel=1e-3)


def test_a_phase_without_duration_changes_nothing() -> None:
    net = network_of(2_500, WHOLE)
    passed = solve(net, ((200, 20_000), (0, 5_000), (200, -20_000)), FULL_MV).passed
    assert passed.points[1] == (0, 5_000)
    assert passed.voltage_mv[1] == 0
    assert (passed.points[0], passed.points[2]) == ((200, 20_000), (200, -20_000))


def test_a_compliance_of_zero_gives_nothing() -> None:
    passed = solve(network_of(2_500, WHOLE), biphasic(20, 200), 0).passed
    assert [current for _, current in passed.points] == [0, 0, 0]
    assert passed.clipped


@pytest.mark.parametrize("shunt_ohm", [50, 100, 200])
def test_pads_that_touch_take_70_to_95_percent_from_the_body(shunt_ohm: int) -> None:
    solved = solve(
        network_of(2_500, Contact(1000, shunt_ohm=shunt_ohm)), biphasic(20, 200), FULL_MV
    )
    share = solved.body[0][1] / solved.passed.points[0][1]
    assert 0.05 <= share <= 0.30
    assert solved.passed.points[0][1] == 20_000
    assert solved.passed.voltage_mv[0] / 20 < shunt_ohm


def test_a_shorted_lead_leaves_the_body_next_to_nothing() -> None:
    solved = solve(network_of(2_500, Contact(1000, shunt_ohm=30)), biphasic(20, 200), FULL_MV)
    assert solved.body[0][1] < 0.07 * 20_000
    assert solved.passed.voltage_mv[0] < 30 * 20


def test_sweat_takes_a_little() -> None:
    dry = solve(network_of(2_500, Contact(1000)), biphasic(20, 200), FULL_MV)
    wet = solve(
        network_of(2_500, Contact(1000, wet_permille=2000, shunt_ohm=5_000)),
        biphasic(20, 200),
        FULL_MV,
    )
    assert 0.8 < wet.body[0][1] / 20_000 < 0.95
    assert wet.passed.voltage_mv[0] < dry.passed.voltage_mv[0]


def test_less_than_1_percent_of_contact_is_open_and_shorted_leads_in_the_air_are_not() -> None:
    assert network_of(2_500, Contact(9)) is None
    assert network_of(2_500, Contact(connected=False, shunt_ohm=30)) is None
    shorted = network_of(2_500, Contact(0, shunt_ohm=30))
    solved = solve(shorted, biphasic(20, 200), FULL_MV)
    assert solved.passed.voltage_mv[0] == pytest.approx(600, abs=2)
    assert abs(solved.body[0][1]) < 10


def test_an_open_circuit_takes_the_voltage_and_gives_no_current() -> None:
    solved = solve(None, biphasic(20, 200), FULL_MV)
    assert solved.passed.points == ((200, 0), (100, 0), (200, 0))
    assert solved.passed.voltage_mv == (FULL_MV, 0, FULL_MV)
    assert solved.passed.open
    assert solved.energy_nj == 0


def test_an_aged_contact_is_drier_and_warmer() -> None:
    aged = WHOLE.aged(10 * 60_000_000)
    assert aged.dry_series_permille == 1050
    assert aged.dry_skin_permille == 840  # 5 % drier, 20 % less for the warmth
    assert WHOLE.aged(0) == WHOLE


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact_permille": 1001},
        {"contact_permille": -1},
        {"dry_skin_permille": 0},
        {"shunt_ohm": 0},
    ],
)
def test_a_contact_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give|at least"):
        Contact(**wrong)


@pytest.mark.parametrize("row", golden("dose"), ids=lambda row: "-".join(map(str, row[:5])))
def test_rms_charge_and_energy_of_the_meter_are_the_golden_vectors(row: tuple[float, ...]) -> None:
    kind, ratio, peak_ma, phase_us, rate_hz, *expected = row
    pulse = biphasic(peak_ma, int(phase_us))
    if kind == "mono":
        pulse = pulse[:1]
    elif kind == "asym":
        peak_ua = int(peak_ma * 1000 / ratio)
        pulse = (*pulse[:2], (int(phase_us * ratio), -peak_ua))
    passed = TEST_LOADS["test500"].through(pulse, FULL_MV)
    read = measure(passed.points, round(1e6 / rate_hz))
    assert (
        read.rms_ma,
        read.charge_uc,
        read.net_uc,
        read.average_ma,
        read.dc_ma,
        read.energy_mj,
        read.power_w,
    ) == pytest.approx(tuple(expected), rel=0.005)


def test_the_meter_and_the_body_agree_on_energy_in_a_resistance() -> None:
    ohms = Network(500, 1, 1_000_000_000, 2_500)
    energy_mj = solve(ohms, biphasic(80, 300), FULL_MV).energy_nj / 1e6
    assert energy_mj == pytest.approx(measure(biphasic(80, 300), 20_000).energy_mj, rel=0.005)


def test_test_loads_clip_at_the_voltage_and_say_so() -> None:
    assert [load.ohm for load in TEST_LOADS.values()] == [500, 1_000, 2_000, 10_000]
    passed = TEST_LOADS["test2k"].through(biphasic(80, 300), FULL_MV)
    assert passed.points == ((300, 75_000), (100, 0), (300, -75_000))
    assert passed.clipped
    assert passed.voltage_mv == (FULL_MV, 0, FULL_MV)
    assert not TEST_LOADS["test2k"].through(biphasic(75, 300), FULL_MV).clipped
    with pytest.raises(ValueError, match="at least 1 ohm"):
        Resistor(0)


def test_whatever_can_be_clipped_to_a_lead_is_a_load() -> None:
    assert isinstance(Resistor(500), Load)
    assert isinstance(OpenCircuit(), Load)
    assert isinstance(Lead(Pads(Site(), WHOLE)), Load)
    assert Lead(None).nominal_ohm is None
    assert OpenCircuit().nominal_ohm is None
    assert GOLDEN["about"]
