"""What the files of a driver may not do: read a clock, open a port, start a thread, mint a proof.

A reading of its source, not a wall: it finds mistakes. What may be imported is listed here; all
else is refused, and so are the common ways to reach what was not imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

STANDARD = frozenset(
    """
    __future__ abc array binascii bisect collections copy dataclasses decimal enum fractions
    functools heapq itertools math numbers operator re statistics string struct types typing zlib
    """.split()  # noqa: SIM905
)
"""Modules of the standard library that know nothing of time, files, lines, threads or chance."""

OURS: dict[str, frozenset[str] | None] = {
    "stimctl.codes": None,
    "stimctl.devices": None,
    "stimctl.errors": None,
    "stimctl.light_tuple": None,
    "stimctl.quantity": None,
    "stimctl.stimulus": None,
    "stimctl.wire": None,
    "stimctl.safety.cleared": frozenset({"Cleared", "SetPoint"}),
    "stimctl.safety.sealed": frozenset({"is_genuine"}),
    "stimctl.safety.intensity": frozenset(
        {
            "ClearedIntensity",
            "IntensityPoint",
        }
    ),
    "stimctl.safety.device_bounds": None,
}
"""What of stimctl a driver may import: no way to a clearance, no port, no session."""

_NOT_OURS = frozenset(
    {"stimctl.devices.registry", "stimctl.devices.packages", "stimctl.wire.names"}
)  # they load what they are told to
_FAMILY = "stimctl.devices.family"
_ROW = frozenset({"DeviceFamily", "LineSettings"})
_MODULES = frozenset(
    """
    _os _sys asyncio builtins ctypes importlib import_module inspect io multiprocessing os pathlib
    random select signal socket subprocess sys threading time
    """.split()  # noqa: SIM905
)
"""What other modules have imported for themselves, and is not to be reached through them."""

CALLS = frozenset(
    """
    BaseException GeneratorExit KeyboardInterrupt SystemExit __import__ breakpoint
    compile delattr eval exec exit getattr globals input locals memoryview
    open print quit setattr vars
    """.split()  # noqa: SIM905
)
_DUNDERS = frozenset(
    """
    __all__ __annotations__ __bool__ __call__ __contains__ __doc__ __enter__ __eq__ __exit__ __ge__
    __getitem__ __gt__ __hash__ __init__ __iter__ __le__ __len__ __lt__ __name__ __ne__ __new__
    __next__ __post_init__ __repr__ __setitem__ __slots__ __str__
    """.split()  # noqa: SIM905
)

HEAVY = frozenset(
    "typing dataclasses re struct enum pathlib json socket threading subprocess inspect".split()  # noqa: SIM905
)
"""What the stop path cannot wait for."""


class Flaw(NamedTuple):
    """One place of a package that breaks the contract."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def flaws_of(tops: tuple[str, ...]) -> Iterator[Flaw]:
    """Every flaw in the files of these packages."""
    for top in tops:
        spec = find_spec(top)
        for folder in map(Path, (spec and spec.submodule_search_locations) or ()):
            for path in sorted(folder.rglob("*")):
                place = str(path.relative_to(folder.parent))
                if path.suffix == ".py":
                    yield from _flaws_in(path, place, tops)
                elif path.suffix in (".so", ".pyd", ".pyc") and "__pycache__" not in path.parts:
                    yield Flaw(place, "it cannot be read: only Python source is checked")


def _flaws_in(path: Path, place: str, tops: tuple[str, ...]) -> Iterator[Flaw]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, OSError) as error:
        yield Flaw(place, f"it cannot be read: {error}")
        return
    for node in ast.walk(tree):
        for what in _found(node, tops):
            yield Flaw(f"{place}:{getattr(node, 'lineno', 0)}", what)


def _found(node: ast.AST, tops: tuple[str, ...]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            for one in names:
                if not _may_import(one.name, None, tops):
                    yield f"imports {one.name}"
        case ast.ImportFrom(module=module, names=names, level=0):
            for one in names:
                if not _may_import(module or "", one.name, tops):
                    yield f"imports {one.name} of {module}"
        case ast.Name(id=name) if name in CALLS or _is_hidden(name):
            yield f"uses {name}"
        case ast.Attribute(attr=name) if _is_hidden(name) or name in _MODULES:
            yield f"reaches for {name}"
        case ast.AsyncFunctionDef() | ast.Await():
            yield "is asynchronous"


def _is_hidden(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _DUNDERS


def _may_import(module: str, name: str | None, tops: tuple[str, ...]) -> bool:
    top = module.partition(".")[0]
    if top in tops:
        return True
    if (name or "").startswith("_") or name in _MODULES or "._" in module:
        return False
    if top in STANDARD:
        return True
    if name is None or {module, f"{module}.{name}"} & _NOT_OURS:
        return False  # `import stimctl.x` would give all of stimctl
    if _FAMILY in (module, f"{module}.{name}"):
        return name in _ROW
    if module in OURS and OURS[module] is not None:
        return name in (OURS[module] or ())
    return any(
        allowed is None and (module == ours or module.startswith(f"{ours}."))
        for ours, allowed in OURS.items()
    )


def loaded_beside(before: frozenset[str], tops: tuple[str, ...]) -> list[str]:
    """The modules that were loaded since `before` and are neither its own nor stimctl's."""
    fine = (*tops, "stimctl", "firmware_sim")
    return sorted(
        name
        for name in set(sys.modules) - before
        if name.partition(".")[0] not in fine and name.partition(".")[0] not in STANDARD
    )
