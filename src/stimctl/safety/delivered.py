"""What reached an electrode, held against the limits and not against the plan."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from stimctl.safety.cleared import Cleared
from stimctl.safety.limits import Action
from stimctl.safety.measure import measures_of
from stimctl.safety.problem import value_texts
from stimctl.safety.quantities import INFO
from stimctl.stimulus.exact import TEST_LOAD_OHM, ExactDose
from stimctl.stimulus.second import WINDOW_US


class Delivered(NamedTuple):
    """What one channel put out, by a record of its current.

    The highest amplitude; of any pulse the highest charge of its first phase (uA us), net charge
    (uA us) and integral of the squared current (uA^2 us); of any second the highest integral of
    the squared current, of the magnitude, and of the net charge.
    """

    peak_ua: int
    phase_ua_us: int
    net_ua_us: int
    pulse_ua2_us: int
    second_ua2_us: int
    second_rectified_ua_us: int
    second_net_ua_us: int


def limits_exceeded(cleared: Cleared, delivered: Delivered) -> tuple[str, ...]:
    """Every limit that the output exceeded, in words; acknowledged warnings are left out."""
    uc = 10**6  # uA us in a uC; uA^2 us in a second are 1e-12 mA^2 s
    dose = ExactDose(
        charge_per_phase_uc=Fraction(delivered.phase_ua_us, uc),
        net_charge_uc=Fraction(delivered.net_ua_us, uc),
        rms_ma_squared=Fraction(delivered.second_ua2_us, WINDOW_US * 10**6),
        rectified_average_ma=Fraction(delivered.second_rectified_ua_us, WINDOW_US * 1_000),
        dc_ma=Fraction(delivered.second_net_ua_us, WINDOW_US * 1_000),
        energy_per_pulse_mj=Fraction(TEST_LOAD_OHM * delivered.pulse_ua2_us, 10**15),
    )
    envelope = cleared.envelope
    measures = measures_of(dose, delivered.peak_ua, cleared.stimulus, envelope)
    acknowledged = {notice.id for notice in cleared.warnings}
    found = []
    for bound in envelope.bounds:
        told = bound.action is Action.WARN and bound.limit_id in acknowledged
        if INFO[bound.quantity].degree and not told and measures.exceeds(bound):
            limit = float(bound.limit_at(measures.widest_phase_us))
            was, most = value_texts(bound.quantity, measures.asked(bound.quantity), limit)
            name = INFO[bound.quantity].name
            found.append(f"{name} {was} delivered, the limit is {most} ({bound.limit_id})")
    return tuple(found)
