"""Makes what the pages and schemas of docs/reference/exports have from the code.

`python tools/make_exports.py` writes them; a test says when one is not up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stimctl.export import nibs_bids_columns as nibs
from stimctl.export.columns import row_schema
from stimctl.export.json_lines import SCHEMA
from stimctl.export.shapes import SHAPES

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference" / "exports"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MADE = "Made by `python tools/make_exports.py` from `{source}`; do not edit."


def pages() -> dict[Path, str]:
    """The text of each file."""
    return {
        FOLDER / "tables.md": _tables(),
        FOLDER / "nibs-bids-columns.md": _nibs_columns(),
        FOLDER / "tables.schema.json": _json(_tables_schema()),
        FOLDER / "jsonl.schema.json": _json(_line_schema()),
    }


def _tables() -> str:
    parts = [
        "# Tables of an export",
        _MADE.format(source="src/stimctl/export/shapes.py"),
        "CSV, Parquet and JSON Lines hold these six tables. A unit stands at the end of a name. A "
        "value that the record has not is empty (CSV), null (Parquet, JSON Lines) and never 0. The "
        "schema of each row is in [tables.schema.json](tables.schema.json).",
    ]
    for shape in SHAPES:
        rows = (
            (
                f"`{one.name}`",
                one.type.value,
                "may be" if one.may_be_empty else "never",
                one.text + (f" One of: {', '.join(one.values)}." if one.values else ""),
            )
            for one in shape.columns
        )
        parts += [f"## {shape.name}", shape.text, _grid(("column", "type", "empty", "what"), rows)]
    return "\n\n".join(parts) + "\n"


def _nibs_columns() -> str:
    own = nibs.figures_sidecar()
    parts = [
        "# Columns of a NIBS-BIDS export",
        _MADE.format(source="src/stimctl/export/nibs_bids_columns.py"),
        f"Names of the draft ({nibs.DRAFT}) and ours; [NIBS-BIDS](nibs-bids.md) says how they are "
        "used. No value is `n/a`.",
        "## `*_nibs.tsv`",
        _columns(nibs.NIBS),
        "After them, of our own, the figures of the table [channels](tables.md):",
        _columns({name: (one.get("Units", ""), one["Description"]) for name, one in own.items()}),
    ]
    for name, columns in (
        ("*_events.tsv", nibs.EVENTS),
        ("*_markers.tsv", nibs.MARKERS),
        ("*_sessions.tsv", nibs.SESSIONS),
        ("participants.tsv", nibs.PARTICIPANTS),
    ):
        parts += [f"## `{name}`", _columns(columns)]
    return "\n\n".join(parts) + "\n"


def _columns(columns: Mapping[str, tuple[str, str]]) -> str:
    return _grid(
        ("column", "unit", "what"),
        ((f"`{name}`", unit, text) for name, (unit, text) in columns.items()),
    )


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(one)} |" for one in lines)


def _tables_schema() -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "title": "Rows of the tables of a stimctl export, by table",
        "type": "object",
        "properties": {
            one.name: {"type": "array", "items": {"$ref": f"#/$defs/{one.name}"}} for one in SHAPES
        },
        "required": [one.name for one in SHAPES],
        "additionalProperties": False,
        "$defs": {one.name: row_schema(one) for one in SHAPES},
    }


def _line_schema() -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "title": "One line of a stimctl export in JSON Lines",
        "oneOf": [_line(row_schema(one), one.name) for one in SHAPES],
    }


def _line(row: dict[str, Any], name: str) -> dict[str, Any]:
    first = {"schema": {"const": SCHEMA}, "table": {"const": name}}
    return {
        **row,
        "properties": {**first, **row["properties"]},
        "required": [*first, *row["required"]],
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


def main() -> int:
    """Write the files."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
