"""Every figure of a session by one name, for forms that have a field for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from stimctl.export.columns import Column, TableShape, Type, Value
from stimctl.export.content import SessionContent
from stimctl.export.shapes import CHANNELS, SESSIONS, SETUPS, SOURCES, STAGES
from stimctl.export.tables import channel_rows, session_row, setup_rows, stage_rows

_KEYS = frozenset({"session", "channel", "source", "bound", "stage"})


def figures_of(content: SessionContent) -> dict[str, Value]:
    """`session.COLUMN`; `channel.N.setup.COLUMN`; `channel.N.stage.M.COLUMN`;
    `channel.N.SOURCE.COLUMN` (for a bound `channel.N.acknowledged.at_least.COLUMN`);
    `channel.N.threshold.NAME_ma` or `_percent`."""
    named: dict[str, Value] = {
        f"session.{name}": value for name, value in session_row(content).items()
    }
    for row in setup_rows(content):
        named |= _with(f"channel.{row['channel']}.setup", row)
    for row in stage_rows(content):
        named |= _with(f"channel.{row['channel']}.stage.{row['stage']}", row)
    for row in channel_rows(content):
        bound = "" if row["bound"] == "figure" else f".{row['bound']}"
        named |= _with(f"channel.{row['channel']}.{row['source']}{bound}", row)
    for one in content.thresholds:
        prefix = f"channel.{one.channel}.threshold.{one.name}"
        if one.unit == "%":
            named[f"{prefix}_percent"] = one.level
        else:
            named[f"{prefix}_ma"] = one.level / 1_000
    return named


def _with(prefix: str, row: Mapping[str, Value]) -> dict[str, Value]:
    return {f"{prefix}.{name}": value for name, value in row.items() if name not in _KEYS}


def column_of(figure: str) -> Column | None:
    """The column behind a name of `figures_of`; None where no session has such a figure."""
    match figure.split("."):
        case ["session", name]:
            return _named(SESSIONS, name)
        case ["channel", number, "setup", name] if number.isdecimal():
            return _named(SETUPS, name, f"channel {number}: ")
        case ["channel", number, "stage", stage, name] if number.isdecimal() and stage.isdecimal():
            return _named(STAGES, name, f"channel {number}, stage {stage}: ")
        case ["channel", number, "threshold", name] if number.isdecimal():
            what, _, unit = name.rpartition("_")
            told = f"channel {number}, threshold: {what}, in {unit}"
            return Column(name, Type.NUMBER, told) if what and unit in ("ma", "percent") else None
        case ["channel", number, "acknowledged", "at_least" | "at_most" as bound, name] if (
            number.isdecimal()
        ):
            told = f"acknowledged, {bound.replace('_', ' ')}"
            return _named(CHANNELS, name, f"channel {number}, {told}: ")
        case ["channel", number, source, name] if number.isdecimal() and source in SOURCES:
            return _named(CHANNELS, name, f"channel {number}, {source}: ")
    return None


def _named(shape: TableShape, name: str, whose: str = "") -> Column | None:
    found = next((one for one in shape.columns if one.name == name), None)
    return None if found is None else replace(found, text=f"{whose}{found.text}")
