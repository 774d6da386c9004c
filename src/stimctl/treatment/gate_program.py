"""A compiled plan for a device without current control: who, for how long, up to which percent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from stimctl.devices.sheet import CapabilitySheet
from stimctl.quantity import format_duration
from stimctl.safety import ClearedIntensity, Electrode
from stimctl.stimulus import Cycle
from stimctl.treatment.gated_schema import GatedProtocol
from stimctl.treatment.program import plain


@dataclass(frozen=True, slots=True)
class GateSetup:
    """What the operator says about one channel.

    `intensity_percent`: what it may be raised to at most, by hand.
    """

    channel: int
    intensity_percent: int
    electrode: Electrode


@dataclass(frozen=True, slots=True)
class GateChannel:
    """One channel of a gated plan."""

    channel: int
    role: str
    setup: GateSetup
    cleared: ClearedIntensity
    motor: bool
    cycle: Cycle | None = None
    start_after_us: int = 0

    @property
    def step_percent(self) -> int:
        """One step of the device."""
        return self.cleared.bounds.step_percent


@dataclass(frozen=True, slots=True, repr=False)
class GatePlan:
    """A file for external pulses compiled for one device, set of electrodes and person's limits."""

    protocol: GatedProtocol
    sheet: CapabilitySheet
    channels: tuple[GateChannel, ...]
    duration_us: int
    notes: tuple[str, ...] = ()

    def channel(self, number: int) -> GateChannel:
        """The plan's part for device channel `number`; KeyError where it has none."""
        for one in self.channels:
            if one.channel == number:
                return one
        raise KeyError(number)

    def __repr__(self) -> str:
        numbers = ", ".join(str(one.channel) for one in self.channels)
        return (
            f"<GatePlan {self.protocol.id} on {self.sheet.family}, channels {numbers}, "
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
                    "limits": one.cleared.digest(),
                    "intensity_percent": one.cleared.percent,
                    "motor": one.motor,
                    "cycle": plain(one.cycle),
                    "start_after_us": one.start_after_us,
                }
                for one in self.channels
            ],
            "duration_us": self.duration_us,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()
