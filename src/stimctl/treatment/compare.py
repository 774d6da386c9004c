"""What differs between two protocols, value by value: for a fork and its parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.treatment.schema import ProtocolBase

# A fork has these of its own.
_OF_ITS_OWN = frozenset({"id", "parent"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, by its place; None where one of the two does not have it."""

    field: str
    here: Any
    parent: Any


def differences(here: ProtocolBase, parent: ProtocolBase) -> tuple[Difference, ...]:
    """Every value in which `here` is not as `parent`, in the order of the file."""
    mine, theirs = (
        dict(_values(one.model_dump(mode="json", exclude=set(_OF_ITS_OWN)), ""))
        for one in (here, parent)
    )
    return tuple(
        Difference(field, mine.get(field), theirs.get(field))
        for field in dict.fromkeys((*mine, *theirs))
        if mine.get(field) != theirs.get(field)
    )


def _values(node: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _values(value, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list) and any(isinstance(one, Mapping) for one in node):
        for number, value in enumerate(node):
            yield from _values(value, f"{place}[{number}]")
    else:
        yield place, node
