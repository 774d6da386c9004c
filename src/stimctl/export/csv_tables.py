"""Tidy CSV: six tables, and a data package that says what their columns are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from stimctl.export.columns import Table, Value, package_resource
from stimctl.export.content import SessionContent
from stimctl.export.tables import tables_of


def csv_files(content: SessionContent) -> dict[str, bytes]:
    """A file for each table, comma separated, UTF-8, an empty field where there is no value."""
    tables = tables_of(content)
    files = {
        f"{one.shape.name}.csv": csv_text(one.shape.names, one.rows, ",").encode() for one in tables
    }
    return files | {"datapackage.json": json_bytes(_package(content, tables))}


def csv_text(
    names: Sequence[str], rows: Sequence[Mapping[str, Value]], delimiter: str, empty: str = ""
) -> str:
    """A table with its heading; `empty` stands where there is no value."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name], empty) for name in names] for row in rows)
    return written.getvalue()


def json_bytes(value: Any) -> bytes:
    """JSON for people and programs, with a final line end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _cell(value: Value, empty: str) -> str:
    if value is None:
        return empty
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _package(content: SessionContent, tables: Sequence[Table]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-package",
        "name": f"stimctl-{content.report.session.lower()}",
        "title": f"Session {content.report.session}"
        + (" (SIMULATED)" if content.is_simulated else ""),
        "description": "Planned, commanded, acknowledged and measured are kept apart: see the "
        "column `source`. Only acknowledged figures say what a device accepted.",
        "resources": [package_resource(one.shape) for one in tables],
    }
