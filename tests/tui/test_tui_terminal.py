"""The whole program in a real pty with a real supervisor and twin: STOP, signals, hang-up."""

from __future__ import annotations

import json
import os
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stimctl.testing.terminal import Terminal

pytestmark = [pytest.mark.pty, pytest.mark.timeout(180)]
KEYS = {"space": b" ", "ctrl+x": b"\x18", "ctrl+c": b"\x03", "f12": b"\x1b[24~"}
#: From the Run screen: how each other screen is opened, and its title.
SCREENS = {
    "RUN": b"", "NOTE": b"n", "KEYS": b"?", "FIND": b"\x10",
}  # fmt: skip
#: Through the list of actions: so many times down.
PLACES = ("PERSON", "CONNECT", "PRE-CHECK", "PROTOCOLS", "SET-UP", "ADJUST", "THRESHOLDS",
          "REPORT", "SERVICE")  # fmt: skip
STOPPED_WITHIN_S = 0.3
Start = Callable[..., Terminal]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "twin.jsonl"


@pytest.fixture
def start(tmp_path: Path, record: Path) -> Iterator[Start]:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("SSH_CONNECTION", "NO_COLOR")},
        "XDG_RUNTIME_DIR": str(runtime), "STIMCTL_STATE_HOME": str(tmp_path / "state"),
        "STIMCTL_TWIN_RECORD": str(record), "STIMCTL_TWIN_OPTIONS": "--wiretap",
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "TZ": "UTC",
    }  # fmt: skip
    terminals: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        command = [sys.executable, "-P", "-m", "stimctl", *arguments]
        terminals.append(Terminal(command, environment))
        return terminals[-1]

    yield begin
    for terminal in terminals:
        terminal.close()


def to_armed(terminal: Terminal) -> None:
    terminal.key(b"a")
    terminal.wait_for("▲ ARMED")
    terminal.settle(0.35)


def to_running(terminal: Terminal) -> None:
    to_armed(terminal)
    terminal.key(b"g")
    terminal.wait_for("● STIM")


def demo(start: Start) -> Terminal:
    terminal = start("--demo", "--theme", "mono")
    terminal.wait_for("■ 0.0 mA confirmed")
    for title in ("SET-UP", "ADJUST", "RUN"):
        terminal.key(b"\r")
        terminal.wait_for(f"┌ {title}")
    terminal.wait_for("■ READY")
    return terminal


def raise_once(terminal: Terminal) -> None:
    terminal.key(b"1")
    terminal.settle(0.2)
    terminal.key(b"\x1b[A")
    terminal.wait_for("ch1 +0.5")


def stops_in(record: Path) -> list[int]:
    """When stop frames reached the twin, in ns of the monotonic clock."""
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines() if line]
    zero_ns = next(row["monotonic_ns"] for row in rows if row["kind"] == "clock")
    return [
        zero_ns + row["at_us"] * 1_000
        for row in rows
        if row["kind"] == "rx" and "0f0ff0" in row["hex"]
    ]


def assert_stopped(record: Path, key_ns: int, terminal: Terminal) -> None:
    terminal.wait_for("■ STOPPED")
    deadline = time.monotonic() + 5.0
    while not (after := [at for at in stops_in(record) if at >= key_ns]):
        assert time.monotonic() < deadline, "no stop frame has reached the twin"
        time.sleep(0.02)
    assert (after[0] - key_ns) / 1e9 <= STOPPED_WITHIN_S


@pytest.mark.parametrize("name", KEYS)
def test_stop_from_every_screen(start: Start, record: Path, name: str) -> None:
    terminal = demo(start)
    for title, opens in SCREENS.items():
        to_running(terminal)
        if opens:
            terminal.key(opens)
        terminal.wait_for(f"┌ {title}")
        assert_stopped(record, terminal.key(KEYS[name]), terminal)
        terminal.settle(2.2 if name == "ctrl+c" else 0.1)  # a second Ctrl-C in 2 s would leave
        if opens:
            terminal.key(b"\x1b[D" if title != "KEYS" else b"z")
        terminal.wait_for("┌ RUN")
    to_armed(terminal)
    assert_stopped(record, terminal.key(KEYS[name]), terminal)
    for place in PLACES:
        terminal.settle(2.2 if name == "ctrl+c" else 0.1)
        to_running(terminal)
        terminal.key(b"\x10")
        terminal.wait_for("whose session it is")
        terminal.settle(0.1)
        row = _row_of(terminal, place)
        for _ in range(row):
            terminal.key(b"\x1b[B")
            terminal.settle(0.02)
        terminal.key(b"\r")
        terminal.wait_for(f"┌ {place}")
        assert_stopped(record, terminal.key(KEYS[name]), terminal)
        terminal.key(b"7")
        terminal.wait_for("┌ RUN")


def _row_of(terminal: Terminal, place: str) -> int:
    """How far down the list of actions a screen stands."""
    rows = terminal.text().splitlines()
    first = next(number for number, row in enumerate(rows) if "▸" in row)
    return next(
        number - first for number, row in enumerate(rows)
        if number >= first and row[4:].startswith(place.lower())
    )  # fmt: skip


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_stops_verifies_and_restores_the_terminal(
    start: Start, record: Path, name: str
) -> None:
    terminal = demo(start)
    to_running(terminal)
    raise_once(terminal)
    at_ns = time.monotonic_ns()
    terminal.process.send_signal(getattr(signal, name))
    assert terminal.end() == (130 if name == "SIGINT" else 143)
    after = [at for at in stops_in(record) if at >= at_ns]
    assert (after[0] - at_ns) / 1e9 <= STOPPED_WITHIN_S
    assert b"\x1b[?1049l" in terminal.raw
    assert b"\x1b[?25h" in terminal.raw
    assert termios.tcgetattr(terminal.slave)[3] == terminal.settings[3]


def test_a_terminal_that_goes_away_is_a_stop(start: Start, record: Path) -> None:
    terminal = demo(start)
    to_running(terminal)
    raise_once(terminal)
    at_ns = time.monotonic_ns()
    terminal.hang_up()
    assert terminal.process.wait(20) == 143
    after = [at for at in stops_in(record) if at >= at_ns]
    assert (after[0] - at_ns) / 1e9 <= STOPPED_WITHIN_S


def test_a_supervisor_that_dies_is_unknown_until_the_face_has_verified_zero(
    start: Start, record: Path, tmp_path: Path
) -> None:
    terminal = demo(start)
    to_running(terminal)
    raise_once(terminal)
    lock = next((tmp_path / "run" / "stimctl").rglob("*.lock"))
    pid = next(
        int(line.partition("=")[2]) for line in lock.read_text().splitlines() if "pid=" in line
    )
    os.kill(pid, signal.SIGKILL)
    terminal.wait_for("OUTPUT UNKNOWN", "■ STOPPED", within_s=5)
    terminal.wait_for("■ STOPPED", within_s=5)
    terminal.key(b"q")
    assert terminal.end() in (0, 1)


def test_a_paste_stops_what_is_on(start: Start, record: Path) -> None:
    terminal = demo(start)
    to_running(terminal)
    assert_stopped(record, terminal.key(b"\x1b[200~agagag\x1b[201~"), terminal)


def test_a_tiny_terminal_shows_state_and_stop_and_goes_on(start: Start) -> None:
    terminal = demo(start)
    to_running(terminal)
    raise_once(terminal)
    terminal.resize(20, 5)
    terminal.wait_for("SPACE = STOP")
    terminal.wait_for("● STIM")
    terminal.resize(80, 24)
    terminal.wait_for("┌ RUN")
    terminal.wait_for("● STIM")


def test_the_first_screen_offers_three_things_and_leaves_nothing_behind(
    start: Start, tmp_path: Path
) -> None:
    terminal = start()
    terminal.wait_for("3 Read the safety sheet")
    assert not (tmp_path / "state").exists()
    terminal.key(b"q")
    assert terminal.end() == 0
    assert not (tmp_path / "state").exists()
