"""What was delivered is held against the limits, exactly, whatever was planned."""

import pytest

from stimctl.safety import Cleared, Delivered, Profile, limits_exceeded
from stimctl.stimulus import Burst
from tests.support.safety_samples import MONO, cleared, device, envelope, stim


def of_pulses(count: int, ma: int = 75, width_us: int = 400, gives_net: bool = False) -> Delivered:
    ua = ma * 1_000
    phases = 1 if gives_net else 2
    charge, square = ua * width_us, phases * ua**2 * width_us
    net = charge if gives_net else 0
    return Delivered(ua, charge, net, square, count * square, count * phases * charge, count * net)


def ids(proof: Cleared, delivered: Delivered) -> list[str]:
    return [text.rpartition("(")[2].rstrip(")") for text in limits_exceeded(proof, delivered)]


@pytest.mark.hazard("H49")
def test_more_pulses_than_a_second_may_hold_exceed_the_limit() -> None:
    burst = Burst(pulses_per_burst=10, burst_frequency_mhz=1_100)
    proof = cleared(stim(75, 400, 200, burst=burst), envelope(500))
    # 5 cm2 and 2 mA/cm2: 10 mA r.m.s., which 22.2 of these pulses come to
    assert limits_exceeded(proof, of_pulses(22)) == ()
    assert limits_exceeded(proof, of_pulses(39)) == (
        "current density 2.65 mA/cm2 delivered, the limit is 2 mA/cm2 (L-J)",
    )


def test_every_limit_that_grows_with_the_current_is_looked_at() -> None:
    proof = cleared(stim(20), envelope(500))
    assert limits_exceeded(proof, of_pulses(50, 20, 200)) == ()
    assert set(ids(proof, of_pulses(1_000, 131))) == {
        "L-AMP", "L-DEV", "L-RMS-400", "L-J", "L-PD-RS2", "L-PD-FDA",
    }  # fmt: skip
    assert ids(proof, of_pulses(1, 130, 20_000))[0] == "L-E"
    assert {"L-DC", "L-DC-WARN"} <= set(ids(proof, of_pulses(300, 30, gives_net=True)))
    home = cleared(stim(20), envelope(2_500, profile=Profile.HOME))
    assert set(ids(home, of_pulses(300, 80))) == {"L-Q-LIM", "L-IAVG-LIM"}


def test_what_was_acknowledged_is_not_told_again() -> None:
    one_sided = stim(10, 200, 50, MONO)
    bounds = envelope(100, device_=device(), allow_monophasic=True)
    proof = cleared(one_sided, bounds, acknowledged=frozenset({"L-DC-WARN"}))
    assert ids(proof, of_pulses(50, 10, 200, gives_net=True)) == []
    assert ids(proof, of_pulses(300, 10, 200, gives_net=True)) == ["L-J", "L-DC"]


def test_exactly_the_limit_is_allowed() -> None:
    proof = cleared(stim(100, 250, 500), envelope(2_500))
    assert limits_exceeded(proof, of_pulses(500, 100, 250)) == ()
    over = of_pulses(500, 100, 250)
    assert ids(proof, over._replace(second_ua2_us=over.second_ua2_us + 1)) == ["L-J"]
