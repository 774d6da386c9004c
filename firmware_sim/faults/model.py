"""A fault as data: its name, its time and its parameters, and how both are written as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

#: Directions of the line, as a sum.
TO_DEVICE, TO_HOST = 1, 2
BOTH = TO_DEVICE + TO_HOST

_DIRECTIONS = {"to-device": TO_DEVICE, "to-host": TO_HOST, "both": BOTH}
_UNITS_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
_TIME = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(us|ms|s|min|h)", re.ASCII)


class Place(StrEnum):
    """Where a fault is."""

    LINK = "link"
    DEVICE = "device"
    ELECTRODES = "electrodes"
    BENCH = "bench"
    """What only a bench shows: the device answers as a healthy one does, and gives another output
    than it was told. No host can notice these in a session."""


class FaultError(ValueError):
    """A fault, a scenario or a time that does not exist, in words for the person who asked."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a fault does and what it can be told.

    parameters: each with its default. Names ending in _us are times in us; for_us is how long the
    fault lasts, 0 = to the end. inapplicable: why the P24 cannot have it, else empty.
    """

    name: str
    place: Place
    what: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    inapplicable: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault at one time (us of the twin's clock); what is not in `parameters` has its default.

    Only the registry knows which names and parameters exist: `registry.checked` judges a fault.
    """

    name: str
    at_us: int
    parameters: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", dict(self.parameters))  # ours alone

    def later(self, by_us: int) -> Fault:
        """The same fault, by_us later."""
        return Fault(self.name, self.at_us + by_us, self.parameters)

    def __str__(self) -> str:
        told = "".join(f",{name}={_value_text(name, v)}" for name, v in self.parameters.items())
        return f"{self.name}@{time_text(self.at_us)}{told}"


def parse_time_us(text: str) -> int:
    """Read a time with its unit (250us, 20ms, 2.5s, 3min, 1h) as us; FaultError otherwise."""
    found = _TIME.fullmatch(text)
    value = Decimal(found[1]) * _UNITS_US[found[2]] if found else Decimal("0.5")
    if value != int(value):
        raise FaultError(f"{text!r}: give a time with its unit, whole us, such as 2.5s or 300ms")
    return int(value)


def time_text(time_us: int) -> str:
    """Write a time in us so that parse_time_us reads the same."""
    for unit in ("s", "ms"):
        if time_us % _UNITS_US[unit] == 0:
            return f"{time_us // _UNITS_US[unit]}{unit}"
    return f"{time_us}us"


def parse_fault(text: str) -> Fault:
    """Read NAME@TIME[,PARAMETER=VALUE...]; FaultError where the form is not that.

    for=, and every parameter that ends in _us without that ending, take a time with its unit;
    direction= takes to-device, to-host or both; all others an integer.
    """
    head, *told = text.split(",")
    name, at, time = head.partition("@")
    if not at or not name:
        raise FaultError(f"{text!r}: give NAME@TIME, such as mute@2.5s")
    parameters = {}
    for part in told:
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise FaultError(f"{part!r} in {text!r}: give PARAMETER=VALUE")
        name_of, number = _read_parameter(key, value)
        parameters[name_of] = number
    return Fault(name, parse_time_us(time), parameters)


def _read_parameter(key: str, value: str) -> tuple[str, int]:
    if key == "direction" and value in _DIRECTIONS:
        return key, _DIRECTIONS[value]
    if re.fullmatch(r"-?\d{1,15}", value, re.ASCII):
        return key, int(value)
    if _TIME.fullmatch(value):
        return key.removesuffix("_us") + "_us", parse_time_us(value)
    raise FaultError(f"{key}={value}: give an integer, a time with its unit, or a direction")


def _value_text(name: str, value: int) -> str:
    if name == "direction":
        return {number: text for text, number in _DIRECTIONS.items()}.get(value, str(value))
    return time_text(value) if name.endswith("_us") else str(value)
