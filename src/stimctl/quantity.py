"""Integer quantities (uA, us, mHz, mm2, permille) and their text forms, which carry a unit.

The list of units is closed:

    current     uA (also µA), mA
    duration    us (also µs), ms, s, min, h
    frequency   mHz (millihertz), Hz, kHz          "MHz" is not a unit here
    area        mm2 (also mm²), cm2 (also cm²)
    ratio       %
    intensity   %                                  whole ones, of a device's own scale

A text is an ASCII decimal number with a point, blanks or nothing, and a unit: "12.5 mA".
Everything else is refused with the form that would be right (hazards H18 and H50: a unit or a
decimal sign read differently than it was meant is a tenfold or thousandfold dose).
All arithmetic is on integers, so nothing is ever rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from stimctl.errors import QuantityError

MICRO_SIGNS = ("µ", "μ")  # U+00B5 micro sign and U+03BC Greek mu look alike; both are micro


def _with_micro(units: dict[str, int]) -> dict[str, int]:
    """The units, and for each "u..." its spellings with a micro sign."""
    more = {sign + u[1:]: n for u, n in units.items() if u[0] == "u" for sign in MICRO_SIGNS}
    return {**units, **more}


CURRENT_UNITS: Mapping[str, int] = _with_micro({"uA": 1, "mA": 1_000})
DURATION_UNITS: Mapping[str, int] = _with_micro(
    {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
)
FREQUENCY_UNITS: Mapping[str, int] = {"mHz": 1, "Hz": 1_000, "kHz": 1_000_000}
AREA_UNITS: Mapping[str, int] = {"mm2": 1, "mm²": 1, "cm2": 100, "cm²": 100}
RATIO_UNITS: Mapping[str, int] = {"%": 10}
INTENSITY_UNITS: Mapping[str, int] = {"%": 1}

# What people write for a unit, in lower case. "mhz" is in none: it may mean mHz or MHz.
_MEANT: Mapping[str, tuple[str, ...]] = {
    "uA": ("ua", "microamp", "microamps", "microampere", "microamperes"),
    "mA": ("ma", "milliamp", "milliamps", "milliampere", "milliamperes"),
    "us": ("us", "usec", "usecs", "microsecond", "microseconds"),
    "ms": ("ms", "msec", "msecs", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "min": ("min", "mins", "min.", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "mHz": ("millihertz",),
    "Hz": ("hz", "hertz", "pps", "1/s"),
    "kHz": ("khz", "kilohertz"),
    "mm2": ("mm2", "mm^2", "mm**2", "sqmm", "sq mm", "square millimetres", "square millimeters"),
    "cm2": ("cm2", "cm^2", "cm**2", "sqcm", "sq cm", "square centimetres", "square centimeters"),
    "%": ("percent", "per cent", "pct", "pct."),
}
_SIDES = re.compile(
    r"([0-9]+(?:\.[0-9]+)?) ?(?:cm|mm)? ?[x×*] ?([0-9]+(?:\.[0-9]+)?) ?(cm|mm)2?", re.IGNORECASE
)

# Far above anything meant, far below anything that no longer fits a 64-bit integer.
LARGEST = 10**12
_LONGEST_TEXT = 40
_BLANKS = " \t\r\n"
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_SHAPE = re.compile(r"([-+0-9.,'’_eE]*?[0-9.]|)([ \t]*)([^-+0-9.,'’_ \t].*|)", re.DOTALL)


def parse_scaled(
    text: object, units: Mapping[str, int], *, name: str, example: str, signed: bool = False
) -> int:
    """Return `text` as an integer number of the base unit (the one `units` maps to 1).

    `name` ("current") and the unit of `example` ("12 mA") serve the message: where the number can
    be read, it shows that number with the right unit, and never another number. Raises
    QuantityError for anything that is not exactly one number with one of `units`.
    """
    if not isinstance(text, str):
        raise QuantityError(
            f"{str(text)[:_LONGEST_TEXT]!r} is not {_a(name)}",
            why="a quantity is a text with its unit",
            what_to_do=_form(units),
        )
    stripped = text.strip(_BLANKS)
    if not stripped or len(stripped) > _LONGEST_TEXT:
        raise QuantityError(f"{_shown(text)} is not {_a(name)}", what_to_do=_form(units))
    number, unit = _split(stripped, units, name, example)
    match = _NUMBER.fullmatch(number)
    if match is None or (match[1] and not signed):
        raise _bad_number(stripped, number, unit, name, units)
    decimals = match[3] or ""
    scaled = int(match[2] + decimals) * units[unit]
    divisor: int = 10 ** len(decimals)
    value, rest = divmod(scaled, divisor)
    base = next(u for u, factor in units.items() if factor == min(units.values()))
    if rest:
        raise QuantityError(
            f"{_shown(text)} is finer than stimctl can set",
            why=f"the smallest step of {_a(name)} is {_one_step(units, base)}",
            what_to_do="write a multiple of that step",
        )
    if value > LARGEST:
        raise QuantityError(
            f"{_shown(text)} is beyond any {name} stimctl knows",
            what_to_do="write a smaller number",
        )
    return -value if match[1] else value


def parse_current_ua(text: object) -> int:
    """Return a current ("12.5 mA", "500 uA") in microampere, 0 or more."""
    return parse_scaled(text, CURRENT_UNITS, name="current", example="12 mA")


def parse_duration_us(text: object) -> int:
    """Return a duration ("250 us", "1.5 ms", "30 s", "20 min", "1 h") in microseconds."""
    return parse_scaled(text, DURATION_UNITS, name="duration", example="250 us")


def parse_session_us(text: object) -> int:
    """Return the length of a session in microseconds; it differs in the form that errors show."""
    return parse_scaled(text, DURATION_UNITS, name="duration", example="20 min")


def parse_frequency_mhz(text: object) -> int:
    """Return a frequency ("100 Hz", "500 mHz", "1 kHz") in millihertz."""
    return parse_scaled(text, FREQUENCY_UNITS, name="frequency", example="100 Hz")


def parse_area_mm2(text: object) -> int:
    """Return an area ("25 cm2", "2500 mm2") in square millimetres."""
    return parse_scaled(text, AREA_UNITS, name="area", example="25 cm2")


def parse_ratio_permille(text: object) -> int:
    """Return a ratio ("-10 %", "100 %") in permille; a minus sign is allowed here only."""
    return parse_scaled(text, RATIO_UNITS, name="ratio", example="90 %", signed=True)


def parse_intensity_percent(text: object) -> int:
    """Return an intensity ("40 %") of a device that knows no current, in whole percent."""
    return parse_scaled(text, INTENSITY_UNITS, name="intensity", example="40 %")


def format_intensity(percent: int) -> str:
    """Return an intensity as text: 40 -> "40 %"."""
    return f"{percent} %"


def format_current(ua: int) -> str:
    """Return microampere as text in milliampere: 12500 -> "12.5 mA"."""
    return f"{decimal_text(ua, 3)} mA"


def format_duration(us: int) -> str:
    """Return microseconds as text in the largest unit that reads well: 1500 -> "1.5 ms"."""
    for unit in ("h", "min"):
        count, rest = divmod(us, DURATION_UNITS[unit])
        if count and not rest:
            return f"{count} {unit}"
    if abs(us) >= 1_000_000:
        return f"{decimal_text(us, 6)} s"
    if abs(us) >= 1_000:
        return f"{decimal_text(us, 3)} ms"
    return f"{us} us"


def format_count(number: int, what: str) -> str:
    """Return a number of things as text: 1 -> "1 alarm", 2 -> "2 alarms"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def format_clock(us: int, minute_digits: int = 1) -> str:
    """Return microseconds as minutes and seconds, rounded up, so that 0:00 means over."""
    minutes, seconds = divmod(-(-us // DURATION_UNITS["s"]), 60)
    return f"{minutes:0{minute_digits}d}:{seconds:02d}"


def format_frequency(mhz: int) -> str:
    """Return millihertz as text in hertz: 500 -> "0.5 Hz"."""
    return f"{decimal_text(mhz, 3)} Hz"


def format_rate(period_us: int) -> str:
    """How often a period in us comes, to the next millihertz: 333500 -> "2.999 Hz"."""
    return format_frequency((2 * 10**9 + period_us) // (2 * period_us))


def format_area(mm2: int) -> str:
    """Return square millimetres as text in square centimetres: 2500 -> "25 cm2"."""
    return f"{decimal_text(mm2, 2)} cm2"


def format_permille(permille: int) -> str:
    """Return permille as text in percent: -100 -> "-10 %"."""
    return f"{decimal_text(permille, 1)} %"


def decimal_text(value: int, decimals: int) -> str:
    """Return value / 10**decimals exactly, without trailing zeros."""
    whole, part = divmod(abs(value), 10**decimals)
    sign = "-" if value < 0 else ""
    fraction = f"{part:0{decimals}d}".rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _one_step(units: Mapping[str, int], base: str) -> str:
    return f"1 {base}" if units[base] == 1 else f"0.1 {base}"


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeio" else f"a {name}"


def _shown(text: str) -> str:
    short = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    # An invisible or look-alike character is shown as its code, or the message would puzzle.
    return f'"{short.encode("unicode_escape").decode()}"'


def _split(text: str, units: Mapping[str, int], name: str, example: str) -> tuple[str, str]:
    """Return the number part and the unit part; the unit is one of `units`."""
    match = _SHAPE.fullmatch(text)
    number, unit = (match[1], match[3]) if match else ("", text)
    if unit in units and number:
        return number, unit
    if number and not unit:
        default = example.rpartition(" ")[2]
        raise QuantityError(
            f"{_shown(text)} has no unit", what_to_do=_again(number, default, units)
        )
    if not number:
        raise QuantityError(
            f"{_shown(text)} is not {_a(name)}",
            why="it does not begin with a plain decimal number",
            what_to_do=_form(units),
        )
    sides = _SIDES.fullmatch(text)
    if sides is not None and "cm2" in units:
        raise QuantityError(
            f"{_shown(text)} gives two sides, not {_a(name)}",
            what_to_do=f'multiply the sides of the electrode: write "{_product(*sides.groups())}"',
        )
    note = " (mHz is millihertz)" if "mHz" in units else ""
    meant = next((u for u in units if unit.lower() in _MEANT.get(u, ())), "")
    raise QuantityError(
        f"{_shown(text)} has an unknown unit {_shown(unit)}",
        why=f"{_a(name)} is written in {_known(units)}{note}",
        what_to_do=_again(number, meant, units),
    )


def _bad_number(
    text: str, number: str, unit: str, name: str, units: Mapping[str, int]
) -> QuantityError:
    """Say which rule the number part breaks, and how the same number would be right."""
    again = _again(number, unit, units)
    if number.count(",") == 1 and _NUMBER.fullmatch(number.replace(",", ".")):
        return QuantityError(
            f"{_shown(text)} has a decimal comma",
            why="the decimal sign is a point, everywhere",
            what_to_do=again,
        )
    if number.startswith("+") and _NUMBER.fullmatch(number[1:]):
        return QuantityError(f"{_shown(text)} has a plus sign", what_to_do=again)
    if number.startswith("-") and _NUMBER.fullmatch(number):
        return QuantityError(
            f"{_shown(text)} is negative", why=f"{_a(name)} has no sign", what_to_do=again
        )
    return QuantityError(
        f"{_shown(text)} is not {_a(name)}",
        why="the number is digits with at most one decimal point, no exponent, no separators, "
        "no leading zeros",
        what_to_do=again,
    )


def _known(units: Mapping[str, int]) -> str:
    return ", ".join(unit for unit in units if unit.isascii())


def _form(units: Mapping[str, int]) -> str:
    """How to write it, where no number can be read: naming one would suggest it."""
    return f"write a number and its unit ({_known(units)})"


def _again(number: str, unit: str, units: Mapping[str, int]) -> str:
    """The same number in the right form; the form alone where number or unit is a guess."""
    plain = number.lstrip("+-")
    # "1,5" is a decimal comma; "1,000" may be a thousand.
    if plain.count(",") == 1 and "." not in plain and len(plain.partition(",")[2]) != 3:
        plain = plain.replace(",", ".")
    whole, point, decimals = plain.partition(".")
    plain = (whole.lstrip("0") or "0") + (point + decimals if decimals else "")
    if not unit or not number.strip("+-.,") or _NUMBER.fullmatch(plain) is None:
        return _form(units)
    return f'write "{plain} {unit}"'


def _product(one: str, other: str, unit: str) -> str:
    """The area of two sides, exactly: 4 x 9 cm is 36 cm2."""
    scaled = [side.partition(".") for side in (one, other)]
    decimals = sum(len(part) for _, _, part in scaled)
    area = int(scaled[0][0] + scaled[0][2]) * int(scaled[1][0] + scaled[1][2])
    return f"{decimal_text(area, decimals)} {unit.lower()}2"
