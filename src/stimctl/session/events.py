"""Events in and out of their JSON form (`stimctl.event/2`).

There is one encoding and one decoding. Rows of schema 1 are decoded, too: their levels had a name
for each unit, and their refusals no code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, Final

from stimctl.session import activation_rows, host_rows, rows
from stimctl.session.reasons import Reason
from stimctl.session.row_base import Event, Kind, OpenEvent
from stimctl.session.rows import PlannedChannel

__all__ = [
    "ANSWER",
    "EVENTS",
    "SCHEMA",
    "Event",
    "Json",
    "Kind",
    "SessionEvent",
    "as_schema_2",
    "decode",
    "encode",
    "event_of",
]

SCHEMA: Final = "stimctl.event/2"
ANSWER: Final = "answer"
"""The one kind of row that is no event: what became of a command."""
Json = None | bool | int | str | list["Json"] | Mapping[str, "Json"]


EVENTS: Final[tuple[type[Event], ...]] = tuple(
    one
    for module in (rows, activation_rows, host_rows)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, Event) and one not in (Event, OpenEvent)
)
"""Every class, one for each kind: of the session, and of the program that runs it."""


class RowFormatError(ValueError):
    """A row that is not of its kind."""


def encode(event: Event) -> dict[str, Any]:
    """The fields of an event as JSON-able values, without its kind."""
    if isinstance(event, OpenEvent):
        return dict(event.fields)
    found: dict[str, Any] = {}
    for name, _, default in _fields_of(type(event).kind):
        value = getattr(event, name)
        if isinstance(value, Reason):
            found[name] = value.text
            if value.code:
                found["code"] = str(value.code)
        elif default is MISSING or value != default:
            found[name] = _plain(value)
    return found


def decode(kind: str, data: Mapping[str, Any]) -> Event | None:
    """The event of a row; None for a kind that is no event: `ANSWER`.

    Raises `RowFormatError` where the row is not of its kind. Fields that are not of the event (who
    was in charge, a number, a time) are left to the caller.
    """
    of_kind = _BY_KIND.get(kind)
    if of_kind is None:
        return None
    if issubclass(of_kind, OpenEvent):
        return of_kind({name: one for name, one in data.items() if name not in _ENVELOPE})
    told = as_schema_2(kind, data)
    found: dict[str, Any] = {}
    try:
        for name, read, default in _fields_of(of_kind.kind):
            if name in told:
                found[name] = read(told[name], told)
            elif default is MISSING and read is not _reason:
                raise RowFormatError(f"{name} is missing")
            elif default is MISSING:
                found[name] = Reason(str(told.get("code", "")), "")
        return of_kind(**found)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RowFormatError(f"{kind!r}: {error}") from error


def event_of(row: Mapping[str, Any]) -> Event | None:
    """The event of a row with a `kind`; None where it is no event, or none that can be read."""
    try:
        return decode(str(row["kind"]), row)
    except RowFormatError:
        return None


_Read = Callable[[Any, Mapping[str, Any]], Any]


@cache
def _fields_of(kind: Kind) -> tuple[tuple[str, _Read, Any], ...]:
    return tuple((one.name, _READ[str(one.type)], one.default) for one in fields(_BY_KIND[kind]))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, PlannedChannel):
        return {"channel": value.channel, "role": value.role, "cleared": value.cleared}
    return value


def _exactly(of_type: type) -> _Read:
    def read(value: Any, _row: Mapping[str, Any]) -> Any:
        if type(value) is not of_type and not (of_type is str and isinstance(value, str)):
            raise TypeError(f"{value!r} is not of the type {of_type.__name__}")
        return value

    return read


def _or_none(read: _Read) -> _Read:
    return lambda value, row: None if value is None else read(value, row)


def _reason(value: Any, row: Mapping[str, Any]) -> Reason:
    return Reason(str(row.get("code", "")), str(value))


def _levels(value: Any, _row: Mapping[str, Any]) -> Mapping[int, int]:
    return {int(channel): int(level) for channel, level in value.items()}


def _channels(value: Any, _row: Mapping[str, Any]) -> tuple[PlannedChannel, ...]:
    return tuple(
        PlannedChannel(int(one["channel"]), str(one["role"]), int(one["cleared"])) for one in value
    )


def _groups(value: Any, _row: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(one) for one in group) for group in value)


def _mapping(value: Any, _row: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(value)


_INT, _STR, _BOOL = _exactly(int), _exactly(str), _exactly(bool)
_READ: Final[Mapping[str, _Read]] = {
    "int": _INT,
    "int | None": _or_none(_INT),
    "str": _STR,
    "str | None": _or_none(_STR),
    "bool": _BOOL,
    "bool | None": _or_none(_BOOL),
    "Reason": _reason,
    "Levels": _levels,
    "Mapping[str, Any]": _mapping,
    "Mapping[str, Any] | None": _or_none(_mapping),
    "tuple[PlannedChannel, ...]": _channels,
    "tuple[tuple[int, ...], ...]": _groups,
    "tuple[int, ...]": lambda value, _row: tuple(int(one) for one in value),
    "LevelList": lambda value, _row: tuple(int(one) for one in value),
}
_ENVELOPE: Final = frozenset(
    {"schema", "t", "mono_ns", "kind", "seq", "durable", "event", "at_ns", "source", "who"}
)
_BY_KIND: Final = {one.kind.value: one for one in EVENTS}

# What the fields were called in schema 1, in microampere and in percent.
_LEVELS_1: Final[Mapping[str, tuple[str, str]]] = {
    "level": ("plateau_ua", "intensity_percent"),
    "before": ("from_ua", "from_percent"),
    "asked": ("asked_ua", "asked_percent"),
    "allowed": ("allowed_ua", "allowed_percent"),
    "acked": ("acked_ua", "acked_percent"),
    "cleared": ("cleared_ua", "cleared_percent"),
    "channels": ("channels", "channels_percent"),
    "set": ("set", "set_percent"),
    "levels": ("plateau", "raised_percent"),
}
_HAVE_LEVELS: Final = frozenset(
    kind for kind, one in _BY_KIND.items() if any(field.name == "unit" for field in fields(one))
)


def as_schema_2(kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a row by the names of schema 2; what is of that already stays as it is."""
    told = dict(data)
    if kind == Kind.START and "start_from" not in told:
        told["start_from"] = told.get("from")
    if kind in (Kind.STOPPING, Kind.ZERO_VERIFIED):
        told.setdefault("purpose", "stop")  # of a face that stood in for its supervisor
    if kind not in _HAVE_LEVELS or "unit" in told:
        return told
    if kind == Kind.PLAN:
        channels = [_renamed(one) for one in told["channels"]]
        units = {one.pop("unit") for one in channels}
        return {**told, "channels": channels, "unit": "%" if "%" in units else "uA"}
    return {"code": "", **_renamed(told)}


def _renamed(told: Mapping[str, Any]) -> dict[str, Any]:
    in_percent = any(percent in told for _, percent in _LEVELS_1.values())
    names = {old[in_percent]: new for new, old in _LEVELS_1.items()}
    return {"unit": "%" if in_percent else "uA"} | {
        names.get(name, name): value for name, value in told.items()
    }


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One thing that happened. `seq` counts from 1 without gaps; `at_ns` is the engine's clock.

    `durable` asks the journal to sync; where the event starts or raises output, the frames wait
    for `JournalDurable(seq)`.
    """

    seq: int
    at_ns: int
    event: Event
    durable: bool

    @property
    def kind(self) -> Kind:
        """What kind of thing."""
        return self.event.kind

    @property
    def data(self) -> Mapping[str, Any]:
        """Its fields as JSON-able values."""
        return encode(self.event)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, without the wall-clock time that the journal adds."""
        return {
            "seq": self.seq,
            "mono_ns": self.at_ns,
            "kind": self.kind.value,
            "durable": self.durable,
            **self.data,
        }
