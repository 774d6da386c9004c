"""Colour is for terminals that take it; elsewhere there is no escape sequence."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from stimctl.cli import output


class Terminal:
    def isatty(self) -> bool:
        return True


class Closed:
    def isatty(self) -> bool:
        raise ValueError("I/O operation on closed file")


@pytest.mark.hazard("H27")
def test_colour_is_for_terminals_that_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal: Any = Terminal()
    monkeypatch.setattr(sys, "argv", ["stimctl"])
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = output.for_terminal(output.styled("x", "red", terminal))
    assert shown == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.styled("x", "red", terminal) == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert output.styled("x", "red", terminal) == "x"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "argv", ["stimctl", "--no-color"])
    assert output.styled("x", "red", terminal) == "x"
    closed: Any = Closed()
    assert not output.is_terminal(closed)


def test_off_a_terminal_there_is_no_escape_sequence(cli: Any) -> None:
    for arguments in (["protocols", "list"], ["doctor"], ["check", "x", "-d", "sim:p24"]):
        result = cli(*arguments)
        assert "\x1b" not in result.out + result.err
