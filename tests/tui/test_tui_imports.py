"""Heavy imports stay where they are needed, so that the first paint and the verbs are quick."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import stimctl.tui.program", {"textual", "rich", "pydantic", "serial", "typer"}),
        ("import stimctl.tui.plain, stimctl.tui.desk", {"textual", "rich", "serial", "typer"}),
        (
            "import stimctl.tui.app, stimctl.tui.screens.index, stimctl.tui.modes",
            {"typer", "serial", "pydantic", "firmware_sim", "stimctl.session.engine"},
        ),
        ("import stimctl.cli.app, stimctl.cli.replay", {"textual", "rich", "stimctl.tui"}),
        ("import stimctl.__main__", {"textual", "typer", "pydantic", "stimctl.tui"}),
    ],
)
def test_an_import_brings_no_more_than_it_must(statement: str, absent: set[str]) -> None:
    assert loaded_after(statement) & absent == set()
