"""Fresh, validated copies of what was handed in: nothing from outside is trusted as it is.

A pydantic model can be built without validation (`model_construct`), copied with other values
(`model_copy(update=)`) or changed through its `__dict__`; a frozen dataclass through
`object.__setattr__`. So the values are read out and everything is built anew.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from stimctl.errors import StimctlError
from stimctl.safety.bounds import Bound, Layer
from stimctl.safety.device_bounds import DeviceBounds, PercentBounds
from stimctl.safety.electrodes import Electrode
from stimctl.safety.envelope import Envelope, LayeredBounds
from stimctl.stimulus import AmplitudeModulation, Burst, Cycle, Pulse, Stimulus, Sweep
from stimctl.stimulus.modulation import Window

_PARTS = frozenset({Pulse, Burst, Sweep, AmplitudeModulation, Cycle, Window})
_T = TypeVar("_T", Bound, DeviceBounds, Electrode, PercentBounds)


class UntrustedError(Exception):
    """What was handed in is not what it claims to be."""


def fresh_stimulus(stimulus: object) -> Stimulus:
    """Return a validated copy of `stimulus`; raises UntrustedError."""
    if type(stimulus) is not Stimulus:
        raise UntrustedError(f"{type(stimulus).__name__} is not a Stimulus")
    try:
        return Stimulus.model_validate(_values(stimulus))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UntrustedError(f"{field}: {first['msg']}" if field else first["msg"]) from None


def _values(model: BaseModel) -> dict[str, Any]:
    """The model's own values; parts of the known kinds become plain dictionaries too."""
    stored = object.__getattribute__(model, "__dict__")
    return {
        name: _values(value) if type(value) in _PARTS else value for name, value in stored.items()
    }


def fresh_envelope(envelope: object) -> Envelope:
    """Return a validated copy of `envelope`; raises UntrustedError."""
    if type(envelope) is not Envelope:
        raise UntrustedError(f"{type(envelope).__name__} is not an Envelope")
    try:
        return Envelope(
            device=_anew(envelope.device),
            electrode=_anew(envelope.electrode),
            profile=envelope.profile,
            added=tuple(_anew(bound) for bound in envelope.added),
            allow_monophasic=envelope.allow_monophasic,
        )
    except (StimctlError, TypeError, AttributeError) as error:
        raise UntrustedError(str(error)) from None


def fresh_parts(
    bounds: object, electrode: object, layers: object
) -> tuple[PercentBounds, Electrode, tuple[Bound, ...]]:
    """Return validated copies of what an intensity is judged by; raises UntrustedError."""
    if type(bounds) is not PercentBounds or type(electrode) is not Electrode:
        raise UntrustedError("the device's bounds and an electrode are needed")
    if type(layers) is not LayeredBounds:
        raise UntrustedError(f"{type(layers).__name__} is not LayeredBounds")
    added: list[Bound] = []
    try:
        for name in ("site", "protocol", "person", "session"):
            for bound in getattr(layers, name):
                added.append(_anew(bound))
                if added[-1].layer is not Layer(name):
                    raise UntrustedError(f"a {bound.layer} bound was given for the {name} layer")
        return _anew(bounds), _anew(electrode), tuple(added)
    except (StimctlError, TypeError, AttributeError) as error:
        raise UntrustedError(str(error)) from None


def _anew(part: _T) -> _T:
    if type(part) not in (Bound, DeviceBounds, Electrode, PercentBounds):
        raise TypeError(f"{type(part).__name__} has no place in an envelope")
    return type(part)(**{field.name: getattr(part, field.name) for field in fields(part)})
