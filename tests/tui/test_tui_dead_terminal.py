"""In a real pty: a terminal that is slow, dead or held by flow control, and keys of its own."""

from __future__ import annotations

import termios
import time
from collections.abc import Callable

import pytest

from stimctl.testing.demo import DemoSession

Begin = Callable[..., DemoSession]
pytestmark = [pytest.mark.pty, pytest.mark.timeout(60)]


@pytest.mark.hazard("H21", "H22")
def test_a_terminal_that_answers_no_more_is_a_stop(begin: Begin) -> None:
    session = begin().ready()
    session.run()
    terminal = session.terminal
    session.raise_once()
    assert b"\x1b[6n" in terminal.raw
    terminal.answers = False
    terminal.wait_for("■ STOPPED", within_s=5)
    assert session.stops_ns()
    terminal.key(b"a")
    terminal.wait_for("terminal is slow")


@pytest.mark.broad
@pytest.mark.hazard("H21")
def test_flow_control_cannot_freeze_the_screen(begin: Begin) -> None:
    session = begin().ready()
    session.run()
    terminal = session.terminal
    flags = termios.tcgetattr(terminal.slave)[0]
    assert not flags & (termios.IXON | termios.IXOFF)
    terminal.key(b"\x13")  # Ctrl-S: saves a picture of the screen, and stops nothing
    terminal.wait_for("saved")
    heard = terminal.heard
    terminal.settle(1.5)
    assert terminal.heard > heard  # the seconds go on


@pytest.mark.broad
@pytest.mark.hazard("H21")
def test_a_terminal_that_takes_nothing_is_a_stop(
    begin: Begin, record_property: Callable[[str, object], None]
) -> None:
    session = begin().ready()
    session.run()
    session.raise_once()
    at_ns = time.monotonic_ns()
    deadline = time.monotonic() + 10
    while not (stops := [at for at in session.stops_ns() if at > at_ns]):  # nobody reads
        assert time.monotonic() < deadline, "still on, with nobody looking"
        time.sleep(0.05)
    record_property("H21", f"stopped {(stops[0] - at_ns) / 1e9:.1f} s after nobody read the screen")
