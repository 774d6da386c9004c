"""`NamedTuple` for modules on the stop path, without `typing`, which alone takes 5 ms to import.

The type checker reads `typing.NamedTuple` there; this is what runs:

    if TYPE_CHECKING:
        from typing import NamedTuple
    else:
        from stimctl.light_tuple import NamedTuple
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import Any, Self


class NamedTuple(tuple):  # type: ignore[type-arg]
    """A tuple whose items have the names that the subclass annotates, in that order."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()
    _field_defaults: dict[str, Any] = {}  # noqa: RUF012 - made anew for each subclass

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)
        cls._field_defaults = {name: vars(cls)[name] for name in cls._fields if name in vars(cls)}
        for index, name in enumerate(cls._fields):
            setattr(cls, name, _tuplegetter(index, ""))

    def __new__(cls, *values: Any, **named: Any) -> Self:
        missing = cls._fields[len(values) :]
        if missing:
            given = cls._field_defaults | named
            try:
                values += tuple(given[name] for name in missing)
            except KeyError as error:
                raise TypeError(f"{cls.__name__}: {error} is missing") from None
        if len(values) != len(cls._fields) or not named.keys() <= set(missing):
            raise TypeError(f"{cls.__name__} has the fields {', '.join(cls._fields)}")
        return tuple.__new__(cls, values)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({shown})"

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def _replace(self, **changes: Any) -> Self:
        return type(self)(**self._asdict() | changes)
