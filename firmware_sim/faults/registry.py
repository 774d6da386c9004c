"""Every fault there is, by name."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_sim.firmware.p24_commands import Result

from .device_faults import DEVICE_FAULTS
from .electrode_faults import ELECTRODE_FAULTS
from .link_faults import LINK_FAULTS, Begin
from .model import BOTH, Fault, FaultError, Place, Spec
from .wires import wire_named

_KINDS = {
    spec.name: (spec, begin) for spec, begin in LINK_FAULTS + DEVICE_FAULTS + ELECTRODE_FAULTS
}

#: What each fault does, in the order of the documentation.
SPECS: dict[str, Spec] = {name: spec for name, (spec, _) in _KINDS.items()}

_RANGES = {
    "direction": range(1, BOTH + 1),
    "permille": range(10_001),
    "ppm": range(1_000_001),
    "baud": range(1, 3_000_001),
    "bytes": range(1, 65_537),
    "channel": range(9),
    "by": range(1, 8),
    "command": range(-1, 1024),
    "ohm": range(1, 10_000_001),
}
#: Where a device other than the P24 can have faults; `FaultyTwin.add` refuses the rest.
_HAS = {"rehastim2": (Place.LINK, Place.ELECTRODES), "openemsstim": (Place.LINK,)}
_LACKS = {
    Place.DEVICE: "only the P24's twin has faults of its firmware",
    Place.ELECTRODES: "its output goes through another device",
}
#: Where the share of a thousand is a probability.
_AT_MOST_ALL = frozenset({"drop", "duplicate"})
_POSITIVE = frozenset({"over_us", "spacing_us"})
_BIGGEST_US = 100 * 86_400 * 1_000_000


def spec_of(name: str) -> Spec:
    """Return what a fault does; FaultError with the names there are."""
    if name not in SPECS:
        raise FaultError(f"no fault {name!r}; there are: {', '.join(sorted(SPECS))}")
    return SPECS[name]


def begin_of(name: str) -> Begin:
    """Return how a fault begins."""
    begin = _KINDS[name][1]
    assert begin is not None, "an inapplicable fault cannot begin"
    return begin


def applicable() -> Iterator[Spec]:
    """The faults that a P24 can have."""
    return (spec for spec in SPECS.values() if not spec.inapplicable)


def usable(device: str) -> list[str]:
    """The names of the faults that a kind of device can have."""
    places, lacks = _HAS.get(device, tuple(Place)), wire_named(device).lacks
    return [one.name for one in applicable() if one.place in places and one.name not in lacks]


def checked(fault: Fault) -> Fault:
    """Return the fault if a P24 can have it, with these parameters; FaultError otherwise."""
    spec = spec_of(fault.name)
    if spec.inapplicable:
        raise FaultError(f"{fault.name} is not applicable to p24: {spec.inapplicable}")
    if not 0 <= fault.at_us <= _BIGGEST_US:
        raise FaultError(f"{fault}: give a time from 0 to 100 days")
    for name, value in fault.parameters.items():
        if name not in spec.parameters:
            known = ", ".join(spec.parameters) or "none"
            raise FaultError(f"{fault.name} has no parameter {name!r}; it has: {known}")
        _check_value(spec, name, value)
    return fault


def _check_value(spec: Spec, name: str, value: int) -> None:
    allowed = _RANGES.get(name, range(2))
    if name == "permille" and spec.name in _AT_MOST_ALL:
        allowed = range(1_001)
    if name.endswith("_us"):
        # What repeats must let time pass between.
        repeats = name in _POSITIVE or (name == "every_us" and spec.parameters[name] > 0)
        allowed = range(1 if repeats else 0, _BIGGEST_US + 1)
    elif name == "result":
        if value not in set(Result) - {Result.OK}:
            raise FaultError(f"{spec.name}: {value} is not an error a P24 can answer with")
        return
    if value not in allowed:
        raise FaultError(
            f"{spec.name}: {name}={value} is outside {allowed.start}..{allowed.stop - 1}"
        )


def listing(device: str = "p24") -> str:
    """Return a line for each fault: name, parameters with defaults, what it does, and why a device
    cannot have it, where that is so."""
    lines = []
    for spec in SPECS.values():
        told = str(Fault(spec.name, 0, spec.parameters)).partition("@0s")[2].lstrip(",")
        why = f" (not applicable to p24: {spec.inapplicable})" if spec.inapplicable else ""
        if spec.place not in _HAS.get(device, tuple(Place)):
            why = f" (not for {device}: {_LACKS[spec.place]})"
        elif spec.name in wire_named(device).lacks:
            why = f" (not for {device}: {wire_named(device).lacks[spec.name]})"
        lines.append(f"{spec.name:20} {spec.what}{why}" + (f" [{told}]" if told else ""))
    return "\n".join(lines)
