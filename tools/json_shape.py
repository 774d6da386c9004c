"""The shape of JSON: which fields there are, by their path, and of which types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = {
    "NoneType": "null", "bool": "true or false", "int": "integer", "float": "number",
    "str": "text", "list": "list", "dict": "object",
}  # fmt: skip
_SHOWN, _LONGEST = 2, 160


def shape(value: Any) -> dict[str, list[str]]:
    """Types by path: `channels[].dose.peak_ma`; a number as a key is `*`."""
    found: dict[str, set[str]] = {}
    for path, kind in _walk(value, ""):
        if path:
            found.setdefault(path, set()).add(kind)
    return {path: sorted(kinds) for path, kinds in found.items()}


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    yield path, _TYPES[type(value).__name__]
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = "*" if re.fullmatch(r"\d+", key) else key
            yield from _walk(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, f"{path}[]")


def differing(known: Mapping[str, list[str]], now: Mapping[str, list[str]]) -> set[str]:
    """Paths of `now` that are not known, or of another type. What is empty now is no difference."""
    return {path for path, kinds in now.items() if not set(kinds) <= set(known.get(path, ()))}


def shortened(value: Any) -> Any:
    """The value with its lists and its long texts cut."""
    if isinstance(value, Mapping):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        cut = [shortened(inner) for inner in value[:_SHOWN]]
        return [*cut, "..."] if len(value) > _SHOWN else cut
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[: _LONGEST - 3] + "..."
    return value
