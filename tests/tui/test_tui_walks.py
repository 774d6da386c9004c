"""From the start of the program to the first output, with real keys: how many it takes.

Each key is named on the screen before it is pressed, and what it does is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stimctl.testing.terminal import Terminal
from tests.support import tui_walks
from tests.support.tui_walks import Walker

pytestmark = [pytest.mark.pty, pytest.mark.timeout(180)]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Walker]]:
    """The program, on a computer without a device."""
    begun: list[Terminal] = []

    def start(*arguments: str) -> Walker:
        begun.append(tui_walks.program(tmp_path, *arguments))
        return Walker(begun[-1])

    yield start
    for one in begun:
        one.close()


def test_the_demo_is_at_its_first_output_after_six_keys(begin: Callable[..., Walker]) -> None:
    walk = begin("--demo")
    tui_walks.demo(walk)
    assert walk.keys == 6


@pytest.mark.broad
def test_a_session_in_percent_is_at_its_first_output_in_a_terminal_too(
    begin: Callable[..., Walker],
) -> None:
    """Patient, board, its start, what has to be acknowledged, ready, start, up by 1 % and down."""
    tui_walks.percent(begin())
