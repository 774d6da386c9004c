"""One bound in force: whose it is, what it bounds, how much, and where the number comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from stimctl.errors import UsageError
from stimctl.safety.device_bounds import DeviceBounds, PercentBounds
from stimctl.safety.limits import LIMIT_BY_ID, LIMITS, Action, Limit, Profile
from stimctl.safety.quantities import INFO, Quantity, value_text

_US_MHZ = 10**9


class Layer(StrEnum):
    """Who set a bound. Every layer can only lower what the ones before it allow."""

    STANDARD = "standard"
    DEVICE = "device"
    SITE = "site"
    PROTOCOL = "protocol"
    PERSON = "person"
    SESSION = "session"


LAYER_LIMIT_ID = {
    Layer.SITE: "L-SITE",
    Layer.PROTOCOL: "L-SES",
    Layer.PERSON: "L-PAT",
    Layer.SESSION: "L-SES",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A quantity may be at most `value` (below it, where `strict`), in the quantity's unit.

    `slope_per_ms` is added to the value for each ms of phase width; `band_mhz` restricts the
    bound to currents whose lowest defining frequency is above its first and up to its second
    number. Raises UsageError for a value that is no bound (negative, NaN, infinite, bool).
    """

    limit_id: str
    layer: Layer
    quantity: Quantity
    value: int | float
    unit: str
    action: Action
    source: str
    certainty: str
    strict: bool = False
    slope_per_ms: int = 0
    band_mhz: tuple[int, int | None] | None = None

    def __post_init__(self) -> None:
        info = INFO.get(self.quantity)
        if type(self.quantity) is not Quantity or info is None or self.unit != info.unit:
            raise self._wrong(f"{self.quantity!r} is not bounded in {self.unit!r}")
        if type(self.layer) is not Layer or type(self.action) is not Action:
            raise self._wrong(f"layer {self.layer!r}, action {self.action!r}")
        if type(self.value) not in (int, float) or not math.isfinite(self.value) or self.value < 0:
            raise self._wrong(f"its value is {self.value!r}")
        if self.strict and self.value == 0:
            raise self._wrong("a limit that is exclusive must be above 0")
        if self.action not in (Action.BLOCK, Action.CEILING, Action.WARN):
            raise self._wrong(f"a {self.action} row of the table sets no limit")

    def _wrong(self, why: str) -> UsageError:
        return UsageError(f"bound {self.limit_id} is invalid", why=why)

    def limit_at(self, phase_width_us: int) -> Fraction:
        """The exact limit for a phase of this width, in `unit`."""
        # str() of a float is the number that was written; its binary value may be a hair off.
        return Fraction(str(self.value)) + Fraction(self.slope_per_ms * phase_width_us, 1_000)

    def in_band(self, frequency_mhz: int) -> bool:
        """Whether the bound is about currents of this lowest defining frequency."""
        if self.band_mhz is None:
            return True
        above, upto = self.band_mhz
        return above < frequency_mhz and (upto is None or frequency_mhz <= upto)

    @property
    def text(self) -> str:
        """The value with its unit, for people."""
        slope = f" + {self.slope_per_ms} {self.unit}/ms" if self.slope_per_ms else ""
        return value_text(self.quantity, self.value) + slope

    def as_dict(self) -> dict[str, Any]:
        """The bound as JSON-able values."""
        return {
            "limit_id": self.limit_id,
            "layer": str(self.layer),
            "quantity": str(self.quantity),
            "value": self.value,
            "unit": self.unit,
            "action": str(self.action),
            "strict": self.strict,
            "slope_per_ms": self.slope_per_ms,
            "band_mhz": None if self.band_mhz is None else list(self.band_mhz),
            "source": self.source,
            "certainty": self.certainty,
        }


def _bound_of(limit: Limit, profile: Profile) -> Bound | None:
    if limit.quantity is None or limit.value is None or profile not in limit.profiles:
        return None
    action = limit.action
    if profile is Profile.RESEARCH and limit.research_action is not None:
        action = limit.research_action
    return Bound(
        limit.id, Layer.STANDARD, limit.quantity, limit.value, limit.unit, action, limit.source,
        limit.certainty, limit.strict, limit.slope_per_ms, limit.band_mhz,
    )  # fmt: skip


def _standard_bounds(profile: Profile) -> tuple[Bound, ...]:
    rows = (_bound_of(limit, profile) for limit in LIMITS)
    return tuple(row for row in rows if row is not None)


STANDARD_BOUNDS = {profile: _standard_bounds(profile) for profile in Profile}


def device_bound(device: DeviceBounds | PercentBounds, quantity: Quantity, value: int) -> Bound:
    """One upper bound that follows from a device."""
    return Bound(
        "L-DEV", Layer.DEVICE, quantity, value, INFO[quantity].unit,
        LIMIT_BY_ID["L-DEV"].action, f"{device.name}: {device.source}", device.certainty,
    )  # fmt: skip


def device_layer(device: DeviceBounds) -> tuple[Bound, ...]:
    """The upper bounds that follow from a source of current."""
    found = {
        Quantity.AMPLITUDE: device.amplitude_max_ua,
        Quantity.PHASE_WIDTH: device.phase_width_max_us,
        Quantity.INTERPHASE_GAP: device.interphase_gap_max_us,
        Quantity.FREQUENCY: _US_MHZ // device.period_min_us,
    }
    if device.pulses_per_burst_max is not None:
        found[Quantity.PULSES_PER_BURST] = device.pulses_per_burst_max
    return tuple(device_bound(device, quantity, value) for quantity, value in found.items())
