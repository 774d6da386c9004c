"""Which Textual the terminal UI runs on, found without loading it.

Another package beside stimctl can hold Textual at a version that the API and the command line do
not mind and the screens were not made for. Such a screen would end in the middle of a session, so
the terminal UI does not open there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from stimctl.errors import UsageError

#: The first and the first that is not, as tried; pyproject.toml lets more be installed.
LEAST, BELOW = (8, 0), (9, 0)


def need_textual() -> None:
    """Refuse a Textual that the screens were not made for.

    Raises:
        UsageError: with the version that is there, and what to do.
    """
    found = installed_version(sys.path)
    if fits(found):
        return
    raise UsageError(
        f"the terminal UI does not run on Textual {found or '(not installed)'}",
        why=f"it was made for {wanted()}; another package may hold Textual at its version",
        what_to_do="install stimctl in an environment of its own, or use `stimctl --plain`, "
        "`stimctl run` or the Python API here",
    )


def fits(version: str) -> bool:
    """Whether the terminal UI runs on this version."""
    parts = version.split(".")[:2]
    numbers = tuple(int(part) for part in parts if part.isdigit())
    return len(numbers) == 2 and LEAST <= numbers < BELOW


def wanted() -> str:
    """The versions that fit, in words."""
    return f"Textual {LEAST[0]}.{LEAST[1]} or newer, below {BELOW[0]}.{BELOW[1]}"


def installed_version(folders: list[str]) -> str:
    """The installed version by the name of its metadata folder; "" where there is none.

    `importlib.metadata` says the same and takes a tenth of the time to the first paint to load. It
    is asked where the folder has another name, as in a package of a distribution.
    """
    for folder in folders:
        try:
            names = [path.name for path in Path(folder).iterdir()]
        except OSError:
            continue
        for name in names:
            if name.startswith("textual-") and name.endswith(".dist-info"):
                return name.removeprefix("textual-").removesuffix(".dist-info")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("textual")
    except PackageNotFoundError:
        return ""
