"""Who is attached to what stands between us and a screen: asked of each, by real programs too."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from stimctl.cli.watched import need_somebody
from stimctl.errors import StateError
from stimctl.multiplexer import (
    Multiplexer,
    Multiplexers,
    ancestor_names,
    multiplexers_of,
    read_screen,
    read_zellij,
)
from stimctl.testing.terminal import Terminal
from stimctl.tui.model.lookout import Lookout
from tests.support.tui_desk import S, World

TMUX = {"TMUX": "/tmp/tmux-0/default,1,0", "TMUX_PANE": "%0"}
SCREENS = """There are screens on:
\t4711.other\t(11/29/26 20:01:22)\t(Attached)
\t815.ward\t(11/29/26 20:01:22)\t({})
2 Sockets in /run/screen/S-k.
"""
CLIENTS = "CLIENT_ID ZELLIJ_PANE_ID RUNNING_COMMAND\n"


@pytest.mark.parametrize(
    ("state", "attached"),
    [("Attached", 1), ("Multi, attached", 1), ("Detached", 0), ("Multi, detached", 0),
     ("Dead ???", None), ("Private", None)],
)  # fmt: skip
def test_screen_says_whether_somebody_is_attached(state: str, attached: int | None) -> None:
    answer = read_screen(SCREENS.format(state), "815.ward")
    assert (None if answer is None else answer.attached) == attached
    assert read_screen("No screen session found.\n", "815.ward") is None


@pytest.mark.parametrize(
    ("said", "attached"),
    [(CLIENTS + "1         terminal_1     stimctl\n", 1), (CLIENTS, 0), ("", None),
     ("error: Found argument 'list-clients' which wasn't expected\n", None)],
)  # fmt: skip
def test_zellij_lists_its_clients(said: str, attached: int | None) -> None:
    answer = read_zellij(said)
    assert (None if answer is None else answer.attached) == attached


def asked(name: str, says: str) -> Multiplexer:
    read = {"tmux": None, "screen": lambda said: read_screen(said, "815.ward"),
            "zellij": read_zellij}[name]  # fmt: skip
    return Multiplexer(lambda: says, name, read)


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    ("name", "attached", "detached"),
    [
        ("tmux", "1\n-SSH_CONNECTION\n", "0\n-SSH_CONNECTION\n"),
        ("screen", SCREENS.format("Attached"), SCREENS.format("Detached")),
        ("zellij", CLIENTS + "1 terminal_1 sh\n", CLIENTS),
    ],
)
def test_a_device_is_stopped_where_nobody_is_attached_to_one_of_them(
    world: World, name: str, attached: str, detached: str
) -> None:
    world.to_running(steps=1)
    world.bed.live.sim = False
    says = {"it": attached}
    one = asked(name, attached)
    one._ask = lambda: says["it"]
    between = Multiplexers([asked("tmux", "1\n\n"), one])
    between.look()
    world.desk.lookout = Lookout(between=between)
    world.pass_time(1 * S)
    assert (between.refusal, world.bench.state.value) == ("", "running")
    says["it"] = detached
    between.look()
    world.pass_time(1 * S)
    assert world.bench.state.value == "stopped"
    assert f"nobody is attached to this {name}" in world.desk.message


@pytest.mark.hazard("H21")
def test_nothing_is_armed_on_a_device_where_nobody_can_be_asked(world: World) -> None:
    world.to_run()
    world.bed.live.sim = False
    silent = Multiplexers([asked("zellij", "")])
    silent.look()
    world.desk.lookout = Lookout(between=silent)
    world.key("a")
    assert "zellij does not say whether anybody is attached" in world.desk.message
    world.desk.lookout = Lookout(between=multiplexers_of({}, ["sh", "dtach"]))
    world.key("a")
    assert "inside dtach" in world.desk.message
    assert world.bench.state.value != "armed"
    world.bed.live.sim = True
    world.key("a")
    assert world.bench.state.value == "armed", "nobody is at the electrodes of a twin"


@pytest.mark.parametrize(
    ("environ", "ancestors", "word"),
    [
        ({}, ["bash", "dtach"], "dtach"),
        ({}, ["bash", "mosh-server"], "mosh"),
        ({"ABDUCO_SESSION": "x"}, ["bash"], "abduco"),
        ({"SHPOOL_SESSION_NAME": "x"}, [], "shpool"),
        ({}, ["bash", "wezterm-mux-ser"], "WezTerm"),
        ({}, ["sh", "tmux: server"], "a tmux whose variable"),
        ({}, ["sh", "sudo", "screen"], "a screen whose variable"),
        ({"STY": "1.x"}, ["sh", "tmux: server"], "a tmux whose variable"),
        (TMUX, ["bash", "tmux: server", "dtach"], "dtach"),
    ],
)
def test_what_cannot_be_asked_is_named(
    environ: Mapping[str, str], ancestors: Sequence[str], word: str
) -> None:
    found = multiplexers_of(environ, ancestors)
    assert found is not None
    assert f"inside {word}" in found.refusal or word in found.refusal


def test_a_plain_terminal_is_none_of_them() -> None:
    assert multiplexers_of({"TERM": "xterm"}, ["bash", "sshd", "systemd"]) is None
    assert isinstance(ancestor_names(), list)


def test_one_that_has_spoken_and_falls_silent_leaves_things_as_they_are() -> None:
    says = {"it": "1\n\n"}
    one = Multiplexer(lambda: says["it"])
    one.look()
    says["it"] = ""
    one.look()
    assert one.left == "", "a busy computer is not an absent operator"
    assert "does not say" in one.refusal, "and nothing new is armed meanwhile"


# -- the real ones --------------------------------------------------------------------------------

_TOLD = """
import json, os, sys, time
from stimctl.multiplexer import multiplexers_of
found = multiplexers_of(os.environ)
until = time.monotonic() + 20
while found is not None:
    found.look()
    if found._deaf or all(one.answers for one in found._asked) or time.monotonic() > until:
        break
told = {"pid": os.getpid()}
if found is not None:
    told |= {"left": found.left, "refusal": found.refusal}
with open(sys.argv[1] + ".part", "w") as file:
    json.dump(told, file)
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(60)
"""
_CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("TMUX", "TMUX_PANE", "STY", "ZELLIJ", "ZELLIJ_SESSION_NAME")
}


class Real:
    """Starts the small program above inside a multiplexer, and ends that."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "told.json"
        program = folder / "tells.py"
        program.write_text(_TOLD)
        self.inner = [sys.executable, str(program), str(self._told)]
        self._pid = 0
        self.ends: list[list[str]] = []
        self.terminals: list[Terminal] = []
        self.environ = {**_CLEAN, "TERM": "xterm", "TMUX_TMPDIR": str(folder)}

    def run(self, *command: str) -> None:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        subprocess.run(command, env=self.environ, check=True, stdin=subprocess.DEVNULL)

    def in_terminal(self, *command: str) -> None:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        self.terminals.append(Terminal(command, self.environ))

    def told(self) -> dict[str, object]:
        give_up = time.monotonic() + 30
        while not self._told.exists():
            assert time.monotonic() < give_up, "it says nothing"
            for terminal in self.terminals:
                terminal.hear(0.02)
            time.sleep(0.02)
        told = json.loads(self._told.read_text())
        self._pid = int(told.pop("pid"))
        assert isinstance(told, dict), told
        return told

    def end(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
        for command in self.ends:
            if shutil.which(command[0]) is None:
                continue
            subprocess.run(command, env=self.environ, check=False, capture_output=True)
        for terminal in self.terminals:
            terminal.close()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    made = Real(tmp_path)
    yield made
    made.end()


@pytest.mark.pty
@pytest.mark.hazard("H21")
def test_a_detached_screen_is_told(real: Real) -> None:
    name = f"stimctl-test-{os.getpid()}"
    real.ends.append(["screen", "-S", name, "-X", "quit"])
    real.run("screen", "-dmS", name, *real.inner)
    assert real.told()["left"] == "nobody is attached to this screen"


@pytest.mark.pty
def test_an_attached_screen_lets_a_device_be_armed(real: Real) -> None:
    name = f"stimctl-test-{os.getpid()}"
    real.ends.append(["screen", "-S", name, "-X", "quit"])
    real.in_terminal("screen", "-S", name, *real.inner)
    assert real.told() == {"left": "", "refusal": ""}


@pytest.mark.pty
@pytest.mark.hazard("H21")
def test_a_detached_tmux_is_told(real: Real) -> None:
    real.ends.append(["tmux", "kill-server"])
    real.run("tmux", "new-session", "-d", *real.inner)
    assert real.told()["left"] == "nobody is attached to this tmux"


@pytest.mark.pty
@pytest.mark.hazard("H21")
def test_a_screen_inside_a_detached_tmux_is_seen_by_nobody(real: Real) -> None:
    name = f"stimctl-test-{os.getpid()}"
    real.ends.append(["screen", "-S", name, "-X", "quit"])
    real.ends.append(["tmux", "kill-server"])
    if shutil.which("screen") is None:
        pytest.skip("screen is not installed")
    real.run("tmux", "new-session", "-d", "screen", "-S", name, *real.inner)
    assert real.told()["left"] == "nobody is attached to this tmux"


@pytest.mark.pty
@pytest.mark.hazard("H21")
def test_a_dtach_cannot_be_asked(real: Real, tmp_path: Path) -> None:
    real.run("dtach", "-n", str(tmp_path / "socket"), *real.inner)
    assert "inside dtach" in str(real.told()["refusal"])


@pytest.mark.hazard("H21")
def test_the_command_line_runs_on_no_device_where_nobody_is_attached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[Multiplexers | None] = [None]
    monkeypatch.setattr("stimctl.cli.watched.multiplexers_of", lambda _environ: found[0])
    assert need_somebody() is None
    found[0] = Multiplexers([asked("screen", SCREENS.format("Attached"))])
    assert need_somebody() is found[0]
    found[0] = Multiplexers([asked("screen", SCREENS.format("Detached"))])
    with pytest.raises(StateError, match="nobody is attached to this screen"):
        need_somebody()
    found[0] = Multiplexers([], ["dtach"])
    with pytest.raises(StateError, match="inside dtach"):
        need_somebody()
