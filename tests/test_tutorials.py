"""Each tutorial is walked to its end as a reader would: its files saved, its commands typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.page_blocks import ROOT, blocks_of

pytestmark = pytest.mark.pty
FOLDER = ROOT / "docs" / "tutorials"
#: These take half a minute each; their commands that need no real time are run by test_blocks.
LONG = {"first-treatment", "first-protocol"}
TUTORIALS = [
    pytest.param(path, marks=[pytest.mark.soak] if path.stem in LONG else [], id=path.stem)
    for path in sorted(FOLDER.glob("*.md"))
]


@pytest.mark.parametrize("path", TUTORIALS)
def test_a_tutorial_can_be_followed_to_its_end(path: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "LANG": "C.UTF-8",
    }
    (tmp_path / "home").mkdir()
    folder = tmp_path / "work"
    folder.mkdir()
    for block in blocks_of(path):
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        if block.language != "sh" or block.not_run:
            continue
        for line in block.text.splitlines():
            if line.startswith("stimctl stop"):  # it would stop the twins of other tests
                continue
            promised = re.search(r"# exit code (\d+)", line)
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", line], cwd=folder, env=environment,
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            expected = int(promised[1]) if promised else 0
            assert done.returncode == expected, (line, done.stdout, done.stderr)
