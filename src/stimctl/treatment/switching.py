"""What of a functional stage is known beforehand, as data: its inputs, and what they switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stimctl.treatment.activation import Timing
from stimctl.treatment.inputs_schema import Edge, InputKind, PhaseUnit, Source

HOST_US = 10_000
"""From a sample that has arrived to the bytes that leave (D; measured median below 1 ms)."""
LINE_SOURCE_US = 2_000
OTHER_SOURCE_US = 20_000
"""From the sensor to a sample that has arrived, where nobody says otherwise (D)."""


def source_us(source: Source) -> int:
    """How long a sample takes by this way, where nobody says otherwise (K15)."""
    return LINE_SOURCE_US if source is Source.LINE else OTHER_SOURCE_US


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a plan. A rate is in thousandths of a turn a minute."""

    name: str
    kind: InputKind
    sources: tuple[Source, ...]
    fresh_for_us: int
    settles_us: int
    latency_us: int
    unit: PhaseUnit | None = None
    slowest_mrpm: int = 0
    fastest_mrpm: int = 0

    @property
    def quickest_us(self) -> int:
        """How long a sample takes by the quickest way that the file allows."""
        return min(map(source_us, self.sources))


@dataclass(frozen=True, slots=True)
class Switch:
    """When one channel is on. Places are thousandths of a degree; what is not of the kind of its
    input is None."""

    input: str
    timing: Timing
    start: Edge | None = None
    stop: Edge | None = None
    extend_us: int = 0
    from_mdeg: int = 0
    to_mdeg: int = 0
    lead_us: int = 0
    above_permille: int | None = None
    below_permille: int | None = None
    ends_by_input: bool = True
    """The input ends it, too, and not only time."""


@dataclass(frozen=True, slots=True)
class Switching:
    """A functional stage. Channels by number.

    `exclusive`: pairs of which the second starts only when the first is acknowledged off (W18).
    `held_in`: by channel, the stages whose on time counts for its fast ramps: their waveform is
    nowhere weaker than the one of this stage (A14).
    """

    inputs: tuple[InputSpec, ...]
    switches: Mapping[int, Switch]
    exclusive: tuple[tuple[int, int], ...]
    held_in: Mapping[int, tuple[int, ...]]

    def against(self, channel: int) -> tuple[int, ...]:
        """The channels that must be off before this one starts."""
        pairs = (pair for pair in self.exclusive if channel in pair)
        return tuple(one for pair in pairs for one in pair if one != channel)
