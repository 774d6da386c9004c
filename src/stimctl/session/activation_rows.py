"""Events of a functional stage: what its inputs have started and ended."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.session.reasons import Reason
from stimctl.session.row_base import Event, Kind


@dataclass(frozen=True, slots=True)
class Activation(Event):
    """An input starts a channel; durable before its first set point (K17). `level`: where it goes.
    `sample_age_us`: how old the sample was that started it."""

    kind = Kind.ACTIVATION
    channel: int
    number: int
    input: str
    level: int
    unit: str
    sample_age_us: int


@dataclass(frozen=True, slots=True)
class ActivationEnded(Event):
    """A channel is off again. `why`: "stop", "lost" (the input), "longest", or "interrupted".
    `acked`: the highest output that the device has accepted in it; `first_acked_us`: from the
    sample to the first that it accepted, null where it accepted none."""

    kind = Kind.ACTIVATION_ENDED
    channel: int
    number: int
    why: str
    on_us: int
    acked: int
    unit: str
    first_acked_us: int | None


@dataclass(frozen=True, slots=True)
class ActivationSkipped(Event):
    """Starts that gave nothing: `times` of them since the last such row of the channel."""

    kind = Kind.ACTIVATION_SKIPPED
    channel: int
    input: str
    reason: Reason
    times: int
