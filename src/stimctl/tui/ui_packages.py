"""Which Textual the terminal UI runs on, found without loading it.

Another package beside stimctl can hold it at a version that the API and the command line do not
mind and the screens were not made for. Such a screen would end in the middle of a session, so the
terminal UI does not open there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from stimctl.errors import UsageError

#: The first version that fits and the first that does not, as tried; pyproject.toml lets more be
#: installed. Textual below 8.2.7 does not read every form of a key that a terminal can send.
WANTED = {"textual": ((8, 2, 7), (9, 0, 0))}


def need_ui_packages() -> None:
    """Refuse versions that the screens were not made for.

    Raises:
        UsageError: with the versions that are there, and what to do.
    """
    found = installed_versions()
    wrong = [name for name in WANTED if not fits(name, found[name])]
    if not wrong:
        return
    there = " and ".join(f"{name} {found[name] or '(not installed)'}" for name in wrong)
    raise UsageError(
        f"the terminal UI does not run on {there}",
        why=f"it was made for {' and '.join(map(wanted, wrong))}; another package may hold it back",
        what_to_do="install stimctl in an environment of its own, or use `stimctl --plain`, "
        "`stimctl run` or the Python API here",
    )


def fits(name: str, version: str) -> bool:
    """Whether the terminal UI runs on this version of a package."""
    numbers = [int(part) for part in version.split(".")[:3] if part.isdigit()]
    least, below = WANTED[name]
    return least <= (*numbers, 0, 0, 0)[:3] < below


def wanted(name: str) -> str:
    """The versions that fit, in words."""
    least, below = (".".join(map(str, one)) for one in WANTED[name])
    return f"{name} {least} or newer, below {below}"


def installed_versions(folders: Iterable[str] | None = None) -> dict[str, str]:
    """The installed versions by the names of their metadata folders; "" where there is none.

    `importlib.metadata` says the same and takes a tenth of the time to the first paint to load. It
    is asked where a folder has another name, as in a package of a distribution.
    """
    found: dict[str, str] = {}
    for folder in sys.path if folders is None else folders:
        try:
            paths = list(Path(folder).glob("textual*.dist-info"))
        except OSError:
            continue
        for path in paths:
            name, _, version = path.name.removesuffix(".dist-info").partition("-")
            found.setdefault(name.replace("_", "-"), version)
    return {name: found.get(name) or _of_metadata(name) for name in WANTED}


def _of_metadata(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""
