"""A desk over the virtual bench, with a state folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tui_desk import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("NO_COLOR", "SSH_CONNECTION", "STIMCTL_KEYMAP", "STIMCTL_MAX_AMPLITUDE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STIMCTL_PROTOCOLS", str(tmp_path / "protocols"))
    monkeypatch.setenv("TZ", "UTC")
    return World(tmp_path / "state")
