"""The kinds of values a protocol file may hold: quantities with units, choices, marked texts.

Inside, a quantity is an integer in its base unit; in the file it is always text with a unit
("100 Hz"). Counts (pulses per burst, sessions per week) have no unit and are plain integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from stimctl import quantity
from stimctl.errors import QuantityError
from stimctl.suggestion import meant_by
from stimctl.terminal_text import printable

# The message of rule A11, wherever a file tries to say how many mA to go to.
A11 = (
    "a protocol file holds no current to go to: amplitude is found by hand, from 0 mA, with the "
    'person (rule A11). Write amplitude = { target = "strong-comfortable" }, and a cap if the '
    'treatment has one: cap = "60 mA"'
)

A11_PERCENT = (
    "a file for external pulses holds no intensity to go to: it is found by hand, from 0 %, with "
    'the person (rule A11). Write intensity = { target = "strong-comfortable" }, and a cap if '
    'there is one: cap = "60 %"'
)


def _complain(message: str) -> PydanticCustomError:
    return PydanticCustomError("stimctl", "{message}", {"message": message})


def _quantity(parse: Callable[[str], int], example: str) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, list | tuple | dict):
            raise _complain(
                f"takes one value, and a {'table' if isinstance(value, dict) else 'list'} was "
                f"given; write one text with a unit. A value that changes "
                "over time is a sweep (frequency_sweep, phase_width_sweep); different values side "
                "by side are channels or protocols of their own"
            )
        if not isinstance(value, str):
            raise _complain(_without_unit(value, example))
        try:
            return parse(value)
        except QuantityError as error:
            raise _complain(str(error)) from None

    return read


def _without_unit(value: object, example: str) -> str:
    """The same number with the unit that is usual there, where it is a plain number at all."""
    number = f"{value:.15g}" if type(value) is float else repr(value)
    if type(value) in (int, float) and set(number) <= set("0123456789."):
        return f'has no unit; write "{number} {example.rpartition(" ")[2]}"'
    return "has no unit; write text with a number and a unit"


def _text_schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_NUMBER = r"^(0|[1-9][0-9]*)(\.[0-9]+)? ?"
CurrentUa = Annotated[
    int,
    BeforeValidator(_quantity(quantity.parse_current_ua, "60 mA")),
    _text_schema(_NUMBER + "(uA|µA|mA)$", "60 mA"),
]
DurationUs = Annotated[
    int,
    BeforeValidator(_quantity(quantity.parse_duration_us, "250 us")),
    _text_schema(_NUMBER + "(us|µs|ms|s|min|h)$", "250 us"),
]
SessionUs = Annotated[
    int,
    BeforeValidator(_quantity(quantity.parse_session_us, "20 min")),
    _text_schema(_NUMBER + "(us|µs|ms|s|min|h)$", "20 min"),
]
FrequencyMhz = Annotated[
    int,
    BeforeValidator(_quantity(quantity.parse_frequency_mhz, "100 Hz")),
    _text_schema(_NUMBER + "(mHz|Hz|kHz)$", "100 Hz"),
]
AreaMm2 = Annotated[
    int,
    BeforeValidator(_quantity(quantity.parse_area_mm2, "25 cm2")),
    _text_schema(_NUMBER + "(mm2|mm²|cm2|cm²)$", "25 cm2"),
]
Permille = Annotated[
    int,
    BeforeValidator(_quantity(quantity.parse_ratio_permille, "90 %")),
    _text_schema(_NUMBER + "%$", "90 %"),
]
IntensityPercent = Annotated[
    int,
    BeforeValidator(_quantity(quantity.parse_intensity_percent, "60 %")),
    _text_schema(r"^(0|[1-9][0-9]*) ?%$", "60 %"),
]


def _plain(value: str) -> str:
    """One line without control characters: they could command the terminal that shows it."""
    if not value.isprintable():
        value = " ".join(value.split())
    shown = printable(value)
    if shown != value:
        raise _complain(f"holds control characters, which no text here may: {ascii(value)[:80]}")
    return value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_plain),
]
Name = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=1, max_length=64)
]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ContraindicationId = Annotated[str, StringConstraints(pattern=r"^C(0[1-9]|[12][0-9]|30)$")]
Count = Annotated[int, Field(ge=1, le=1000)]

# R read, R2 quoted by another text, M+ and M? unverified, D decided here, calc computed here.
_MARK = re.compile(r"(?<![A-Za-z0-9])(R2?|M\+|M\?|D|calc)(?![A-Za-z0-9])")


def _marked(value: str) -> str:
    if not _MARK.search(value):
        raise _complain(
            "says nothing about how certain it is; add a mark: R (read), R2 (quoted by another "
            "text), M+ or M? (unverified), D (decided by the author)"
        )
    return value


MarkedText = Annotated[Text, AfterValidator(_marked)]


def choice(kind: type[StrEnum], *, hint: str = "") -> BeforeValidator:
    """A validator that takes the text of a member of `kind`, and lists them where it is none."""
    names = [member.value for member in kind]

    def read(value: Any) -> Any:
        if isinstance(value, str) and value in names:
            return kind(value)
        near = meant_by(value, names) if isinstance(value, str) else []
        meant = f'; did you mean "{near[0]}"?' if near else ""
        listed = ", ".join(f'"{name}"' for name in names)
        raise _complain(f"must be one of {listed}{meant}{hint and '; '}{hint}")

    return BeforeValidator(read)


def refuse_bare_amplitude(value: Any) -> Any:
    """`amplitude = "25 mA"` and `amplitude = 25` are refused with the reason, not with a type."""
    if isinstance(value, dict):
        return value
    raise _complain(A11)


def refuse_bare_intensity(value: Any) -> Any:
    """`intensity = "40 %"` is refused with the reason, not with a type."""
    if isinstance(value, dict):
        return value
    raise _complain(A11_PERCENT)


def unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Nothing is listed twice."""
    twice = sorted({str(v) for v in values if values.count(v) > 1})
    if twice:
        raise _complain(f"lists {', '.join(twice)} twice")
    return values
