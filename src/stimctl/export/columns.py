"""Columns of a table: name with its unit, type, meaning; and the schemas that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = str | int | float | bool | None


class Type(StrEnum):
    """Of the values of a column, in the words of JSON Schema."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `may_be_empty`: a row may have no value there. `values`: all that there are."""

    name: str
    type: Type
    text: str
    may_be_empty: bool = True
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table without its rows."""

    name: str
    text: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns, in order."""
        return tuple(one.name for one in self.columns)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its rows; a row that does not have exactly its columns is an error."""

    shape: TableShape
    rows: tuple[Mapping[str, Value], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if tuple(row) != self.shape.names:
                raise ValueError(f"a row of {self.shape.name} has the columns {tuple(row)}")


def row_schema(shape: TableShape) -> dict[str, Any]:
    """The JSON Schema of one row as an object."""
    return {
        "type": "object",
        "description": shape.text,
        "properties": {one.name: _value_schema(one) for one in shape.columns},
        "required": list(shape.names),
        "additionalProperties": False,
    }


def _value_schema(column: Column) -> dict[str, Any]:
    empty = [None] if column.may_be_empty else []
    types = [column.type.value, *("null" for _ in empty)]
    schema: dict[str, Any] = {"type": types if empty else types[0], "description": column.text}
    if column.values:
        schema["enum"] = [*column.values, *empty]
    return schema


def package_resource(shape: TableShape) -> dict[str, Any]:
    """The table in a Frictionless tabular data package."""
    return {
        "name": shape.name,
        "path": f"{shape.name}.csv",
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "description": shape.text,
        "schema": {
            "fields": [
                {
                    "name": one.name,
                    "type": one.type.value,
                    "description": one.text,
                    "constraints": {"required": not one.may_be_empty},
                }
                for one in shape.columns
            ]
        },
    }


def rows_of(shape: TableShape, values: Sequence[Sequence[Value]]) -> tuple[dict[str, Value], ...]:
    """Rows from their values in the order of the columns."""
    return tuple(dict(zip(shape.names, one, strict=True)) for one in values)
