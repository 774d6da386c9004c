"""Whether what a driver of another package hands out is of the kinds that the contract names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

from stimctl.devices import events as names
from stimctl.devices.driver import Frame
from stimctl.devices.events import Doing, DriverEvent

_LONGEST_TEXT, _HIGHEST = 1_000, 2**63
_EVENTS = frozenset(get_args(DriverEvent))


def flaw_of(frames: object, events: object, due_ns: object, latched: object) -> str:
    """What of it is not as the contract says; "" where all is."""
    if type(frames) is not list or type(events) is not list:
        return "transmit() and events() must give lists"
    if type(latched) is not bool or not (due_ns is None or type(due_ns) is int):
        return f"its deadline is {due_ns!r}, and latched is {latched!r}"
    for frame in frames:
        if type(frame) is not Frame or not _is_frame(frame):
            return f"{frame!r} is no frame of bytes that says what it is for"
    for event in events:
        if type(event) not in _EVENTS or not _is_sound(event):
            return f"{event!r} is no event of the contract"
    return ""


def _is_frame(frame: Frame) -> bool:
    return (
        type(frame.data) is bytes
        and type(frame.doing) is Doing
        and type(frame.urgent) is bool
        and type(frame.resets) is bool
        and (frame.expires_ns is None or type(frame.expires_ns) is int)
    )


def _is_sound(value: Any) -> bool:
    kind_of: type = type(value)
    return all(_is(getattr(value, name), kind) for name, kind in _kinds_of(kind_of))


def _is_small(value: int | str) -> bool:
    """It can be written to a journal, whatever it is."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT and value.isprintable()
    return abs(value) < _HIGHEST


@cache
def _kinds_of(event: type) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(event, vars(names))
    return tuple((one.name, hints[one.name]) for one in fields(event))


def _is(value: Any, kind: Any) -> bool:
    """Exactly: a bool is no int, and no class of its own stands in for a text."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is int or kind is str:
        return type(value) is kind and _is_small(value)
    if origin is None:
        if kind is type(None) or not isinstance(kind, type):
            return value is None
        if type(value) is not kind:
            return False
        return issubclass(kind, Enum) or kind.__module__ == "builtins" or _is_sound(value)
    if origin is tuple:
        return type(value) is tuple and all(_is(one, parts[0]) for one in value)
    if origin is frozenset:
        return type(value) is frozenset and all(_is(one, parts[0]) for one in value)
    if origin is Mapping:
        known = type(value) in (dict, MappingProxyType)
        return known and all(_is(k, parts[0]) and _is(one, parts[1]) for k, one in value.items())
    return any(_is(value, part) for part in parts)
