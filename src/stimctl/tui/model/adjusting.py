"""Changes a treatment protocol within its own form: a new text, checked like any protocol file.

The supervisor reads protocols from files, so a changed one becomes a file of its own under the
state folder. It says which protocol it was made from, its parent.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.errors import UsageError
from stimctl.quantity import (
    format_duration,
    format_frequency,
    format_permille,
    parse_duration_us,
    parse_frequency_mhz,
    parse_ratio_permille,
)
from stimctl.records.adjusted_files import (
    PARENT as _PARENT,
)
from stimctl.records.adjusted_files import (
    adjusted_path as adjusted_path,
)
from stimctl.records.adjusted_files import (
    save_adjusted as save_adjusted,
)
from stimctl.records.adjusted_files import (
    toml_text as toml_text,
)
from stimctl.records.adjusted_files import (
    with_parent as with_parent,
)
from stimctl.tui.model.words import duration_text


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a channel that may be adjusted; `step` in the base unit of its kind."""

    section: str
    key: str
    label: str
    step: int
    parse: Callable[[str], int]
    show: Callable[[int], str]


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"{text!r} is not a whole number", what_to_do="write digits alone")
    return int(text)


_US, _S = 1, 1_000_000


def _time(section: str, key: str, label: str, step_us: int) -> Field:
    return Field(section, key, label, step_us, parse_duration_us, duration_text)


def _rate(section: str, key: str, label: str) -> Field:
    return Field(section, key, label, 1_000, parse_frequency_mhz, format_frequency)


FIELDS: tuple[Field, ...] = (
    _rate("waveform", "frequency", "frequency"),
    _time("waveform", "phase_width", "pulse width (per phase)", 10 * _US),
    _time("waveform", "interphase_gap", "gap between phases", 10 * _US),
    Field("waveform.burst", "pulses", "pulses per burst", 1, _count, str),
    _rate("waveform.burst", "frequency", "burst rate"),
    _rate("waveform.frequency_sweep", "lowest", "lowest frequency"),
    _rate("waveform.frequency_sweep", "highest", "highest frequency"),
    _time("waveform.phase_width_sweep", "lowest", "narrowest pulse", 10 * _US),
    _time("waveform.phase_width_sweep", "highest", "widest pulse", 10 * _US),
    Field("waveform.amplitude_modulation", "lowest", "modulated down to", 50,
          parse_ratio_permille, format_permille),
    _time("waveform.amplitude_modulation", "period", "modulation period", _S),
    _time("cycle", "on", "on time (both ramps)", _S),
    _time("cycle", "off", "off time", _S),
    _time("cycle", "ramp_up", "ramp up", _S // 2),
    _time("cycle", "ramp_down", "ramp down", _S // 2),
)  # fmt: skip

_TIMES = ("on", "off", "start_after")
_OPTIONAL = {("waveform", "interphase_gap"): 0}


def fields_of(text: str, role: int) -> dict[Field, int]:
    """The adjustable values of channel role number `role` (from 0), in base units."""
    channel = tomllib.loads(text)["channels"][role]
    found: dict[Field, int] = {}
    for field in FIELDS:
        table = _table(channel, field.section)
        if table is not None and field.key in table:
            found[field] = field.parse(str(table[field.key]))
        elif table is not None and (field.section, field.key) in _OPTIONAL:
            found[field] = _OPTIONAL[field.section, field.key]
    return found


def changed(text: str, role: int, field: Field, value: int) -> str:
    """The protocol's text with one value changed; whether it is allowed is for others to say."""
    mapping = tomllib.loads(text)
    table = _table(mapping["channels"][role], field.section)
    if table is None:
        return text
    table[field.key] = value if field.parse is _count else field.show(value)
    if field.section == "cycle":
        _whole_cycles(mapping["session"], table)
    return toml_text(mapping)


def _whole_cycles(session: dict[str, Any], cycle: Mapping[str, Any]) -> None:
    """Another cycle fits another number of times into the session (W8): its length becomes that of
    the whole cycles in it, and its contractions as many."""
    on_us, off_us = (parse_duration_us(str(cycle[one])) for one in ("on", "off"))
    count = parse_duration_us(str(session["duration"])) // (on_us + off_us)
    if count:
        session["duration"] = format_duration(count * (on_us + off_us))
        if "contractions" in session:
            session["contractions"] = count


def with_parent_of(text: str, filed: str) -> str:
    """The text with the parent that stands in `filed`, or without one."""
    mapping, parent = tomllib.loads(text), tomllib.loads(filed).get(_PARENT)
    mapping.pop(_PARENT, None)
    return toml_text({**mapping, **({_PARENT: parent} if parent else {})})


def alternated(text: str, role: str, count: int) -> str:
    """The text with its one role, called `role` in its file, for `count` channels whose on times
    begin evenly one after the other in a cycle; with one, as it was."""
    mapping = tomllib.loads(text)
    first = {**mapping["channels"][0], "role": role}
    mapping["channels"] = [first]
    if count > 1:
        cycle = first["cycle"]
        on, off, at = (parse_duration_us(str(cycle.get(one, "0 us"))) for one in _TIMES)
        starts = [at + (on + off) * number // count // 1_000 * 1_000 for number in range(count)]
        mapping["channels"] = [
            {**first, "role": f"{role}-{number}",
             "cycle": cycle | ({"start_after": format_duration(start)} if start else {})}
            for number, start in enumerate(starts, 1)
        ]  # fmt: skip
    return toml_text(mapping)


def _table(channel: dict[str, Any], section: str) -> dict[str, Any] | None:
    found: Any = channel
    for part in section.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None
