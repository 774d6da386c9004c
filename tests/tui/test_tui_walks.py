"""From the start of the program to the first output, with real keys: how many, and how long."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.pty
TOOL = Path(__file__).resolve().parents[2] / "tools" / "walk_tui.py"


def walks(*arguments: str) -> dict[str, dict[str, object]]:
    """What the tool found, by its words; it judges 90 s at 2 s a key."""
    command = [sys.executable, str(TOOL), "--pace", "0.5", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=160, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {one["walk"]: one for one in json.loads(done.stdout)["walks"]}


def test_the_demo_is_at_its_first_output_after_six_unhurried_keys() -> None:
    (found,) = walks("--demo").values()
    assert found["keys"] == 6
    assert found["kept"]


def test_a_session_in_percent_is_at_its_first_output_in_a_terminal_too() -> None:
    """Patient, board, its start, what has to be acknowledged, ready, start, up by 1 % and down."""
    (found,) = walks("--percent").values()
    assert found["kept"], found


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_new_and_a_known_person_are_at_the_first_output_with_few_keys() -> None:
    found = walks()
    assert found["a new person, every question answered"]["kept"]
    assert found["a known person, full path"]["kept"]
