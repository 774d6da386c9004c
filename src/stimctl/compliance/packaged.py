"""The files of this package: made or recorded in a working copy, and read wherever it runs."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from typing import Any, Final

HAZARDS: Final = "hazards.json"
TESTS: Final = "test-results.json"
REMOVALS: Final = "removal-results.json"
SOUP: Final = "soup.toml"
AS_SOUP: Final = "as-soup.toml"


def read_json(name: str) -> dict[str, Any] | None:
    """The content of a file; None where there is none."""
    file = files("stimctl.compliance") / "data" / name
    if not file.is_file():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def read_toml(name: str) -> dict[str, Any]:
    """The content of a file that is always there."""
    return tomllib.loads((files("stimctl.compliance") / "data" / name).read_text(encoding="utf-8"))
