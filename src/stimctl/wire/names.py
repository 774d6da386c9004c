"""The wire protocols there are: the packages in here that have a module `dissect`."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import stimctl.wire

if TYPE_CHECKING:
    from stimctl.wire.dissector import Dissector


class _Wires(Mapping[str, "Dissector"]):
    """Each protocol's dissector by its name, loaded when it is asked for."""

    def __init__(self) -> None:
        self._names = tuple(
            one.name for one in pkgutil.iter_modules(stimctl.wire.__path__) if one.ispkg
        )

    def __getitem__(self, name: str) -> Dissector:
        if name not in self._names:
            raise KeyError(name)
        dissector: Dissector = import_module(f"{stimctl.wire.__name__}.{name}.dissect").DISSECTOR
        return dissector

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


WIRES: Mapping[str, Dissector] = _Wires()
