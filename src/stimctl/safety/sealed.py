"""Objects that only the safety model makes: they cannot be built, changed, copied or pickled."""

from __future__ import annotations

from typing import Any, NoReturn, Self, SupportsIndex


class Sealed:
    """No building, subclassing, assigning, copying to something else, or pickling."""

    __slots__ = ()

    def __new__(cls, *_args: object, **_named: object) -> Self:
        raise TypeError(f"only stimctl.safety makes a {cls.__name__}")

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _memo: object) -> Any:
        return self

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: clear it again")
