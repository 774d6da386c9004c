"""The `firmware_sim` of stimctl, also in a project that has a folder or a module of that name.

Its tests run with the project's folder first on the path, so that the name leads to theirs there.
Whatever of ours uses it is then loaded at once, with our folder first; the name stays theirs.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import stimctl

_NAME = "firmware_sim"
#: What imports it at its top. Nothing imports it later, or it would get theirs.
_USERS = (
    "stimctl.bench", "stimctl.bench.families", "stimctl.bench.virtual", "stimctl.bench.rehearsal",
    "stimctl.bench.by_hand", "stimctl.bench.lockstep", "stimctl.bench.disturbances",
    "stimctl.bench.fault_rehearsal", "stimctl.bench.input_play",
    "stimctl.bench.functional_verdict", "stimctl.bench.functional_rehearsal",
    "stimctl.testing.watched", "stimctl.testing.marks",
    "stimctl.testing.journals", "stimctl.testing.everywhere", "stimctl.testing.twins",
)  # fmt: skip


def load_ours() -> None:
    """Call before anything of stimctl that uses `firmware_sim` is imported."""
    root = _our_root()
    if root is None or not _leads_elsewhere(root) or _USERS[-1] in sys.modules:
        return
    theirs = _take_out()
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        for name in _USERS:
            importlib.import_module(name)
        importlib.import_module(f"{_NAME}.devices").load_all()
    finally:
        sys.path.remove(str(root))
        _take_out()
        sys.modules.update(theirs)


def _our_root() -> Path | None:
    """The folder that holds ours: where stimctl is installed, or the root of its repository."""
    package = Path(stimctl.__file__).resolve().parent
    for root in package.parents[:2]:
        if (root / _NAME / "invariant").is_dir():
            return root
    return None


def _leads_elsewhere(root: Path) -> bool:
    loaded = sys.modules.get(_NAME)
    spec = importlib.util.find_spec(_NAME) if loaded is None else loaded.__spec__
    origin = None if spec is None else spec.origin
    return origin is None or Path(origin).resolve().parent != root / _NAME


def _take_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == _NAME or name.startswith(f"{_NAME}.")]
    return {name: sys.modules.pop(name) for name in names}
