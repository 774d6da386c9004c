"""stimctl drives electrical stimulators; research and simulation software, not a medical device.

`with stimctl.connect("sim:p24") as device: ...` is the Python API (`stimctl.api`),
loaded when it is first used.
"""

from __future__ import annotations

# Recognised by name by the type checker; the real constant would import all of `typing`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from stimctl import aio as aio
    from stimctl.api import Device, connect
    from stimctl.version import __version__

__all__ = ["Device", "__version__", "connect"]


def __getattr__(name: str) -> object:
    if name in ("Device", "connect"):
        from stimctl import api

        return getattr(api, name)
    if name == "__version__":
        from stimctl import version

        return version.__version__
    if name in ("aio", "errors"):
        from importlib import import_module

        return import_module(f"stimctl.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "aio", "errors"])
