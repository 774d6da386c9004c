"""What the README tells a newcomer to type works; tests/test_blocks.py runs its commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parent.parent / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STIMCTL_STATE_HOME": str(folder / "state")}
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        timeout=100,
        env=environment,
        cwd=folder,
        check=False,
    )


def test_the_first_session_has_five_lines() -> None:
    assert [
        len(block.strip().splitlines()) for block in blocks("sh") if "stimctl check" in block
    ] == [5]


@pytest.mark.pty
def test_the_python_example_runs_and_ends_at_verified_zero(tmp_path: Path) -> None:
    (example,) = blocks("python")
    done = run(["-c", example], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
