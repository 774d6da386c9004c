"""Errors as JSON between the supervisor and its faces: encoded there, decoded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stimctl import errors
from stimctl.errors import (
    LimitRefusedError,
    NotReadyError,
    PortBusyError,
    ProtocolFileError,
    StateError,
    StimctlError,
)


class RemoteRefusal:
    """A refusal of the safety layer as the supervisor told it: every field an attribute."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(name) from None

    def as_dict(self) -> dict[str, Any]:
        """The refusal as JSON-able values."""
        return dict(self._fields)


def encode_error(error: Exception) -> Mapping[str, Any]:
    """An error as JSON-able values."""
    return error.as_dict() if isinstance(error, StimctlError) else {"what": str(error)}


def decode_error(told: Mapping[str, Any]) -> StimctlError:
    """The error that `told` (by `StimctlError.as_dict`) describes; the base class if unknown."""
    kind = getattr(errors, str(told.get("error")), StimctlError)
    what, why = str(told.get("what", "the supervisor failed")), str(told.get("why", ""))
    texts = {"why": why, "what_to_do": str(told.get("what_to_do", ""))}
    if kind is LimitRefusedError:
        refusal = told.get("refusal")
        whole = RemoteRefusal(refusal) if refusal else None
        return LimitRefusedError(what, **texts, refusal=whole, code=str(told.get("code", "")))
    if kind is PortBusyError:
        return PortBusyError(what, **texts, holder=str(told.get("holder", "")))
    if kind is NotReadyError:
        return NotReadyError(what, **texts, needs=tuple(map(str, told.get("needs") or ())))
    if kind is ProtocolFileError:
        place = {"file": told.get("file") or "", "field": told.get("field") or ""}
        return ProtocolFileError(what, **texts, line=told.get("line"), **place)
    if isinstance(kind, type) and issubclass(kind, StateError):
        return kind(what, **texts, code=str(told.get("code", "")))
    if isinstance(kind, type) and issubclass(kind, StimctlError):
        return kind(what, **texts)
    return StimctlError(what, **texts)
