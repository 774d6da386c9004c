"""The whole program in a real pty with a real supervisor and twin: STOP, signals, hang-up."""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterable
from itertools import cycle
from pathlib import Path

import pytest

from stimctl.testing.demo import EVERYWHERE, STOP_KEYS, DemoSession
from stimctl.testing.terminal import Terminal

pytestmark = [pytest.mark.pty, pytest.mark.timeout(180)]
STOPPED_WITHIN_S = 0.3
Begin = Callable[..., DemoSession]


def assert_stopped(session: DemoSession, key_ns: int) -> float:
    """Zero is on the screen, and a stop frame was with the device in time: so many ms later."""
    session.terminal.wait_for("■ STOPPED")
    deadline = time.monotonic() + 5.0
    while not (after := [at for at in session.stops_ns() if at >= key_ns]):
        assert time.monotonic() < deadline, "no stop frame has reached the twin"
        time.sleep(0.02)
    assert (after[0] - key_ns) / 1e9 <= STOPPED_WITHIN_S
    return (after[0] - key_ns) / 1e6


def stop_everywhere(session: DemoSession, keys: Iterable[bytes]) -> dict[str, float]:
    """Where a key stopped a session, one start after the other, and after how many ms."""
    session.ready()
    stopped = {}
    for title, key in zip(EVERYWHERE, keys, strict=False):
        session.be_at(title)
        stopped[title] = assert_stopped(session, session.terminal.key(key))
        session.leave(title)
    return stopped


@pytest.mark.broad  # without a terminal: test_tui_keys.py, test_tui_app.py
@pytest.mark.hazard("H29")
@pytest.mark.parametrize(
    "names", ["in turn", *(pytest.param(name, marks=pytest.mark.soak) for name in STOP_KEYS)]
)
def test_stop_from_every_screen_by_every_stop_key(
    begin: Begin, record_property: Callable[[str, object], None], names: str
) -> None:
    """In turn: another key on each screen."""
    session = begin()
    keys = STOP_KEYS.values() if names == "in turn" else (STOP_KEYS[names],)
    stopped = stop_everywhere(session, cycle(keys))
    assert list(stopped) == list(EVERYWHERE)
    record_property(
        "H29",
        f"STOP keys {names} on {len(EVERYWHERE)} screens and dialogs: the stop was with the device "
        f"after {max(stopped.values()):.0f} ms at most",
    )
    session.judge()


@pytest.mark.hazard("H29")
@pytest.mark.parametrize(
    "name",
    [
        "SIGINT",
        pytest.param("SIGQUIT", marks=pytest.mark.broad),
        # Others send these: more signals, and a terminal that goes away.
        *(pytest.param(name, marks=pytest.mark.soak) for name in ("SIGTERM", "SIGHUP")),
    ],
)
def test_a_signal_stops_verifies_and_restores_the_terminal(begin: Begin, name: str) -> None:
    session = begin().ready()
    session.run()
    session.raise_once()
    at_ns = time.monotonic_ns()
    terminal = session.terminal
    terminal.process.send_signal(getattr(signal, name))
    assert terminal.end() == (130 if name == "SIGINT" else 143)
    assert_restored(terminal)
    after = [at for at in session.stops_ns() if at >= at_ns]
    assert (after[0] - at_ns) / 1e9 <= STOPPED_WITHIN_S


def assert_restored(terminal: Terminal) -> None:
    """Normal screen, cursor shown, no mouse or paste reports, lines and echo as they were."""
    for told in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l"):
        assert told in terminal.raw
    assert termios.tcgetattr(terminal.slave)[3] == terminal.settings[3]


@pytest.mark.broad
def test_more_signals_while_it_ends_change_nothing(begin: Begin) -> None:
    session = begin().ready()
    session.run()
    session.raise_once()
    at_ns = time.monotonic_ns()
    for _ in range(3):
        session.terminal.process.send_signal(signal.SIGTERM)
    session.terminal.process.send_signal(signal.SIGINT)
    # Which of two that wait together comes first is for the system to say.
    assert session.terminal.end() in (130, 143)
    assert_restored(session.terminal)
    after = [at for at in session.stops_ns() if at >= at_ns]
    assert (after[0] - at_ns) / 1e9 <= STOPPED_WITHIN_S
    session.judge()


@pytest.mark.hazard("H21", "H29")
def test_a_terminal_that_goes_away_is_a_stop(begin: Begin) -> None:
    session = begin().ready()
    session.run()
    session.raise_once()
    at_ns = time.monotonic_ns()
    session.terminal.hang_up()
    assert session.terminal.process.wait(20) == 143
    after = [at for at in session.stops_ns() if at >= at_ns]
    assert (after[0] - at_ns) / 1e9 <= STOPPED_WITHIN_S


@pytest.mark.parametrize(
    "ignored",
    [
        pytest.param(False, id="hang-up told", marks=pytest.mark.soak),
        pytest.param(True, id="hang-up ignored", marks=pytest.mark.broad),
    ],
)
def test_without_its_terminal_it_ends_and_never_spins(tmp_path: Path, ignored: bool) -> None:
    """`nohup stimctl`, its terminal closed: the end of file alone ends it, and costs no core."""
    command = [sys.executable, "-P", "-m", "stimctl", "--demo", "--theme", "mono"]
    if ignored:
        command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command]
    session = DemoSession(tmp_path, command=command)
    try:
        session.ready().run()
        process = session.terminal.process
        busy_s = _cpu_s(process.pid)
        begun_s = time.monotonic()
        session.terminal.hang_up()
        while process.poll() is None and time.monotonic() - begun_s < 20:
            last_s, ended_s = _cpu_s(process.pid) - busy_s, time.monotonic() - begun_s
            time.sleep(0.01)
        assert process.poll() == 143
        # Ending itself costs some; a thread that reads an end of file again and again costs all.
        assert last_s < 0.3 + 0.3 * ended_s
    finally:
        session.close()


def _cpu_s(pid: int) -> float:
    """What a process has computed so far; what is left of one that has just ended is nothing."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.broad
def test_a_supervisor_that_dies_is_unknown_until_the_face_has_verified_zero(
    begin: Begin, tmp_path: Path
) -> None:
    session = begin().ready()
    session.run()
    session.raise_once()
    lock = next((tmp_path / "run" / "stimctl").rglob("*.lock"))
    pid = next(
        int(line.partition("=")[2]) for line in lock.read_text().splitlines() if "pid=" in line
    )
    os.kill(pid, signal.SIGKILL)
    terminal = session.terminal
    terminal.wait_for("OUTPUT UNKNOWN", "■ STOPPED", within_s=5)
    terminal.wait_for("■ STOPPED", within_s=5)
    terminal.key(b"q")
    assert terminal.end() in (0, 1)


@pytest.mark.broad
@pytest.mark.hazard("H30", "H31")
def test_a_tiny_terminal_shows_state_and_stop_and_goes_on_until_a_paste(begin: Begin) -> None:
    session = begin().ready()
    session.run()
    session.raise_once()
    terminal = session.terminal
    terminal.resize(20, 5)
    terminal.wait_for("SPACE  STOP")
    terminal.wait_for("● ON")
    terminal.resize(80, 24)
    terminal.wait_for("▸ Run")
    terminal.wait_for("● ON")
    assert_stopped(session, terminal.key(b"\x1b[200~agagag\x1b[201~"))


def test_ctrl_c_stops_a_new_session_and_stays(begin: Begin) -> None:
    """The second Ctrl-C within 2 s leaves; not where a session was started in between."""
    session = begin().ready()
    for _ in range(2):
        session.run()
        session.stop(STOP_KEYS["ctrl+c"])
    for _ in range(2):  # a busy machine may show the stop when its 2 s are over
        session.terminal.key(STOP_KEYS["ctrl+c"])
    assert session.terminal.end() in (0, 130)


@pytest.mark.broad
def test_a_ctrl_c_after_it_was_left_does_not_kill_it(begin: Begin) -> None:
    """The terminal makes a signal of it by then; zero is verified and the exit code says so."""
    session = begin().ready()
    session.run()
    session.stop()
    session.terminal.key(b"q")
    while session.terminal.process.poll() is None:
        session.terminal.key(STOP_KEYS["ctrl+c"])
        session.terminal.settle(0.005)
    assert session.terminal.end() in (0, 130)


def test_the_first_screen_offers_three_things_and_leaves_nothing_behind(tmp_path: Path) -> None:
    session = DemoSession(tmp_path, command=[sys.executable, "-P", "-m", "stimctl"])
    terminal = session.terminal
    try:
        terminal.wait_for("Read the safety sheet")
        assert not (tmp_path / "state").exists()
        terminal.key(b"q")
        assert terminal.end() == 0
        assert not (tmp_path / "state").exists()
    finally:
        session.close()


def test_every_screen_of_the_program_is_among_those_that_are_stopped_from() -> None:
    """A new screen must be added to the places from which STOP is tried."""
    from stimctl.tui.model.pages import PAGES, QUESTIONS

    before_a_session = {"Start", "Safety sheet", "Statement of use"}
    # test_tui_app stops from them
    opened_by_the_session = {"Please", "Fault", "Felt where?", "Outcome", "Events",
                             "Look at the patient", "Same as last time", "Lessons",
                             "Export", "Input"}  # fmt: skip
    titles = {*PAGES.values(), *QUESTIONS.values()} - before_a_session - opened_by_the_session
    assert titles == set(EVERYWHERE) - {"Search for commands"}
