"""Protocol texts and plans for the tests of the treatment part."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Electrode, Refusal
from stimctl.stimulus.level import CURRENT, Current, Level
from stimctl.treatment import (
    ChannelSetup,
    CurrentPlan,
    TreatmentProtocol,
    compile_plan,
    load_protocol,
)
from tests.support.paths import ROOT

PROTOCOLS = ROOT / "protocols"
SHIPPED = tuple(sorted(path.stem for path in PROTOCOLS.glob("*.toml")))
# A usual amplitude of each kind of treatment, in uA.
USUAL_UA = {"tens": 25_000, "nmes": 50_000, "ttns": 20_000, "fes": 40_000, "custom": 40_000}


def treatment_head(name: str, title: str) -> str:
    """All of a protocol but its session and its channels."""
    return f"""schema = "treatment-v1"
id = "{name}"
version = "1.0"
title = "{title}"
purpose = "Tests."
sources = ["none"]
contraindications = ["C01"]
[evidence]
grade = "D"
lines = ["Made up for a test (D)."]
[electrodes]
minimum_area = "10 cm2"
placement = "Anywhere."
"""


HEAD = treatment_head("sample", "Sample")


def shipped_text(name: str) -> str:
    return (PROTOCOLS / f"{name}.toml").read_text(encoding="utf-8")


def loaded_v1(text: str, file_name: str = "sample.toml") -> TreatmentProtocol:
    """A file of the schema without stages."""
    protocol = load_protocol(text, file_name)
    assert isinstance(protocol, TreatmentProtocol), file_name
    return protocol


def shipped(name: str) -> TreatmentProtocol:
    return loaded_v1(shipped_text(name), f"{name}.toml")


def usual_ua(name: str) -> int:
    return USUAL_UA[name.partition("-")[0]]


def setup(
    channel: int = 1, amplitude_ua: int = 20_000, area_mm2: int = 2_500
) -> ChannelSetup[Current]:
    return ChannelSetup(channel, level_of(amplitude_ua), Electrode(area_mm2))


def level_of(amplitude_ua: int) -> Level[Current]:
    """A current, also one that `Level` would refuse, as somebody could forge it."""
    level: Level[Current] = object.__new__(Level)
    object.__setattr__(level, "scale", CURRENT)
    object.__setattr__(level, "value", amplitude_ua)
    return level


def plan_of(
    protocol: TreatmentProtocol, *setups: ChannelSetup[Current], duration_us: int | None = None
) -> CurrentPlan:
    plan = compile_plan(protocol, P24_SHEET, setups or (setup(),), duration_us=duration_us)
    assert not isinstance(plan, Refusal), plan.message
    return plan


def session_text(seconds: int) -> str:
    return f'[session]\nduration = "{seconds} s"\nshortest = "10 s"\nlongest = "60 min"\n'


def channel_text(
    waveform: str, *, role: str = "one", motor: bool = False, cycle: str = "", more: str = ""
) -> str:
    text = f"""[[channels]]
role = "{role}"
motor = {str(motor).lower()}
amplitude = {{ target = "strong-comfortable" }}
{more}
[channels.waveform]
shape = "biphasic-symmetric"
{waveform}
"""
    return text + (f"[channels.cycle]\n{cycle}\n" if cycle else "")


def sample_text(seconds: int, *channels: str, head: str = HEAD) -> str:
    return head + session_text(seconds) + "".join(channels)


def sample(seconds: int, *channels: str) -> TreatmentProtocol:
    return loaded_v1(sample_text(seconds, *channels))


SWEEP_SHAPES = st.sampled_from(["triangle", "sine", "step"])


@st.composite
def waveforms(draw: st.DrawFn, hold_ms: int = 2_000, up_ms: int = 10_000) -> str:
    """Any waveform that a P24 can do, with pulses or bursts in each hold (W11), and enough
    bursts in the ramp (W12)."""
    slowest_mhz = max(1000, -(-1_000_000 // hold_ms))
    slowest_burst_mhz = max(1000, -(-1_000_000 // min(hold_ms - 120, up_ms // 250 * 50)))
    lines = []
    widest = draw(st.integers(60, 400))
    if draw(st.booleans()):
        narrowest = draw(st.integers(50, widest - 1))
        lines.append(
            f'phase_width_sweep = {{ lowest = "{narrowest} us", highest = "{widest} us", '
            f'period = "{draw(st.integers(1000, 9000))} ms", shape = "{draw(SWEEP_SHAPES)}" }}'
        )
    else:
        lines.append(f'phase_width = "{widest} us"')
    rates = ["plain", "sweep", "burst"] if slowest_burst_mhz <= 5000 else ["plain", "sweep"]
    rate = draw(st.sampled_from(rates))
    if rate == "burst":
        pulses, bursts = draw(st.integers(1, 8)), draw(st.integers(slowest_burst_mhz, 5000))
        lines.append(f'frequency = "{draw(st.integers(70, 120))} Hz"')
        lines.append(f'burst = {{ pulses = {pulses}, frequency = "{bursts} mHz" }}')
    elif rate == "sweep":
        low, high = draw(st.integers(slowest_mhz, 40_000)), draw(st.integers(40_001, 130_000))
        lines.append(
            f'frequency_sweep = {{ lowest = "{low} mHz", highest = "{high} mHz", '
            f'period = "{draw(st.integers(1000, 9000))} ms", shape = "{draw(SWEEP_SHAPES)}" }}'
        )
    else:
        lines.append(f'frequency = "{draw(st.integers(slowest_mhz, 130_000))} mHz"')
    if draw(st.booleans()):
        lines.append(
            f'amplitude_modulation = {{ lowest = "{draw(st.integers(0, 100))} %", '
            f'period = "{draw(st.integers(1000, 9000))} ms", shape = "{draw(SWEEP_SHAPES)}" }}'
        )
    return "\n".join(lines)


def cycle_text(on: int, off: int, up: int, down: int, after: int = 0) -> str:
    """A cycle, its times in ms."""
    return (
        f'on = "{on} ms"\noff = "{off} ms"\nramp_up = "{up} ms"\nramp_down = "{down} ms"\n'
        f'start_after = "{after} ms"'
    )


@st.composite
def protocol_texts(draw: st.DrawFn) -> str:
    """A valid protocol with one or two channels, continuous or with cycles."""
    count = draw(st.integers(1, 2))
    roles: list[dict[str, Any]] = [{"role": f"role-{n}"} for n in range(count)]
    seconds, hold, up = draw(st.integers(10, 25)), 2_000, 10_000
    if draw(st.booleans()):
        up, down = draw(st.integers(500, 1500)), draw(st.integers(500, 1500))
        hold = draw(st.integers(250, 2000))
        on = up + down + hold
        off = draw(st.integers(on, 4000 + on)) // 100 * 100 + 1000
        off += -(on + off) % 1000
        period = (on + off) // 1000
        seconds = period * draw(st.integers(-(-10 // period), max(-(-10 // period), 20 // period)))
        for role in roles:
            role["cycle"] = cycle_text(on, off, up, down, draw(st.integers(0, off)))
            role["motor"] = draw(st.booleans())
    return sample_text(
        seconds, *(channel_text(draw(waveforms(hold, up)), **role) for role in roles)
    )
