"""Every fault there is, by name."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_sim.devices import BUILT_IN, TwinFamily, twin_named, wire_named
from firmware_sim.firmware.p24_commands import Result

from .bench_faults import BENCH_FAULTS
from .device_faults import DEVICE_FAULTS
from .electrode_faults import ELECTRODE_FAULTS
from .link_faults import LINK_FAULTS, Begin
from .model import BOTH, Fault, FaultError, Place, Spec

_KINDS = {
    spec.name: (spec, begin)
    for spec, begin in LINK_FAULTS + DEVICE_FAULTS + ELECTRODE_FAULTS + BENCH_FAULTS
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
    "step_ua": range(1, 130_001),
    "wiper_step": range(1, 256),
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
    """The faults that some twin can have in a session."""
    return (one for one in SPECS.values() if not one.inapplicable and one.place is not Place.BENCH)


def usable(device: str) -> list[str]:
    """The names of the faults that a kind of device can have in a session."""
    row = twin_named(device)
    return [one.name for one in applicable() if not _why_not(row, one)]


def on_bench(device: str) -> list[str]:
    """The names of the faults of a kind of device that only a bench shows."""
    row = twin_named(device)
    bench = (one for one in SPECS.values() if one.place is Place.BENCH)
    return [one.name for one in bench if not _why_not(row, one)]


def _why_not(row: TwinFamily, spec: Spec) -> str:
    """Why a device cannot have a fault; "" where it can."""
    if spec.place is Place.ELECTRODES and not row.worn:
        return "its output goes through another device"
    if spec.place is Place.DEVICE and not row.faulty:
        able = ", ".join(one.name for one in BUILT_IN if one.faulty)
        return f"only the twin of {able} has faults of its firmware"
    return spec.inapplicable or wire_named(row.name).lacks.get(spec.name, "")


def checked(fault: Fault) -> Fault:
    """Return the fault if a twin can have it, with these parameters; FaultError otherwise."""
    spec = spec_of(fault.name)
    if spec.inapplicable:
        raise FaultError(f"{fault.name} is not applicable to any twin: {spec.inapplicable}")
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
            f"{spec.name}: {name}={value} is outside {allowed.start} to {allowed.stop - 1}"
        )


def listing(device: str | None = None) -> str:
    """Return a line for each fault: name, parameters with defaults, what it does, and why a device
    cannot have it, where that is so (None: which devices cannot)."""
    rows = BUILT_IN if device is None else (twin_named(device),)
    lines = []
    for spec in SPECS.values():
        told = str(Fault(spec.name, 0, spec.parameters)).partition("@0s")[2].lstrip(",")
        lacking = {row.name: why for row in rows if (why := _why_not(row, spec))}
        reasons = "; ".join(dict.fromkeys(lacking.values()))
        why = f" (not for {', '.join(lacking)}: {reasons})" if lacking else ""
        lines.append(f"{spec.name:20} {spec.what}{why}" + (f" [{told}]" if told else ""))
    return "\n".join(lines)
