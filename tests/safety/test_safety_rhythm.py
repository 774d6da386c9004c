"""Devices of one rhythm: no bursts, no sweeps, one rate for all, slower over two modules."""

from collections.abc import Mapping
from typing import Any

from stimctl.safety import Quantity, Refusal, clear_together
from stimctl.stimulus import Burst, Sweep, SweepShape
from tests.support.safety_samples import cleared, device, envelope, refused, stim

# As a RehaStim2: 8 ms for the channels of one module, 16 ms where both are in use.
ONE_RHYTHM = device(
    fixed_rhythm=True, channels_per_module=4, period_min_us=8_000, isolated_channels=True
)
BOX = envelope(device_=ONE_RHYTHM)


def together(**rates_hz: Any) -> Mapping[int, Any] | Refusal:
    requests = {int(name[2:]): (stim(hz=hz), BOX) for name, hz in rates_hz.items()}
    return clear_together(requests)


def test_a_constant_rate_is_cleared() -> None:
    assert cleared(stim(hz=50.0), BOX).period_us == 20_000


def test_bursts_are_refused_by_name() -> None:
    burst = Burst(pulses_per_burst=3, burst_frequency_mhz=2_000)
    no = refused(stim(hz=50.0, burst=burst), BOX)
    assert (no.limit_id, no.quantity) == ("L-DEV", Quantity.PULSES_PER_BURST)
    assert no.nearest is not None
    assert no.nearest.text == "single pulses at 2 Hz"
    assert cleared(no.nearest.stimulus, BOX).period_us == 500_000


def test_a_swept_rate_is_refused_and_its_slowest_offered() -> None:
    sweep = Sweep(lowest=20_000, highest=50_000, period_us=8_000_000, shape=SweepShape.TRIANGLE)
    no = refused(stim(hz=50.0, frequency_sweep=sweep), BOX)
    assert (no.limit_id, no.quantity) == ("L-DEV", Quantity.FREQUENCY)
    assert no.nearest is not None
    assert no.nearest.value == 20_000
    assert cleared(no.nearest.stimulus, BOX).period_us == 50_000


def test_channels_of_one_rate_are_cleared_and_another_rate_names_its_channel() -> None:
    assert not isinstance(together(ch1=50.0, ch2=50.0), Refusal)
    no = together(ch1=50.0, ch3=40.0)
    assert isinstance(no, Refusal)
    assert (no.channel, no.asked, no.allowed) == (3, 40_000, 50_000)
    assert no.nearest is not None
    assert no.nearest.text == "frequency 50 Hz"


def test_two_modules_need_twice_the_period_of_one() -> None:
    assert not isinstance(together(ch1=100.0, ch4=100.0), Refusal)
    no = together(ch1=100.0, ch5=100.0)
    assert isinstance(no, Refusal)
    assert (no.limit_id, no.channel, no.allowed) == ("L-DEV", 5, 62_500)
    assert no.nearest is not None
    assert no.nearest.text == "frequency 62.5 Hz"
    assert not isinstance(together(ch1=62.5, ch5=62.5), Refusal)


def test_without_modules_the_shortest_period_is_the_same_for_any_channels() -> None:
    plain = device(fixed_rhythm=True)
    assert plain.period_min_for([1, 8]) == plain.period_min_us
    requests = {ch: (stim(hz=50.0), envelope(device_=plain)) for ch in (1, 2)}
    assert not isinstance(clear_together(requests), Refusal)


def test_no_channels_at_all_are_no_problem() -> None:
    assert clear_together({}) == {}
    assert ONE_RHYTHM.period_min_for([]) == ONE_RHYTHM.period_min_us
