"""The field map of a REDCap project: which figure of a session goes into which of its fields."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from stimctl.errors import UsageError
from stimctl.export.figures import column_of

SCHEMA: Final = "stimctl.redcap-map/1"
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,99}")
"""REDCap's rule for the name of a variable."""
_PLACE: Final = "{n}"
_KEYS: Final = frozenset(
    {"schema", "instrument", "record_id", "channels", "fixed", "fields", "channel_fields"}
)


@dataclass(frozen=True, slots=True)
class FieldMap:
    """`fields`: the figure by field, those of the channels written out. `fixed`: text by field."""

    instrument: str
    record_id: str
    channels: tuple[int, ...]
    fixed: Mapping[str, str]
    fields: Mapping[str, str]


def read_field_map(text: str, name: str) -> FieldMap:
    """A field map from its TOML; `name`: what messages call it. UsageError where it is wrong."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _wrong(name, f"it is not TOML ({error})")
    if told.get("schema") != SCHEMA:
        _wrong(name, f"its schema is {told.get('schema')!r}, expected {SCHEMA!r}")
    if unknown := sorted(told.keys() - _KEYS):
        _wrong(name, f"{unknown[0]!r} is no key of a field map")
    channels = told.get("channels", [])
    if not isinstance(channels, list) or not all(type(one) is int and one > 0 for one in channels):
        _wrong(name, "`channels` is a list of channel numbers, such as [1, 2]")
    per_channel = _texts(told, "channel_fields", name)
    for field, figure in per_channel.items():
        if _PLACE not in field or _PLACE not in figure:
            _wrong(name, f"channel_fields.{field}: both sides need {_PLACE}, the channel's number")
    fields = _texts(told, "fields", name)
    for number in channels:
        fields |= {_of(number, field): _of(number, one) for field, one in per_channel.items()}
    fixed = _texts(told, "fixed", name)
    made = FieldMap(
        str(told.get("instrument", "")), str(told.get("record_id", "")), tuple(channels),
        fixed, fields,
    )  # fmt: skip
    for field in (made.instrument, made.record_id, *fixed, *fields):
        if not _FIELD.fullmatch(field):
            _wrong(name, f"{field!r} is no name in REDCap: a-z, then a-z, 0-9 and _")
    if twice := {made.record_id, *fixed} & fields.keys() | {made.record_id} & fixed.keys():
        _wrong(name, f"the field {min(twice)!r} stands there twice")
    for field, figure in fields.items():
        if column_of(figure) is None:
            _wrong(name, f"{field}: no session has the figure {figure!r}")
    return made


def _of(number: int, text: str) -> str:
    return text.replace(_PLACE, str(number))


def _texts(told: Mapping[str, Any], key: str, name: str) -> dict[str, str]:
    found = told.get(key, {})
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        _wrong(name, f'[{key}] holds texts only, as in: field = "session.outcome"')
    return dict(found)


def _wrong(name: str, why: str) -> NoReturn:
    raise UsageError(
        f"the field map {name} is not used",
        why=why,
        what_to_do="Correct it; docs/reference/exports/redcap.md describes each key and figure",
    )
