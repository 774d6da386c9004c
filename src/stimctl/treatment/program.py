"""A compiled plan as data: who does what, for how long, within which limits, and its digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel

from stimctl.devices.sheet import CapabilitySheet
from stimctl.quantity import format_duration
from stimctl.safety import Cleared, Electrode
from stimctl.stimulus import Burst, Stimulus
from stimctl.treatment.schema import TreatmentProtocol


@dataclass(frozen=True, slots=True)
class ChannelSetup:
    """What the operator says about one device channel.

    `amplitude_ua`: what the raise goes to at most, in uA, on the device's grid; 0 is allowed and
    means a session without output on this channel.
    """

    channel: int
    amplitude_ua: int
    electrode: Electrode


@dataclass(frozen=True, slots=True)
class PlanChannel:
    """One device channel of a plan. `stimulus` is the cleared one, `period_us` what the device
    makes of its highest frequency (never shorter than asked)."""

    channel: int
    role: str
    setup: ChannelSetup
    stimulus: Stimulus
    cleared: Cleared
    period_us: int
    step_ua: int
    width_step_us: int
    start_after_us: int = 0
    notes: tuple[str, ...] = ()

    @property
    def host_burst(self) -> Burst | None:
        """The bursts that the host opens and closes; None where the device makes them itself."""
        return None if self.cleared.group is not None else self.stimulus.burst

    @property
    def pulses_a_period(self) -> int:
        """How many pulses the device gives in each period."""
        group = self.cleared.group
        return 1 if group is None else group.pulses

    @property
    def amplitude_ua(self) -> int:
        """Where the raise ends, in uA."""
        return self.setup.amplitude_ua


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """A treatment protocol compiled for one device, one set of electrodes, one person's limits."""

    protocol: TreatmentProtocol
    sheet: CapabilitySheet
    channels: tuple[PlanChannel, ...]
    duration_us: int
    notes: tuple[str, ...] = ()

    def channel(self, number: int) -> PlanChannel:
        """The plan's part for device channel `number`; KeyError where it has none."""
        for one in self.channels:
            if one.channel == number:
                return one
        raise KeyError(number)

    def __repr__(self) -> str:
        numbers = ", ".join(str(one.channel) for one in self.channels)
        return (
            f"<Plan {self.protocol.id} on {self.sheet.family}, channels {numbers}, "
            f"{format_duration(self.duration_us)}>"
        )

    def digest(self) -> str:
        """SHA-256 (hex) of everything that decides what the plan does, and within which limits."""
        content = {
            "protocol": plain(self.protocol),
            "sheet": plain(self.sheet),
            "channels": [
                {
                    "channel": one.channel,
                    "role": one.role,
                    "setup": plain(one.setup),
                    "stimulus": plain(one.stimulus),
                    "limits": one.cleared.envelope.digest(),
                    "period_us": one.period_us,
                    "step_ua": one.step_ua,
                    "width_step_us": one.width_step_us,
                    "start_after_us": one.start_after_us,
                }
                for one in self.channels
            ],
            "duration_us": self.duration_us,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


_PLAIN = frozenset({type(None), bool, int, float, str})


def plain(value: Any) -> Any:
    """`value` as JSON-able data whose text does not depend on the process (sets are sorted)."""
    if type(value) in _PLAIN:  # most are; an Enum may be a str, but is of its own type
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (str, int, float, bool)):
        return value
    return str(value)
