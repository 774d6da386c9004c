"""The envelope of a channel: every bound in force, of which the smallest per quantity counts.

The built-in bounds (standard and device) are not stored in an envelope but worked out from the
profile and the device each time, so that no way of building one can leave them out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from stimctl.errors import UsageError
from stimctl.safety.bounds import STANDARD_BOUNDS, Bound, Layer, device_layer
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.safety.electrodes import Electrode
from stimctl.safety.limits import Action, Profile
from stimctl.safety.quantities import Quantity


@dataclass(frozen=True, slots=True)
class LayeredBounds:
    """The bounds that come from outside, by layer."""

    site: tuple[Bound, ...] = ()
    protocol: tuple[Bound, ...] = ()
    person: tuple[Bound, ...] = ()
    session: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is allowed on one channel. Build it with `envelope_for`.

    `added` holds the bounds of site, protocol, person and session; `bounds` is all of them.
    `allow_monophasic` must be given by whoever answers for it, beside a device that can.
    """

    device: DeviceBounds
    electrode: Electrode
    profile: Profile = Profile.CLINIC
    added: tuple[Bound, ...] = ()
    allow_monophasic: bool = False

    def __post_init__(self) -> None:
        right = (
            type(self.device) is DeviceBounds
            and type(self.electrode) is Electrode
            and type(self.profile) is Profile
            and type(self.added) is tuple
            and all(type(bound) is Bound for bound in self.added)
            and type(self.allow_monophasic) is bool
        )
        if not right:
            raise UsageError(
                "an envelope is built by envelope_for() only", what_to_do="use envelope_for()"
            )

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """Every bound in force: standard, device, then the added ones."""
        return STANDARD_BOUNDS[self.profile] + device_layer(self.device) + self.added

    def tightest(self, quantity: Quantity) -> Bound | None:
        """The smallest refusing bound on `quantity`, whatever the stimulus; None if none is.

        Bounds for a frequency band count as if they were for all, which is the stricter answer.
        """
        on_it = [b for b in self.bounds if b.quantity is quantity and b.action is not Action.WARN]
        return min(on_it, key=lambda b: (b.limit_at(0), not b.strict), default=None)

    def tightened(self, *bounds: Bound) -> Envelope:
        """The same envelope with more bounds; it never allows anything this one does not."""
        return replace(self, added=self.added + bounds)

    def digest(self) -> str:
        """SHA-256 (hex) of the effective limits: all bounds, device, electrode, profile."""
        device = {**asdict(self.device), "shapes": sorted(self.device.shapes)}
        content = {
            "bounds": sorted(json.dumps(b.as_dict(), sort_keys=True) for b in self.bounds),
            "device": device,
            "electrode": asdict(self.electrode),
            "profile": str(self.profile),
            "allow_monophasic": self.allow_monophasic,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def envelope_for(
    device: DeviceBounds,
    electrode: Electrode,
    *,
    profile: Profile = Profile.CLINIC,
    site: Iterable[Bound] = (),
    protocol: Iterable[Bound] = (),
    person: Iterable[Bound] = (),
    session: Iterable[Bound] = (),
    allow_monophasic: bool = False,
) -> Envelope:
    """Return the envelope of a channel; the smallest of all layers counts, per quantity.

    Raises UsageError for a bound that says it belongs to another layer than it is given for.
    """
    layers = ((Layer.SITE, site), (Layer.PROTOCOL, protocol), (Layer.PERSON, person),
              (Layer.SESSION, session))  # fmt: skip
    added: list[Bound] = []
    for layer, bounds in layers:
        for bound in bounds:
            if bound.layer is not layer:
                raise UsageError(f"a {bound.layer} bound was given for the {layer} layer")
            added.append(bound)
    return Envelope(device, electrode, profile, tuple(added), allow_monophasic)
