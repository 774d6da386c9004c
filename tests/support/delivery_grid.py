"""A grid of ordinary and odd treatments: what `check` clears of it must be what comes out.

Points are drawn by a seed from axes of on, off, ramps, rates, bursts, widths, amplitudes, pads and
second channels; nothing is chosen to suit the engine. Each becomes a protocol file, as a user's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.devices.registry import family
from stimctl.errors import StimctlError
from stimctl.safety import Electrode
from stimctl.safety.intensity import ATTENDED
from stimctl.stimulus.level import CURRENT, PERCENT, Level
from stimctl.treatment.load import load_any, load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import AnyPlan, PercentPlan
from stimctl.treatment.schema import PercentProtocol

RATES_HZ = (1, 2, 3, 4, 5, 7, 10, 12.5, 15, 20, 25, 30, 33, 35, 40, 45, 50, 60, 75, 80, 100, 120)
BURSTS = (  # pulses, rate inside, bursts a second
    (2, 200, 20), (2, 100, 10), (2, 200, 30), (2, 300, 25), (2, 50, 5), (3, 200, 10), (3, 300, 20),
    (3, 100, 15), (3, 50, 2), (4, 100, 5), (5, 100, 1), (5, 80, 3), (6, 150, 12), (7, 100, 2),
    (8, 100, 4), (9, 100, 1.5), (10, 100, 2), (10, 80, 1), (10, 200, 1.1), (15, 120, 3),
    (2, 200, 1), (2, 200, 3), (3, 200, 1.7), (1, 100, 2), (20, 100, 2.3),
)  # fmt: skip
ON_MS = (1250, 1300, 1500, 1700, 2000, 2500, 3000, 3700, 4000, 5000, 6000, 7300, 8000, 10000, 12000)
OFF_MS = (250, 700, 1000, 1300, 2000, 2600, 4000, 6000, 8000, 10000, 12000, 20000, 30000)
RAMPS_MS = (500, 510, 600, 650, 777, 800, 1000, 1200, 1500, 2000, 2500, 3000, 5000)
WIDTHS_US = (50, 100, 150, 200, 230, 250, 300, 350, 400, 500)
AMPLITUDES_MA = (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 15, 16, 18, 20, 25, 30, 40, 60)
AREAS_CM2 = (10, 16, 25, 36, 50, 96, 130)


@dataclass(frozen=True, slots=True)
class Cycle:
    """On, off, both ramps and the delay of the first on, in ms."""

    on: int
    off: int
    up: int
    down: int
    after: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """One channel."""

    rate_hz: float
    burst: tuple[int, float, float] | None
    width_us: int
    cycle: Cycle | None
    amplitude_ua: int


@dataclass(frozen=True, slots=True)
class Point:
    """One treatment; `str()` gives it in one line, to be found again."""

    number: int
    shapes: tuple[Shape, ...]
    area_cm2: int
    duration_ms: int


def points(seed: int) -> Iterator[Point]:
    """Without end."""
    rng = random.Random(seed)
    number = 0
    while True:
        yield _point(rng, number)
        number += 1


def _point(rng: random.Random, number: int) -> Point:
    first = _shape(rng, rng.choice((None, *(_cycle(rng) for _ in range(4)))))
    shapes = [first]
    if rng.random() < 0.3:
        cycle = first.cycle
        if cycle is not None:
            other = _cycle(rng)
            period = cycle.on + cycle.off
            if other.on < period:
                after = rng.choice((0, (period - other.on) // 2, period - other.on))
                cycle = Cycle(other.on, period - other.on, other.up, other.down, after)
        shapes.append(_shape(rng, cycle))
    cycles = first.cycle
    if cycles is None:
        duration_ms = rng.choice((10_000, 12_000, 20_000, 33_000, 60_000))
    else:
        period = cycles.on + cycles.off
        duration_ms = period * rng.choice(
            [n for n in (1, 2, 3, 4, 6, 10, 20) if n * period <= 90_000 or n == 1]
        )
    return Point(number, tuple(shapes), rng.choice(AREAS_CM2), duration_ms)


def _cycle(rng: random.Random) -> Cycle:
    return Cycle(rng.choice(ON_MS), rng.choice(OFF_MS), rng.choice(RAMPS_MS), rng.choice(RAMPS_MS))


def _shape(rng: random.Random, cycle: Cycle | None) -> Shape:
    fitting = [one for one in BURSTS if cycle is None or 5_050 / one[2] <= cycle.up]
    burst = rng.choice(fitting or BURSTS) if rng.random() < 0.5 else None
    rate = burst[1] if burst else rng.choice(RATES_HZ)
    amplitude_ua = int(rng.choice(AMPLITUDES_MA) * 1000)
    return Shape(rate, burst, rng.choice(WIDTHS_US), cycle, amplitude_ua)


def protocol_text(point: Point) -> str:
    """The point as a protocol file of a user."""
    parts = [
        'schema = "treatment-v1"', 'id = "grid"', 'version = "1.0"', 'title = "Grid"',
        'purpose = "Grid."', 'sources = ["a grid"]', 'contraindications = ["C01"]',
        '[evidence]', 'grade = "D"', 'lines = ["None (D)."]',
        '[electrodes]', 'minimum_area = "1 cm2"', 'placement = "anywhere"',
        '[session]', f'duration = "{point.duration_ms} ms"', f'shortest = "{point.duration_ms} ms"',
        'longest = "60 min"',
    ]  # fmt: skip
    for index, shape in enumerate(point.shapes):
        parts += _channel_text(index, shape)
    return "\n".join(parts) + "\n"


def _channel_text(index: int, shape: Shape) -> list[str]:
    lines = [
        "[[channels]]", f'role = "role-{index}"', "motor = false",
        "[channels.amplitude]", 'target = "strong-comfortable"',
        "[channels.waveform]", 'shape = "biphasic-symmetric"',
        f'phase_width = "{shape.width_us} us"', f'frequency = "{shape.rate_hz} Hz"',
    ]  # fmt: skip
    if shape.burst is not None:
        lines.append(f'burst = {{ pulses = {shape.burst[0]}, frequency = "{shape.burst[2]} Hz" }}')
    cycle = shape.cycle
    if cycle is not None:
        lines += [
            "[channels.cycle]", f'on = "{cycle.on} ms"', f'off = "{cycle.off} ms"',
            f'ramp_up = "{cycle.up} ms"', f'ramp_down = "{cycle.down} ms"',
            f'start_after = "{cycle.after} ms"',
        ]  # fmt: skip
    return lines


def plan_for(point: Point, device: str) -> AnyPlan | str:
    """The plan, as `check` clears it, or why it is refused."""
    setups = [
        ChannelSetup(
            number,
            Level(CURRENT, shape.amplitude_ua),
            Electrode(area_mm2=point.area_cm2 * 100, site=None),
        )
        for number, shape in enumerate(point.shapes, start=1)
    ]
    try:
        protocol = load_protocol(protocol_text(point), "grid")
        plan = compile_plan(protocol, family(device).sheet, setups)
    except StimctlError as error:
        return str(error)
    return plan if isinstance(plan, Plan) else plan.message


# -- for a device that lets through what another one gives


PERCENTS = (1, 2, 3, 4, 5, 7, 10, 15, 25)
_STEP_MS = 450
"""A hand raises one percent in that time, in the hold only."""


@dataclass(frozen=True, slots=True)
class GatedPoint:
    """One treatment for an openEMSstim: one or two channels; None = without a cycle."""

    number: int
    cycles: tuple[Cycle | None, ...]
    percents: tuple[int, ...]
    duration_ms: int


def gated_points(seed: int) -> Iterator[GatedPoint]:
    """Without end."""
    rng = random.Random(seed)
    number = 0
    while True:
        yield _gated_point(rng, number)
        number += 1


def _gated_point(rng: random.Random, number: int) -> GatedPoint:
    if rng.random() < 0.1:
        channels = rng.choice((1, 2))
        percents = tuple(rng.choice(PERCENTS) for _ in range(channels))
        duration_ms = rng.choice((10_000, 17_000, 25_000, 40_000)) + _STEP_MS * 2 * max(percents)
        return GatedPoint(number, (None,) * channels, percents, duration_ms)
    first = _cycle(rng)
    period = first.on + first.off
    cycles = [replace(first, after=rng.choice((0, 0, 0, first.off // 2, first.off)))]
    if rng.random() < 0.4:
        other = _cycle(rng)
        if other.on < period:
            after = rng.choice((0, (period - other.on) // 2, period - other.on))
            cycles.append(Cycle(other.on, period - other.on, other.up, other.down, after))
    percents = tuple(rng.choice(_reached(one, period)) for one in cycles)
    raising = max(-(-percent // _steps(one)) for percent, one in zip(percents, cycles, strict=True))
    count = raising + rng.choice((2, 3, 4))
    return GatedPoint(number, tuple(cycles), percents, period * max(count, -(-10_000 // period)))


def _steps(cycle: Cycle) -> int:
    """How many percent a hand raises in one hold, at least."""
    return max(1, (cycle.on - cycle.up - cycle.down) // (2 * _STEP_MS))


def _reached(cycle: Cycle, period_ms: int) -> tuple[int, ...]:
    """What is reached in about a minute, or in two contractions."""
    contractions = max(2, 60_000 // period_ms)
    return tuple(one for one in PERCENTS if one <= contractions * _steps(cycle))


def gated_plan(point: GatedPoint) -> PercentPlan | str:
    """The plan, as it is cleared, or why it is refused."""
    head = protocol_text(Point(0, (), 50, point.duration_ms)).replace("treatment-v1", "gated-v1")
    parts = [
        head.replace("[session]", EXTERNAL + "[session]"),
        *(_gated_channel(index, cycle) for index, cycle in enumerate(point.cycles)),
    ]
    setups = [
        ChannelSetup(channel, Level(PERCENT, percent), Electrode(area_mm2=5_000))
        for channel, percent in enumerate(point.percents, start=1)
    ]
    try:
        protocol = load_any("\n".join(parts), "grid")
        assert isinstance(protocol, PercentProtocol)
        plan = compile_plan(
            protocol,
            OPENEMSSTIM_SHEET,
            setups,
            acknowledged=frozenset({ATTENDED}),
        )
    except StimctlError as error:
        return str(error)
    return plan if isinstance(plan, Plan) else plan.message


EXTERNAL = """[external]
unit = "A unit."
settings = "Continuous."
dial = "At its lowest."
"""


def _gated_channel(index: int, cycle: Cycle | None) -> str:
    head = (
        f'[[channels]]\nrole = "role-{index}"\nmotor = false\n'
        '[channels.intensity]\ntarget = "strong-comfortable"\n'
    )
    if cycle is None:
        return head
    return head + (
        f'[channels.cycle]\non = "{cycle.on} ms"\noff = "{cycle.off} ms"\n'
        f'ramp_up = "{cycle.up} ms"\nramp_down = "{cycle.down} ms"\n'
        f'start_after = "{cycle.after} ms"\n'
    )
