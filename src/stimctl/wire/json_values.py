"""Reading the values of a JSON object strictly: every mistake names its field."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from stimctl.errors import WireFormatError

_LARGEST = 10**9


def milli(thousandths: int) -> int | float:
    """Return thousandths as units: 20000 -> 20, 10500 -> 10.5; a whole value as an int."""
    whole, rest = divmod(thousandths, 1000)
    return thousandths / 1000 if rest else whole


class Fields:
    """The fields of one JSON object, taken one by one; `finish` refuses what nobody took."""

    def __init__(self, given: object, where: str = "") -> None:
        if not isinstance(given, Mapping):
            raise WireFormatError(
                f"{where or 'the fields'} must be a JSON object", why=f"it is {_shown(given)}"
            )
        self._given = given
        self._where = f"{where}." if where else ""
        self._left = set(given)

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def _take(self, name: str) -> Any:
        if name not in self._given:
            raise WireFormatError(f"field {self._where}{name} is missing")
        self._left.discard(name)
        return self._given[name]

    def _wrong(self, name: str, value: object, right: str) -> WireFormatError:
        return WireFormatError(f"field {self._where}{name} must be {right}", why=_shown(value))

    def integer(self, name: str) -> int:
        """Return a whole number (5.0 counts as one)."""
        return self._integer(name, self._take(name))

    def _integer(self, name: str, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**32:
            raise self._wrong(name, value, "a whole number")
        return value

    def integers(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers; true and false count as 1 and 0."""
        return tuple(
            self._integer(name, int(item) if isinstance(item, bool) else item)
            for item in self._list(name)
        )

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self._wrong(name, value, "a text")
        return value

    def hex_bytes(self, name: str) -> bytes:
        """Return the bytes that a hex text stands for."""
        text = self.text(name)
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise self._wrong(name, text, "pairs of hex digits") from None

    def thousandths(self, name: str) -> int:
        """Return a number times 1000 (mA -> uA, ms -> us), rounded down where that is not whole.

        Down, also below zero, so that truncating on the wire later gives what the maker's
        library gives for the number as written.
        """
        return int(self._thousandths(name).to_integral_value(ROUND_FLOOR))

    def exact_thousandths(self, name: str) -> int:
        """Return a number times 1000 (mA -> uA, ms -> us); it must be whole then."""
        thousandths = self._thousandths(name)
        if thousandths != int(thousandths):
            raise self._wrong(name, self._given[name], "a multiple of 0.001")
        return int(thousandths)

    def _thousandths(self, name: str) -> Decimal:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, value, "a number")
        if not abs(value) < _LARGEST:  # also true for NaN
            raise self._wrong(name, value, "a number of sensible size")
        return Decimal(repr(value)) * 1000

    def parts(self, name: str) -> list[Fields]:
        """Return a list of JSON objects."""
        return [
            Fields(item, f"{self._where}{name}[{number}]")
            for number, item in enumerate(self._list(name))
        ]

    def _list(self, name: str) -> list[Any]:
        value = self._take(name)
        if not isinstance(value, list | tuple):
            raise self._wrong(name, value, "a list")
        return list(value)

    def finish(self) -> None:
        """Raise WireFormatError if a field was given that this command does not have."""
        if self._left:
            names = ", ".join(sorted(f"{self._where}{name}" for name in self._left))
            raise WireFormatError(f"this command has no field {names}")


def _shown(value: object) -> str:
    """Return a value short enough for an error message."""
    text = repr(value)
    return f"{text[:60]}..." if len(text) > 60 else text
