"""Bounds from files and the environment, already read: they lower limits and never raise one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stimctl.errors import LimitRefusedError, QuantityError, UsageError
from stimctl.quantity import format_current
from stimctl.safety.bounds import LAYER_LIMIT_ID, STANDARD_BOUNDS, Bound, Layer, device_layer
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.safety.limits import LIMIT_BY_ID, Action, Profile
from stimctl.safety.quantities import INFO, Quantity, parse_value
from stimctl.stimulus.level import Level

ENVIRONMENT_PREFIX = "STIMCTL_MAX_"
KEYS = tuple(str(quantity) for quantity, info in INFO.items() if info.file_settable)


def layer_bounds_from_mapping(
    layer: Layer,
    mapping: Mapping[str, object],
    source: str,
    *,
    device: DeviceBounds | None = None,
) -> tuple[Bound, ...]:
    """Return the bounds written in `mapping`, for example {"amplitude": "58 mA"}.

    Keys are those of `KEYS`, values texts with a unit. `source` says where they were read.
    Raises UsageError for an unknown key, QuantityError for a wrong value, LimitRefusedError
    naming the limit where a value is above a built-in one (and the device's, where given).
    """
    if layer not in LAYER_LIMIT_ID:
        raise UsageError(f"the {layer} layer is built in", why="no file or variable can set it")
    row = LIMIT_BY_ID[LAYER_LIMIT_ID[layer]]
    bounds = []
    for key, text in mapping.items():
        if key not in KEYS:
            raise UsageError(
                f"{source}: unknown limit {key!r}", what_to_do="use one of: " + ", ".join(KEYS)
            )
        quantity = Quantity(key)
        value = _value_of(quantity, text, f"{source}: {key}")
        bound = Bound(row.id, layer, quantity, value, INFO[quantity].unit, row.action, source, "D")
        _refuse_a_raise(bound, device)
        bounds.append(bound)
    return tuple(bounds)


def _value_of(quantity: Quantity, text: object, where: str) -> int | float:
    try:
        return parse_value(quantity, text)
    except QuantityError as error:
        raise QuantityError(
            f"{where}: {error.what}", why=error.why, what_to_do=error.what_to_do
        ) from error


def _refuse_a_raise(bound: Bound, device: DeviceBounds | None) -> None:
    built_in = [
        b
        for b in STANDARD_BOUNDS[Profile.CLINIC] + (() if device is None else device_layer(device))
        if b.quantity is bound.quantity and b.action is not Action.WARN
    ]
    # The r.m.s. limit depends on frequency; a value above one band's limit may be below another's.
    highest_in_band = max((b.value for b in built_in if b.band_mhz is not None), default=0)
    for b in built_in:
        limit = b.value if b.band_mhz is None else highest_in_band
        if bound.value > limit:
            raise LimitRefusedError(
                f"{bound.source}: {bound.quantity} {bound.text} is above the built-in limit "
                f"{b.limit_id}, {b.text}",
                why=f"a file or variable can lower a limit, never raise one (source of "
                f"{b.limit_id}: {b.source}, certainty {b.certainty})",
                what_to_do=f"write {b.text} or less",
            )


def bounds_from_environment(
    environ: Mapping[str, str], *, device: DeviceBounds | None = None
) -> tuple[Bound, ...]:
    """Return the bounds in variables STIMCTL_MAX_AMPLITUDE, STIMCTL_MAX_FREQUENCY and so on.

    They belong to the site layer. An unknown STIMCTL_MAX_... is refused: a mistyped name must
    not leave a limit silently higher than its author believes. Raises like
    `layer_bounds_from_mapping`.
    """
    bounds: list[Bound] = []
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            key = name.removeprefix(ENVIRONMENT_PREFIX).lower()
            bounds += layer_bounds_from_mapping(
                Layer.SITE, {key: environ[name]}, f"environment variable {name}", device=device
            )
    return tuple(bounds)


def person_ceiling(amplitude_ua: int, source: str) -> Bound:
    """The ceiling found for this person today, as a bound (L-PAT)."""
    return _amplitude_bound(Layer.PERSON, amplitude_ua, source)


def protocol_cap(level: Level[Any], source: str) -> Bound:
    """A protocol's cap on what it raises, as a bound (L-SES)."""
    return layer_bounds_from_mapping(Layer.PROTOCOL, {level.scale.name: str(level)}, source)[0]


def session_ceiling(amplitude_ua: int, source: str) -> Bound:
    """A ceiling chosen for this session, as a bound (L-SES)."""
    return _amplitude_bound(Layer.SESSION, amplitude_ua, source)


def _amplitude_bound(layer: Layer, amplitude_ua: int, source: str) -> Bound:
    bound = layer_bounds_from_mapping(layer, {"amplitude": format_current(amplitude_ua)}, source)
    return bound[0]
