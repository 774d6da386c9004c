"""What the last gate lets through, the device takes: it adds busy time in single precision."""

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.p24_fields import read_ml_update
from stimctl.wire.sciencemode4.messages_mid import BUDGET_US_PER_S, MlChannel, MlUpdate
from stimctl.wire.sciencemode4.point import Point
from tests.support.examples import examples

OVERHEAD_US = 60


def busy_us_per_s(message: MlUpdate) -> Fraction:
    """The exact sum, by the rule of the maker's library."""
    return sum(
        (Fraction((c.points[0].duration_us + OVERHEAD_US) * 10**6, c.period_us)
         for c in message.channels),
        Fraction(0),
    )  # fmt: skip


@st.composite
def nearly_full(draw: st.DrawFn) -> MlUpdate:
    """Two to eight channels that leave the last one what takes the sum to about 999 ms/s."""
    count = draw(st.integers(2, 8))
    periods = draw(st.lists(st.integers(2, 60), min_size=count, max_size=count))
    widths = draw(st.lists(st.integers(10, 4_095), min_size=count - 1, max_size=count - 1))
    others = [
        MlChannel(i, n * 250, (Point(width, 0),), double_accuracy=bool(n % 2))
        for i, (n, width) in enumerate(zip(periods, widths, strict=False))
    ]
    left = 999_000 - busy_us_per_s(MlUpdate(tuple(others)))
    period_us = periods[-1] * 250 * draw(st.sampled_from((1, 3, 7, 21)))
    width_us = round(left * period_us / 10**6) - OVERHEAD_US + draw(st.integers(-2, 1))
    assume(10 <= width_us <= 4_095)
    fine = bool(period_us % 500)
    last = MlChannel(count - 1, period_us, (Point(width_us, 0),), double_accuracy=fine)
    return MlUpdate((*others, last))


@settings(max_examples=examples(300))
@given(nearly_full())
def test_what_the_gate_lets_through_is_never_refused_for_its_busy_time(message: MlUpdate) -> None:
    fits = busy_us_per_s(message) <= BUDGET_US_PER_S
    assert (message.problems() == ()) is fits
    if fits:
        assert read_ml_update(message.pack()) is not None
