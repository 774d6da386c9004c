"""Whatever is asked: nothing cleared exceeds any bound, and clear() is monotone and helpful."""

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stimctl.safety import (
    Action,
    Bound,
    Cleared,
    DeviceBounds,
    Electrode,
    Envelope,
    Layer,
    Profile,
    Quantity,
    Refusal,
    RefusalKind,
    SetPoint,
    clear,
    clear_together,
    envelope_for,
    is_genuine,
)
from stimctl.stimulus import (
    AmplitudeModulation,
    Burst,
    Cycle,
    Pulse,
    PulseShape,
    Stimulus,
    Sweep,
    SweepShape,
)
from tests.support.examples import examples

EXAMPLES = settings(max_examples=examples(200), deadline=None)
UNITS = {
    Quantity.AMPLITUDE: "uA",
    Quantity.CURRENT_DENSITY: "mA/cm2",
    Quantity.POWER_DENSITY: "W/cm2",
    Quantity.CHARGE_PER_PHASE: "uC",
    Quantity.RMS_CURRENT: "mA",
    Quantity.ENERGY_PER_PULSE: "mJ",
    Quantity.FREQUENCY: "mHz",
    Quantity.PHASE_WIDTH: "us",
}
TOPS = {
    Quantity.AMPLITUDE: 150_000,
    Quantity.CURRENT_DENSITY: 3,
    Quantity.POWER_DENSITY: 1,
    Quantity.CHARGE_PER_PHASE: 100,
    Quantity.RMS_CURRENT: 60,
    Quantity.ENERGY_PER_PULSE: 10,
    Quantity.FREQUENCY: 200_000,
    Quantity.PHASE_WIDTH: 600,
}
MODULATION_PERIODS = st.integers(1_000_000, 12_000_000)


@st.composite
def devices(draw: st.DrawFn) -> DeviceBounds:
    return DeviceBounds(
        name="drawn",
        channels=8,
        amplitude_max_ua=draw(st.sampled_from([60_000, 130_000, 150_000])),
        amplitude_step_ua=draw(st.sampled_from([1, 500, 2_000])),
        phase_width_min_us=draw(st.sampled_from([1, 20])),
        phase_width_max_us=draw(st.sampled_from([500, 5_000])),
        phase_width_step_us=draw(st.sampled_from([1, 10])),
        interphase_gap_max_us=200,
        period_min_us=draw(st.sampled_from([500, 2_000])),
        period_max_us=16_000_000,
        period_step_us=draw(st.sampled_from([1, 500])),
        recovery_us=draw(st.sampled_from([0, 100])),
        shapes=frozenset(PulseShape),
        multiplexed=draw(st.booleans()),
        compliance_mv=150_000,
        interphase_gap_step_us=draw(st.sampled_from([1, 50])),
    )


@st.composite
def bounds(draw: st.DrawFn, layer: Layer = Layer.PERSON) -> Bound:
    quantity = draw(st.sampled_from(list(UNITS)))
    top = TOPS[quantity]
    values = st.integers(0, top) | st.floats(0, top, allow_nan=False)
    return Bound("X", layer, quantity, draw(values), UNITS[quantity],
                 draw(st.sampled_from([Action.BLOCK, Action.CEILING])), "drawn", "D")  # fmt: skip


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    electrode = Electrode(
        draw(st.sampled_from([10, 100, 500, 2_500, 10_000])), draw(st.integers(100, 1_000))
    )
    return envelope_for(
        draw(devices()),
        electrode,
        profile=draw(st.sampled_from(Profile)),
        person=draw(st.lists(bounds(), max_size=2)),
        allow_monophasic=draw(st.sampled_from([True, True, True, False])),
    )


@st.composite
def sweeps(draw: st.DrawFn, lowest: int, highest: int) -> Sweep:
    ends = sorted((draw(st.integers(lowest, highest)), draw(st.integers(lowest, highest))))
    return Sweep(
        lowest=ends[0],
        highest=ends[1],
        period_us=draw(MODULATION_PERIODS),
        shape=draw(st.sampled_from(SweepShape)),
    )


@st.composite
def stimuli(draw: st.DrawFn) -> Stimulus:
    shape = draw(st.sampled_from(PulseShape))
    ratio = draw(st.sampled_from([2, 4])) if shape is PulseShape.ASYMMETRIC else 1
    amplitude = draw(st.integers(0, 75) | st.integers(0, 37_000)) * 4
    pulse = Pulse(
        shape=shape,
        amplitude_ua=amplitude * 500 if amplitude < 304 else amplitude,
        phase_width_us=draw(st.sampled_from([50, 100, 200, 300, 400]) | st.integers(1, 3_000)),
        interphase_gap_us=draw(st.sampled_from([0, 0, 50, 100]) | st.integers(0, 400)),
        second_phase_ratio=ratio,
    )
    hz = st.sampled_from([1_000, 20_000, 50_000, 100_000]) | st.integers(10, 3_000_000)
    cycle = st.builds(
        Cycle,
        on_us=st.integers(500_000, 10_000_000),
        off_us=st.integers(0, 10_000_000),
        ramp_up_us=st.sampled_from([500_000, 1_000_000]) | st.integers(0, 1_000_000),
        ramp_down_us=st.integers(0, 500_000),
    )
    modulation = st.builds(
        AmplitudeModulation,
        lowest_permille=st.integers(0, 1_000),
        period_us=MODULATION_PERIODS,
        shape=st.sampled_from(SweepShape),
    )
    burst = st.builds(
        Burst, pulses_per_burst=st.integers(1, 10), burst_frequency_mhz=st.integers(100, 60_000)
    )
    return Stimulus(
        pulse=pulse,
        frequency_mhz=draw(hz),
        burst=draw(st.none() | st.none() | burst),
        frequency_sweep=draw(st.none() | st.none() | sweeps(1_000, 150_000)),
        width_sweep=draw(st.none() | st.none() | sweeps(50, 400)),
        amplitude_modulation=draw(st.none() | modulation),
        cycle=draw(st.none() | cycle),
        motor=draw(st.booleans()) and draw(st.booleans()),
    )


def independently(stimulus: Stimulus, envelope: Envelope) -> tuple[dict[Quantity, float], float]:
    """The bounded quantities by the formulas of the facts in floats, sharing no code."""
    pulse, amp_ma = stimulus.pulse, stimulus.pulse.amplitude_ua / 1_000
    widths = [pulse.phase_width_us]
    rates = [stimulus.frequency_mhz / 1_000]
    if stimulus.width_sweep:
        widths += [stimulus.width_sweep.lowest, stimulus.width_sweep.highest]
    if stimulus.frequency_sweep:
        rates += [stimulus.frequency_sweep.lowest / 1e3, stimulus.frequency_sweep.highest / 1e3]
    t1, r = max(widths) * 1e-6, pulse.second_phase_ratio
    second = pulse.shape is not PulseShape.MONOPHASIC
    t2, i2 = (t1 * r, amp_ma / r) if second else (0.0, 0.0)
    rate = max(rates)
    if stimulus.burst:
        burst_hz = stimulus.burst.burst_frequency_mhz / 1_000
        rate = min(rate, stimulus.burst.pulses_per_burst * burst_hz)
    square = rate * (amp_ma**2 * t1 + i2**2 * t2)
    dc = rate * (amp_ma * t1 - i2 * t2)
    area = envelope.electrode.area_mm2 * envelope.electrode.contact_permille / 1_000 / 100
    area = max(math.floor(area * 100 + 1e-9), 1) / 100
    band = min([*rates, *([burst_hz] if stimulus.burst else [])])
    return {
        Quantity.AMPLITUDE: amp_ma * 1_000,
        Quantity.PHASE_WIDTH: max(widths),
        Quantity.FREQUENCY: max(rates) * 1_000,
        Quantity.INTERPHASE_GAP: pulse.interphase_gap_us,
        Quantity.RMS_CURRENT: math.sqrt(max(0.0, square - dc**2)),
        Quantity.DC_CURRENT: dc,
        Quantity.AVERAGE_CURRENT: rate * (amp_ma * t1 + i2 * t2),
        Quantity.ENERGY_PER_PULSE: 500 * (amp_ma**2 * t1 + i2**2 * t2) / 1_000,
        Quantity.CURRENT_DENSITY: math.sqrt(square) / area,
        Quantity.POWER_DENSITY: 500 * square / 1e6 / area,
        Quantity.DC_DENSITY: dc / area,
        Quantity.CHARGE_PER_PHASE: amp_ma * t1 * 1_000,
        Quantity.CHARGE_DENSITY: amp_ma * t1 * 1_000 / area,
    }, band


def assert_keeps_every_bound(stimulus: Stimulus, envelope: Envelope) -> None:
    values, band_hz = independently(stimulus, envelope)
    for bound in envelope.bounds:
        if bound.quantity not in values or bound.action is Action.WARN:
            continue
        if bound.band_mhz is not None:
            above, upto = bound.band_mhz
            if not above < band_hz * 1_000 or (upto and band_hz * 1_000 > upto):
                continue
        limit = bound.value + bound.slope_per_ms * values[Quantity.PHASE_WIDTH] / 1_000
        assert values[bound.quantity] <= limit * (1 + 1e-9) + 1e-9, bound


def legal(
    stimulus: Stimulus, envelope: Envelope, acknowledged: frozenset[str] = frozenset()
) -> Stimulus | None:
    """The stimulus if it clears, else its nearest legal one, else None."""
    answer = clear(stimulus, envelope, acknowledged=acknowledged)
    if isinstance(answer, Cleared):
        return stimulus
    return None if answer.nearest is None else answer.nearest.stimulus


@EXAMPLES
@given(stimuli(), envelopes())
def test_nothing_cleared_exceeds_any_bound(stimulus: Stimulus, envelope: Envelope) -> None:
    known = frozenset({"L-J", "L-DC-WARN"})
    stimulus = legal(stimulus, envelope, known)
    assume(stimulus is not None)
    answer = clear(stimulus, envelope, acknowledged=known)
    assert is_genuine(answer, Cleared)
    assert answer.stimulus == stimulus  # never clipped
    assert_keeps_every_bound(stimulus, envelope)
    device, pulse = envelope.device, stimulus.pulse
    assert pulse.amplitude_ua % device.amplitude_step_ua == 0
    assert pulse.second_phase_amplitude_ua % device.amplitude_step_ua == 0
    assert device.phase_width_min_us <= stimulus.narrowest_phase_us
    assert pulse.second_width_for(stimulus.widest_phase_us) <= device.phase_width_max_us
    whole = pulse.width_total_for(stimulus.widest_phase_us) + device.recovery_us
    assert whole <= device.quantise_period_up_us(stimulus.highest_frequency_mhz)


@EXAMPLES
@given(stimuli(), envelopes())
def test_the_nearest_legal_stimulus_is_accepted(stimulus: Stimulus, envelope: Envelope) -> None:
    answer = clear(stimulus, envelope)
    assume(not isinstance(answer, Cleared))
    assert isinstance(answer, Refusal)
    assert answer.limit_id
    assert answer.message
    assert answer.kind is not RefusalKind.INVALID
    assume(answer.nearest is not None)
    assert isinstance(clear(answer.nearest.stimulus, envelope), Cleared)
    assert answer.nearest.stimulus.pulse.amplitude_ua <= stimulus.pulse.amplitude_ua
    if answer.nearest.parameter == "amplitude":
        # no other parameter changed, and one step more would be refused, or is more than asked
        near = answer.nearest.value
        assert answer.nearest.stimulus == stimulus.with_amplitude(near)
        step = envelope.device.amplitude_step_ua * stimulus.pulse.second_phase_ratio
        if near + step <= stimulus.pulse.amplitude_ua:
            assert not isinstance(clear(stimulus.with_amplitude(near + step), envelope), Cleared)


@EXAMPLES
@given(stimuli(), envelopes(), st.integers(0, 1_000))
def test_a_lower_amplitude_of_an_accepted_stimulus_stays_accepted(
    stimulus: Stimulus, envelope: Envelope, part: int
) -> None:
    stimulus = legal(stimulus, envelope)
    assume(stimulus is not None)
    answer = clear(stimulus, envelope)
    lower = stimulus.pulse.amplitude_ua * part // 1_000
    assert isinstance(answer, Cleared)
    lower -= lower % answer.step
    assert isinstance(clear(stimulus.with_amplitude(lower), envelope), Cleared)
    assert answer.lowered_to(lower).stimulus == stimulus.with_amplitude(lower)
    assert is_genuine(answer.point(lower), SetPoint)


@EXAMPLES
@given(stimuli(), envelopes(), bounds(Layer.SESSION))
def test_tightening_an_envelope_never_accepts_more(
    stimulus: Stimulus, envelope: Envelope, bound: Bound
) -> None:
    tighter = envelope.tightened(bound)
    for asked in (stimulus, legal(stimulus, envelope), legal(stimulus, tighter)):
        if asked is not None and isinstance(clear(asked, tighter), Cleared):
            assert isinstance(clear(asked, envelope), Cleared)
    before, after = envelope.tightest(bound.quantity), tighter.tightest(bound.quantity)
    assert before is None or after.value <= before.value


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(stimuli(), min_size=1, max_size=4), devices(), st.integers(100, 5_000))
def test_channels_cleared_together_would_each_be_cleared_alone(
    asked: list[Stimulus], device: DeviceBounds, area: int
) -> None:
    envelope = envelope_for(device, Electrode(area, site="left-quadriceps"))
    requests = {channel: (stimulus, envelope) for channel, stimulus in enumerate(asked, 1)}
    answer = clear_together(requests, co_contraction=True)
    alone = [clear(stimulus, envelope) for stimulus in asked]
    if isinstance(answer, dict) or not hasattr(answer, "limit_id"):
        assert all(isinstance(one, Cleared) for one in alone)
        assert set(answer) == set(requests)
    else:
        assert isinstance(answer, Refusal)
        assert answer.channel in requests
