"""Treatment protocols drawn from a seed, and every shipped one, as plans for a device."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random

from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import ProtocolFileError, UsageError
from stimctl.safety import Electrode
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import AnyPlan
from tests.support.treatment_samples import SHIPPED, shipped_text, treatment_head

AREA_MM2 = 5_000

Amplitudes = tuple[tuple[int, int], ...]
"""The channels in use, each with its goal (uA)."""

_HEAD = (
    treatment_head("drawn", "Drawn")
    + """[session]
duration = "20 min"
shortest = "10 s"
longest = "60 min"
"""
)
_SHAPES = ("triangle", "sine", "step")


def drawn_text(chance: Random) -> str:
    """A protocol that nobody wrote: one or two channels, continuous or with one cycle for all."""
    cycle = _cycle(chance) if chance.random() < 0.4 else ""
    channels = range(chance.choice((1, 1, 2)))
    return _HEAD + "".join(_channel(chance, f"role-{n}", cycle) for n in channels)


def _channel(chance: Random, role: str, cycle: str) -> str:
    return _channel_head(role, cycle) + _waveform(chance, cycled=bool(cycle)) + cycle


def _channel_head(role: str, cycle: str) -> str:
    motor = str(bool(cycle)).lower()
    return (
        f'[[channels]]\nrole = "{role}"\nmotor = {motor}\n'
        'amplitude = { target = "strong-comfortable" }\n'
        '[channels.waveform]\nshape = "biphasic-symmetric"\n'
    )


def _cycle(chance: Random, slowest: int = 800) -> str:
    """An on/off cycle whose period divides a minute: a session is a whole number of cycles."""
    period = 1_000 * chance.choice((5, 6, 10, 12, 15, 20, 30))
    on = chance.randint(2_000, period // 2)
    up, down = chance.randint(500, slowest), chance.randint(500, 800)
    return (
        f'[channels.cycle]\non = "{on} ms"\noff = "{period - on} ms"\n'
        f'ramp_up = "{up} ms"\nramp_down = "{down} ms"\n'
    )


def _sweep(chance: Random) -> str:
    return f'period = "{chance.randint(1_000, 20_000)} ms", shape = "{chance.choice(_SHAPES)}"'


def _width(chance: Random) -> str:
    widest = chance.randint(60, 400)
    text = f'phase_width = "{widest} us"\n'
    if chance.random() < 0.3:
        text = (
            f'phase_width_sweep = {{ lowest = "{chance.randint(50, widest - 1)} us", '
            f'highest = "{widest} us", {_sweep(chance)} }}\n'
        )
    return text


def _modulation(chance: Random, share: float) -> str:
    if chance.random() >= share:
        return ""
    lowest = chance.randint(0, 100)
    return f'amplitude_modulation = {{ lowest = "{lowest} %", {_sweep(chance)} }}\n'


def _waveform(chance: Random, *, cycled: bool) -> str:
    text = _width(chance)
    kinds = ("plain", "plain", "sweep") if cycled else ("plain", "plain", "sweep", "burst")
    kind = chance.choice(kinds)
    if kind == "plain":
        text += f'frequency = "{chance.randint(1_000, 130_000)} mHz"\n'
    elif kind == "burst":
        text += f'frequency = "{chance.randint(70, 120)} Hz"\n'
        text += f'burst = {{ pulses = {chance.randint(1, 8)}, frequency = "2 Hz" }}\n'
    else:
        low, high = chance.randint(1_000, 40_000), chance.randint(40_001, 130_000)
        text += (
            f'frequency_sweep = {{ lowest = "{low} mHz", highest = "{high} mHz", '
            f"{_sweep(chance)} }}\n"
        )
    return text + _modulation(chance, share=0.3)


def drawn_text_of_one_rhythm(chance: Random) -> str:
    """The same for a device whose channels have one rhythm for all, which never changes."""
    cycle = _cycle(chance) if chance.random() < 0.4 else ""
    low, high = chance.choice(((1_000, 125_000), (1_000, 10_000), (10_000, 62_500)))
    frequency = f'frequency = "{chance.randint(low, high)} mHz"\n'
    channels = range(chance.choice((1, 1, 2, 3)))
    return _HEAD + "".join(
        _channel_head(f"role-{n}", cycle)
        + _width(chance)
        + frequency
        + _modulation(chance, share=0.2)
        + cycle
        for n in channels
    )


def drawn_text_of_bursts(chance: Random) -> str:
    """Bursts at any rate, mostly in a cycle: one or two channels with one cycle for all."""
    cycle = _cycle(chance, slowest=3_000) if chance.random() < 0.92 else ""
    channels = range(chance.choice((1, 1, 2)))
    return _HEAD + "".join(
        _channel_head(f"role-{n}", cycle) + _width(chance) + _bursts(chance) + cycle
        for n in channels
    )


def _bursts(chance: Random) -> str:
    inside_hz = chance.randint(40, 200)
    pulses = chance.choice((1, 2, 2, 3, 3, 5, 7, 10))
    rarest, most = 500, 1_000 * inside_hz // (pulses + 1)
    burst_mhz = chance.choice((1_000, 2_000, 3_000, chance.randint(rarest, most)))
    return (
        f'frequency = "{inside_hz} Hz"\n'
        f'burst = {{ pulses = {pulses}, frequency = "{min(burst_mhz, most)} mHz" }}\n'
        + _modulation(chance, share=0.2)
    )


def drawn_text_of_groups(chance: Random) -> str:
    """Doublets and triplets that the device makes, all channels in one rhythm."""
    cycle = _cycle(chance, slowest=3_000) if chance.random() < 0.92 else ""
    inside_hz, pulses = chance.randint(65, 250), chance.choice((2, 2, 3))
    burst_mhz = chance.randint(1_000, 1_000 * inside_hz // (pulses + 2))
    rhythm = (
        f'frequency = "{inside_hz} Hz"\n'
        f'burst = {{ pulses = {pulses}, frequency = "{burst_mhz} mHz" }}\n'
    )
    channels = range(chance.choice((1, 1, 2, 3)))
    return _HEAD + "".join(
        _channel_head(f"role-{n}", cycle) + _width(chance) + rhythm + cycle for n in channels
    )


def drawn_amplitudes(chance: Random) -> Amplitudes:
    """One or two channels from the first on, whole mA."""
    count = chance.choice((1, 1, 2))
    return tuple((channel, 1_000 * chance.randint(2, 25)) for channel in range(1, count + 1))


def drawn_even_amplitudes(chance: Random) -> Amplitudes:
    """Up to three channels, perhaps of both modules, even mA."""
    channels = chance.choice(((1,), (1,), (6,), (1, 2), (2, 3), (1, 5), (4, 8), (1, 2, 6)))
    return tuple((channel, 2_000 * chance.randint(1, 12)) for channel in channels)


@lru_cache(maxsize=256)
def plan_for(
    sheet: CapabilitySheet,
    text_of: Callable[[Random], str],
    name: str,
    duration_s: int,
    amplitudes: Amplitudes,
) -> AnyPlan | None:
    """A shipped protocol (its name) or a drawn one (its number) on these channels; None: refused.

    A duration or an amplitude outside what the protocol allows is refused, never bent; so is a
    drawn protocol that breaks a rule of its own.
    """
    shipped = name in SHIPPED
    text = shipped_text(name) if shipped else text_of(Random(f"protocol/{name}"))
    setups = [
        ChannelSetup(channel, Level(CURRENT, amplitude_ua), Electrode(area_mm2=AREA_MM2, site=None))
        for channel, amplitude_ua in amplitudes
    ]
    try:
        protocol = load_protocol(text, name if shipped else "drawn")
        plan = compile_plan(protocol, sheet, setups, duration_us=duration_s * 1_000_000)
    except UsageError:
        return None
    except ProtocolFileError:
        if shipped:
            raise
        return None
    return plan if isinstance(plan, Plan) else None
