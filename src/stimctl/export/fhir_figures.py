"""The figures of a channel as components of a FHIR observation, each followed by its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stimctl.export.fhir_parts import Json, concept, extension, quantity
from stimctl.export.tables import level_in, sources_of
from stimctl.report.model import ChannelReport, Figures

_FIGURES: Final = {
    "peak_ma": "highest amplitude",
    "peak_percent": "highest share of the device's own scale",
    "pulses": "pulses",
    "charge_uc": "charge of all first phases",
    "on_s": "time with output",
    "contractions": "on times with output",
}


def components_of(channel: ChannelReport, wanted: str) -> Iterator[Json]:
    """The figures of a source, each followed by its bounds where the record has them."""
    figures: dict[str, float] = {}
    bounds: dict[str, dict[str, float]] = {}
    for source, bound, _, told, contractions in sources_of(channel):
        if source != wanted:
            continue
        if bound == "figure":
            figures = dict(values_of(channel, told))
            if contractions is not None:
                figures["contractions"] = contractions
        else:
            end = "low" if bound == "at_least" else "high"
            for name, value in values_of(channel, told):
                bounds.setdefault(name, {})[end] = value
    for name, value in figures.items():
        yield {
            "code": concept(name, _FIGURES[name], f"{wanted}: {_FIGURES[name]}"),
            "valueQuantity": quantity(name, value),
        }
        if name in bounds:
            ends = {end: quantity(name, one) for end, one in bounds[name].items()}
            unbounded = {} if "high" in ends else {"extension": [_unbounded()]}
            yield {
                "code": concept(
                    f"{name}_bounds",
                    f"bounds of {_FIGURES[name]}",
                    f"given at least and at most: {_FIGURES[name]}",
                ),
                **unbounded,
                "valueRange": ends,
            }


def _unbounded() -> Json:
    return extension("unbounded", valueBoolean=True)


def values_of(channel: ChannelReport, told: Figures) -> Iterator[tuple[str, float]]:
    """The figures that there are, in the units of an export."""
    ma, percent = level_in(channel.unit, told.peak)
    values: tuple[tuple[str, Any], ...] = (
        ("peak_ma", ma),
        ("peak_percent", percent),
        ("pulses", told.pulses),
        ("charge_uc", None if told.charge_nc is None else told.charge_nc / 1_000),
        ("on_s", None if told.on_ms is None else told.on_ms / 1_000),
    )
    yield from ((name, value) for name, value in values if value is not None)
