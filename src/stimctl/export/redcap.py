"""REDCap: one row for the import tool, and a data dictionary of the fields that it fills."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from stimctl.errors import UsageError
from stimctl.export.columns import Column, Type, Value
from stimctl.export.content import SessionContent
from stimctl.export.csv_tables import csv_text
from stimctl.export.figures import column_of, figures_of
from stimctl.export.redcap_map import FieldMap, read_field_map

_DEFAULT: Final = "redcap.toml"
_WALL: Final = "_wall_utc"
_TYPES: Final = {
    Type.BOOLEAN: ("truefalse", ""),
    Type.INTEGER: ("text", "integer"),
    Type.NUMBER: ("text", "number"),
    Type.STRING: ("text", ""),
}
_DICTIONARY: Final = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
"""The headings of REDCap's own data dictionary, in its order."""


def shipped_map() -> FieldMap:
    """The field map that is used where none is given."""
    text = files("stimctl.export").joinpath(_DEFAULT).read_text("utf-8")
    return read_field_map(text, _DEFAULT)


def redcap_files(content: SessionContent, field_map: FieldMap | None = None) -> dict[str, bytes]:
    """The row and the dictionary. UsageError where the record has no pseudonym, or the field map
    no fields for one of its channels: neither may be lost silently."""
    mapped = field_map or shipped_map()
    if not content.report.person:
        raise UsageError(
            "this session has no row for REDCap",
            why="no person is on its record, and REDCap keeps rows by record id",
            what_to_do="Export it with --to csv, or run sessions with --person CODE",
        )
    missing = {one.number for one in content.report.channels} - set(mapped.channels)
    if missing:
        raise UsageError(
            "this session does not fit the field map",
            why=f"it has no fields for channel {min(missing)}, which was used",
            what_to_do="Add the number to `channels` in the field map, and the fields to REDCap",
        )
    row = row_of(content, mapped)
    return {
        "redcap-row.csv": csv_text(tuple(row), [row], ",").encode(),
        "redcap-dictionary.csv": dictionary_of(mapped).encode(),
    }


def row_of(content: SessionContent, mapped: FieldMap) -> dict[str, Value]:
    """Record id, fixed texts, then the fields; empty where the session has no such figure."""
    figures = figures_of(content)
    row: dict[str, Value] = {mapped.record_id: content.report.person, **mapped.fixed}
    return row | {field: _value(one, figures.get(one)) for field, one in mapped.fields.items()}


def dictionary_of(mapped: FieldMap) -> str:
    """What to import once, under Data Dictionary, so that the project has the fields."""
    rows = [_entry(mapped, mapped.record_id, Column("", Type.STRING, "Pseudonym of the patient."))]
    rows += [
        _entry(mapped, field, column, figure)
        for field, figure in mapped.fields.items()
        if (column := column_of(figure)) is not None
    ]
    return csv_text(_DICTIONARY, rows, ",")


def _entry(mapped: FieldMap, field: str, column: Column, figure: str = "") -> Mapping[str, Value]:
    kind, check = _TYPES[column.type]
    if figure.endswith(_WALL):
        check = "datetime_seconds_ymd"
    elif figure.endswith("monotonic_ns"):
        check = ""  # larger than the numbers that REDCap checks and calculates with
    told = dict.fromkeys(_DICTIONARY, "") | {
        "Variable / Field Name": field,
        "Form Name": mapped.instrument,
        "Field Type": kind,
        "Field Label": column.text,
        "Field Note": figure,
        "Text Validation Type OR Show Slider Number": check,
    }
    return {name: told[name] for name in _DICTIONARY}


def _value(figure: str, value: Value) -> Value:
    """REDCap has 1 and 0 for true and false, and times without fractions."""
    if isinstance(value, bool):
        return int(value)
    if figure.endswith(_WALL) and isinstance(value, str):
        return value[:19].replace("T", " ")
    return value
