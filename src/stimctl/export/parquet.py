"""Parquet: the same six tables, typed. Needs pyarrow, imported when a file is asked for."""

from __future__ import annotations

import importlib
from typing import Any, Final

from stimctl.errors import UsageError
from stimctl.export.columns import Table, Type
from stimctl.export.content import SessionContent
from stimctl.export.tables import tables_of

_TYPES: Final = {
    Type.STRING: "string",
    Type.INTEGER: "int64",
    Type.NUMBER: "float64",
    Type.BOOLEAN: "bool_",
}


def parquet_files(content: SessionContent) -> dict[str, bytes]:
    """A file for each table. UsageError where pyarrow is not installed."""
    try:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            "Parquet files are not written",
            why="they need the package pyarrow, which is not installed",
            what_to_do="Install it: pip install 'stimctl[parquet]'. "
            "Or export the same tables with --to csv",
        ) from error
    return {f"{one.shape.name}.parquet": _file(one, arrow, parquet) for one in tables_of(content)}


def _file(table: Table, arrow: Any, parquet: Any) -> bytes:
    fields = [
        arrow.field(
            one.name,
            getattr(arrow, _TYPES[one.type])(),
            nullable=one.may_be_empty,
            metadata={"description": one.text},
        )
        for one in table.shape.columns
    ]
    schema = arrow.schema(fields, metadata={"description": table.shape.text})
    made = arrow.Table.from_pylist([dict(row) for row in table.rows], schema=schema)
    sink = arrow.BufferOutputStream()
    parquet.write_table(made, sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written
