"""The example package, installed for a test and gone after it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware_sim import devices as twins
from stimctl.devices import family as table
from stimctl.devices.registry import family
from stimctl.supervisor.families import every_family
from tests.support.toy_package import install


def _forget() -> None:
    for name in [one for one in sys.modules if one.partition(".")[0].startswith("toy_")]:
        del sys.modules[name]
    table._FOUND.clear()
    family.cache_clear()
    every_family.cache_clear()
    twins.load.cache_clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages with the toy in it, for this process and those that it starts."""
    folder = install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    _forget()
    yield folder
    _forget()


@pytest.fixture
def reinstall(site: Path) -> Callable[..., None]:
    """Change the installed package: `edit` of one file, or another version."""

    def change(file: str = "", old: str = "", new: str = "", *, version: str = "") -> None:
        if version:
            install(site, version=version)
        if file:
            path = site / "toy_stimulator" / file
            text = path.read_text(encoding="utf-8")
            assert old in text
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        _forget()

    return change
