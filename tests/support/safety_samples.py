"""Devices, envelopes and stimuli that the safety tests share."""

from typing import Any

from stimctl.safety import Cleared, DeviceBounds, Electrode, Envelope, Refusal, clear, envelope_for
from stimctl.stimulus import Pulse, PulseShape, Stimulus

SYM, ASYM, MONO = PulseShape.SYMMETRIC, PulseShape.ASYMMETRIC, PulseShape.MONOPHASIC


def device(**changes: Any) -> DeviceBounds:
    values = {
        "name": "bench device",
        "channels": 8,
        "amplitude_max_ua": 130_000,
        "amplitude_step_ua": 500,
        "phase_width_min_us": 20,
        "phase_width_max_us": 4_000,
        "phase_width_step_us": 1,
        "interphase_gap_max_us": 1_000,
        "period_min_us": 500,
        "period_max_us": 16_383_500,
        "period_step_us": 500,
        "recovery_us": 100,
        "shapes": frozenset(PulseShape),
        "multiplexed": True,
        "compliance_mv": 150_000,
        "source": "made up for tests",
        "certainty": "D",
    }
    return DeviceBounds(**{**values, **changes})


def envelope(
    area_mm2: int = 2_500,
    at: str | None = None,
    device_: DeviceBounds | None = None,
    contact_permille: int = 1000,
    **layers: Any,
) -> Envelope:
    electrode = Electrode(area_mm2, contact_permille, at)
    return envelope_for(device_ or device(), electrode, **layers)


def stim(
    ma: float = 20.0,
    width_us: int = 200,
    hz: float = 50.0,
    shape: PulseShape = SYM,
    ratio: int = 1,
    gap_us: int = 0,
    **more: Any,
) -> Stimulus:
    pulse = Pulse(
        shape=shape,
        amplitude_ua=round(ma * 1000),
        phase_width_us=width_us,
        interphase_gap_us=gap_us,
        second_phase_ratio=ratio,
    )
    return Stimulus(pulse=pulse, frequency_mhz=round(hz * 1000), **more)


def cleared(*args: Any, **named: Any) -> Cleared:
    answer = clear(*args, **named)
    assert isinstance(answer, Cleared), answer
    return answer


def refused(*args: Any, **named: Any) -> Refusal:
    answer = clear(*args, **named)
    assert not isinstance(answer, Cleared), "this was to be refused"
    return answer
