"""Treatment protocols drawn from a seed, and every shipped one, as plans for a P24."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import UsageError
from stimctl.safety import Electrode
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan

PROTOCOLS = Path(__file__).resolve().parents[2] / "protocols"
SHIPPED = tuple(sorted(path.stem for path in PROTOCOLS.glob("*.toml")))
AREA_MM2 = 5_000
STEP_UA = P24_SHEET.bounds.amplitude_step_ua

_HEAD = """schema = "treatment-v1"
id = "drawn"
version = "1.0"
title = "Drawn"
purpose = "Tests."
sources = ["none"]
contraindications = ["C01"]
[evidence]
grade = "D"
lines = ["Made up for a test (D)."]
[electrodes]
minimum_area = "10 cm2"
placement = "Anywhere."
[session]
duration = "20 min"
shortest = "10 s"
longest = "60 min"
"""
_SHAPES = ("triangle", "sine", "step")


def drawn_text(chance: Random) -> str:
    """A protocol that nobody wrote: one or two channels, continuous or with one cycle for all."""
    cycle = _cycle(chance) if chance.random() < 0.4 else ""
    channels = range(chance.choice((1, 1, 2)))
    return _HEAD + "".join(_channel(chance, f"role-{n}", cycle) for n in channels)


def _channel(chance: Random, role: str, cycle: str) -> str:
    motor = str(bool(cycle)).lower()
    return (
        f'[[channels]]\nrole = "{role}"\nmotor = {motor}\n'
        'amplitude = { target = "strong-comfortable" }\n'
        '[channels.waveform]\nshape = "biphasic-symmetric"\n'
        + _waveform(chance, cycled=bool(cycle))
        + cycle
    )


def _cycle(chance: Random) -> str:
    """An on/off cycle whose period divides a minute: a session is a whole number of cycles."""
    period = 1_000 * chance.choice((5, 6, 10, 12, 15, 20, 30))
    on = chance.randint(2_000, period // 2)
    up, down = chance.randint(500, 800), chance.randint(500, 800)
    return (
        f'[channels.cycle]\non = "{on} ms"\noff = "{period - on} ms"\n'
        f'ramp_up = "{up} ms"\nramp_down = "{down} ms"\n'
    )


def _sweep(chance: Random) -> str:
    return f'period = "{chance.randint(1_000, 20_000)} ms", shape = "{chance.choice(_SHAPES)}"'


def _waveform(chance: Random, *, cycled: bool) -> str:
    widest = chance.randint(60, 400)
    text = f'phase_width = "{widest} us"\n'
    if chance.random() < 0.3:
        text = (
            f'phase_width_sweep = {{ lowest = "{chance.randint(50, widest - 1)} us", '
            f'highest = "{widest} us", {_sweep(chance)} }}\n'
        )
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
    if chance.random() < 0.3:
        lowest = chance.randint(0, 100)
        text += f'amplitude_modulation = {{ lowest = "{lowest} %", {_sweep(chance)} }}\n'
    return text


@lru_cache(maxsize=256)
def plan_for(name: str, duration_s: int, *amplitudes_ua: int) -> Plan | None:
    """A shipped protocol (its name) or a drawn one (its number) on these channels; None: refused.

    A duration or an amplitude outside what the protocol allows is refused, never bent.
    """
    text = (PROTOCOLS / f"{name}.toml").read_text("utf-8") if name in SHIPPED else None
    if text is None:
        text = drawn_text(Random(f"protocol/{name}"))
    setups = [
        ChannelSetup(channel, amplitude_ua, Electrode(area_mm2=AREA_MM2, site=None))
        for channel, amplitude_ua in enumerate(amplitudes_ua, start=1)
    ]
    protocol = load_protocol(text, name if name in SHIPPED else "drawn")
    try:
        plan = compile_plan(protocol, P24_SHEET, setups, duration_us=duration_s * 1_000_000)
    except UsageError:
        return None
    return plan if isinstance(plan, Plan) else None
