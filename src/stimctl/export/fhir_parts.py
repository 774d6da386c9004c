"""Data types of FHIR R4B that an export uses, as plain JSON."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from stimctl.export.time_base import TimeBase

Json = dict[str, Any]

FIGURE: Final = "urn:stimctl:figure"
"""Our own code system; docs/reference/exports/fhir.md has its codes."""
UCUM: Final = "http://unitsofmeasure.org"
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:stimctl:export")
_DIGITS: Final = 6
"""Of a fraction of a second in a FHIR time."""

#: Unit as people read it, and its UCUM code, by the end of a figure's name.
_UNITS: Final[Mapping[str, tuple[str, str]]] = {
    "ma": ("mA", "mA"),
    "percent": ("% of the device's own scale", "%"),
    "pulses": ("pulses", "{pulse}"),
    "contractions": ("contractions", "{contraction}"),
    "uc": ("uC", "uC"),
    "s": ("s", "s"),
    "us": ("us", "us"),
    "hz": ("Hz", "Hz"),
    "cm2": ("cm2", "cm2"),
}


class Names:
    """Addresses of the resources of one bundle; the same record has the same."""

    def __init__(self, session: str) -> None:
        self._session = session

    def url(self, resource: str) -> str:
        """The full URL of a resource."""
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self._session}/{resource}')}"

    def reference(self, resource: str, display: str) -> Json:
        """A reference to it."""
        return {"reference": self.url(resource), "display": display}


def quantity(figure: str, value: float) -> Json:
    """A value with the unit that its name ends with."""
    unit, code = _UNITS[figure.rpartition("_")[2]]
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def concept(name: str, display: str, text: str = "") -> Json:
    """One of our own codes, and in words what it is here."""
    coding = {"system": FIGURE, "code": name.replace("_", "-"), "display": display}
    return {"coding": [coding], "text": text or display}


def extension(name: str, **value: Any) -> Json:
    """One of our own extensions, with one value."""
    return {"url": f"urn:stimctl:{name}", **value}


def stamped(field: str, at_ns: int, time: TimeBase) -> Json:
    """A time by the wall clock, and beside it the monotonic clock and the uncertainty."""
    return {
        field: wall_time(at_ns, time),
        f"_{field}": {
            "extension": [
                extension("monotonic-ns", valueString=str(at_ns)),
                extension("wall-uncertainty-us", valueDecimal=time.uncertainty_us),
            ]
        },
    }


def wall_time(at_ns: int, time: TimeBase) -> str:
    """A FHIR instant: microseconds, where the time base has nanoseconds."""
    whole, _, fraction = time.wall_utc(at_ns).removesuffix("Z").partition(".")
    digits = fraction[:_DIGITS]
    return f"{whole}.{digits}Z" if int(digits) else f"{whole}Z"


def entry(names: Names, resource: str, content: Json) -> Json:
    """An entry of the bundle."""
    return {"fullUrl": names.url(resource), "resource": content}
