"""Sealed proofs: the register of what was cleared, and the points within it that drivers take.

A clearance carries nothing: what was cleared lies in this module's register under its identity.
Setting attributes, copying, pickling, subclassing or building one by hand yields nothing that
`is_genuine` accepts. A point is an immutable tuple that ends with its clearance; `is_genuine`
measures its values against what the register says, so a forged one can hold nothing that was not
cleared. Each scale has a clearance and a point of its own, and none is taken for another.
"""

from __future__ import annotations

import weakref
from operator import itemgetter
from typing import (
    Any,
    ClassVar,
    Generic,
    NoReturn,
    Protocol,
    Self,
    SupportsIndex,
    TypeAlias,
    TypeGuard,
    TypeVar,
)

from stimctl.errors import BugError, LimitRefusedError
from stimctl.stimulus.level import Scale


class Sealed:
    """No building, assigning, copying to something else, or pickling; `last`: no subclassing."""

    __slots__ = ()
    _last: ClassVar[type | None] = None

    def __init_subclass__(cls, *, last: bool = False) -> None:
        if cls._last is not None:
            raise TypeError(f"{cls._last.__name__} cannot be subclassed")
        super().__init_subclass__()
        if last:
            cls._last = cls

    def __new__(cls, *_args: object, **_named: object) -> Self:
        raise TypeError(f"only stimctl.safety makes a {cls.__name__}")

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _memo: object) -> Any:
        return self

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: clear it again")


class Record(Protocol):
    """What was cleared, as the register keeps it."""

    @property
    def point(self) -> type[OutputPoint]:
        """The kind of point that may be made within it."""

    @property
    def scale(self) -> Scale[Any]:
        """In what its levels are counted."""

    @property
    def most(self) -> int:
        """The highest level cleared."""

    @property
    def step(self) -> int:
        """The step of levels."""

    @property
    def lowest(self) -> int:
        """The lowest level above nothing."""

    def values(
        self,
        level: int,
        width_us: int | None = None,
        period_us: int | None = None,
        group: tuple[int, ...] = (),
    ) -> tuple[object, ...]:
        """Those of a point at this level."""

    def digest(self) -> str:
        """SHA-256 (hex) of the effective limits: all bounds, device, electrode."""

    def allows(self, values: tuple[object, ...]) -> bool:
        """Whether these values of a point lie within what was cleared."""

    def outside(self, values: tuple[object, ...]) -> LimitRefusedError:
        """The error for values that do not; it shows the range."""


R = TypeVar("R", bound=Record)
P = TypeVar("P", bound="OutputPoint")
AnyClearance: TypeAlias = "Clearance[Any, Any]"
_register: dict[int, tuple[weakref.ref[AnyClearance], Record]] = {}


def _record_of(cleared: object) -> Record | None:
    entry = _register.get(id(cleared))
    return entry[1] if entry is not None and entry[0]() is cleared else None


class Clearance(Sealed, Generic[R, P]):
    """What passed its judgement, on one scale. Only `stimctl.safety` makes one."""

    __slots__ = ("__weakref__",)

    @property
    def _record(self) -> R:
        record: Any = _record_of(self)
        if record is None:
            raise BugError("this was never cleared", what_to_do="use stimctl.safety.clear()")
        return record  # type: ignore[no-any-return]

    @property
    def scale(self) -> Scale[Any]:
        """In what its levels are counted."""
        return self._record.scale

    @property
    def most(self) -> int:
        """The highest level cleared, in the unit of its scale."""
        return self._record.most

    @property
    def step(self) -> int:
        """The step of levels, such that the device can set each of them exactly."""
        return self._record.step

    @property
    def lowest(self) -> int:
        """The lowest level that the device can set, above nothing."""
        return self._record.lowest

    def digest(self) -> str:
        """SHA-256 (hex) of the effective limits: all bounds, device, electrode."""
        return self._record.digest()

    def point(
        self,
        level: int,
        width_us: int | None = None,
        period_us: int | None = None,
        *group: int,
    ) -> P:
        """The point at this level; 0 is off. LimitRefusedError outside what was cleared.

        A current has a phase width and a period, in us, on the device's grid and between those
        that the cleared stimulus reaches; without one it is the stimulus's own. `group`: pulses
        and their distance in us, where it is to be the lead of a hold.
        """
        record = self._record
        values = record.values(level, width_us, period_us, group)
        if not record.allows(values):
            raise record.outside(values)
        made: P = _new_tuple(record.point, (*values, self))
        return made

    def __repr__(self) -> str:
        record = _record_of(self)
        what = ", not genuine" if record is None else f" up to {record.scale.format(record.most)}"
        return f"<{type(self).__name__}{what}>"


_new_tuple: Any = tuple.__new__
C = TypeVar("C", bound="AnyClearance")


def enter(kind: type[C], record: Record) -> C:
    """A clearance of this record; the register forgets it with the object."""
    cleared = object.__new__(kind)
    key = id(cleared)
    _register[key] = (weakref.ref(cleared, lambda _: _register.pop(key, None)), record)
    return cleared


class OutputPoint(Sealed, tuple[Any, ...]):
    """What a channel is set to now. Only the `point` of a clearance makes one.

    Two points of one kind with equal values are equal, whichever clearance they come from.
    """

    __slots__ = ()

    level: int
    """On the scale of its clearance."""
    cleared: AnyClearance = property(itemgetter(-1))  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple) and type(other) is type(self) and self[:-1] == other[:-1]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:-1])


T = TypeVar("T", bound="AnyClearance | OutputPoint")


def is_genuine(obj: object, kind: type[T]) -> TypeGuard[T]:
    """Whether `obj` is a clearance of this kind that was made here, or a point within such a one.

    Drivers ask this before they take anything: `kind` is what the driver takes, and nothing else
    is it, however genuine.
    """
    if type(obj) is not kind:
        return False
    if isinstance(obj, Clearance):
        return _record_of(obj) is not None
    if not isinstance(obj, OutputPoint) or not obj:
        return False
    record = _record_of(obj[-1])
    return record is not None and record.point is kind and record.allows(obj[:-1])
