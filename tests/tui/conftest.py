"""A desk over the virtual bench, with a state folder of its own."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stimctl.testing.demo import DemoSession
from stimctl.tui.plain.face import PlainFace
from tests.support.tui_desk import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("NO_COLOR", "SSH_CONNECTION", "STIMCTL_KEYMAP", "STIMCTL_MAX_AMPLITUDE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STIMCTL_PROTOCOLS", str(tmp_path / "protocols"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    made = World(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def said() -> list[str]:
    """What the plain face has said."""
    return []


@pytest.fixture
def face(world: World, said: list[str]) -> PlainFace:
    """The plain face over the bench."""
    posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    plain = PlainFace(world.desk, posted)
    plain.say = said.append  # type: ignore[method-assign, assignment]
    return plain


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., DemoSession]]:
    """Starts a demo in a real pty; `name`: a folder of its own, where there is more than one."""
    sessions: list[DemoSession] = []

    def start(name: str = "") -> DemoSession:
        sessions.append(DemoSession(tmp_path / name, "--theme", "mono"))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()
