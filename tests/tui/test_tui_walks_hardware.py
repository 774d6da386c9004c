"""The way to the first output on hardware, with real keys: everything that it asks, and how many
keys that takes.

The device is a P24 twin that does not say that it is one. Each key is named on the screen before it
is pressed, and what it does is waited for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.support import tui_walks
from tests.support.tui_walks import Room, Walker

pytestmark = [pytest.mark.pty, pytest.mark.broad, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """How many each walk took. They follow each other: what the first leaves is what the next
    patient of that code finds. Most of their time are 27 questions, of which nobody answers the
    next one within 0.7 s."""
    found: dict[str, int] = {}
    with Room(tmp_path_factory.mktemp("room")) as room, contextlib.ExitStack() as opened:
        for number, walk in enumerate((tui_walks.new_patient, tui_walks.known_patient)):
            walker = Walker(room.begin())
            opened.callback(walker.terminal.close)
            walk(walker)
            found[walk.__name__] = walker.keys
            tui_walks.go_to_felt(walker)
            if not number:
                tui_walks.leave(walker)
        for walk in (tui_walks.four_at_the_low_back, tui_walks.both_quadriceps):
            tui_walks.end_session(walker)
            walker = Walker(walker.terminal)
            walk(walker)
            found[walk.__name__] = walker.keys
        tui_walks.leave(walker)
        yield found


def test_a_new_patient_with_every_question_answered_takes_75_keys(keys: dict[str, int]) -> None:
    assert keys["new_patient"] <= 75


def test_a_known_patient_takes_28_keys(keys: dict[str, int]) -> None:
    assert keys["known_patient"] <= 28


def test_four_electrodes_at_the_low_back_take_30_keys_more(keys: dict[str, int]) -> None:
    assert keys["four_at_the_low_back"] <= 30


def test_both_quadriceps_alternating_take_30_keys_more(keys: dict[str, int]) -> None:
    assert keys["both_quadriceps"] <= 30
