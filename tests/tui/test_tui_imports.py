"""Heavy imports stay where they are needed, so that the first paint and the verbs are quick."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.broad import broad


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
        (
            "import stimctl.tui.plain.face, stimctl.tui.model.desk",
            {"textual", "rich", "serial", "typer"},
        ),
        (
            "import stimctl.tui.app, stimctl.tui.screens.index, stimctl.tui.model.modes",
            {"typer", "serial", "pydantic", "firmware_sim", "stimctl.session.engine"},
        ),
        ("import stimctl.cli.app, stimctl.cli.replay", {"textual", "rich", "stimctl.tui"}),
        ("import stimctl.__main__", {"textual", "typer", "pydantic", "stimctl.tui"}),
    ],
)
def test_an_import_brings_no_more_than_it_must(statement: str, absent: set[str]) -> None:
    assert loaded_after(statement) & absent == set()


#: Below 0.21.2 typer loads rich for this help, though it is switched off.
OLD_TYPER = version("typer").startswith(("0.20.", "0.21.0", "0.21.1"))
_VERBS = (
    ("--version",), ("--help",), ("ports", "--json"), ("spec", "p24"), ("paths",),
    ("protocols", "list"), ("check", "tens-conventional", "--device", "sim:p24"),
    ("sessions", "list"), ("screening",), ("sim", "list"), ("wire", "--help"), ("run", "--help"),
    ("stop", "sim:p24"),
)  # fmt: skip


@pytest.mark.parametrize("verb", broad(_VERBS, every=4), ids=" ".join)
def test_a_verb_of_the_command_line_loads_nothing_of_the_terminal_ui(
    verb: tuple[str, ...], tmp_path: Path
) -> None:
    """What was loaded by the end of it, whatever came of it: not only what importing it loads."""
    (tmp_path / "run").mkdir(mode=0o700)
    code = (
        "import contextlib, sys\nfrom stimctl.__main__ import main\n"
        f"with contextlib.suppress(SystemExit): main({list(verb)!r})\n"
        "print('LOADED', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "STIMCTL_STATE_HOME": str(tmp_path / "state"),
             "XDG_RUNTIME_DIR": str(tmp_path / "run")},
    )  # fmt: skip
    loaded = set(done.stderr.rpartition("LOADED ")[2].split())
    assert "sys" in loaded
    heavy = {"textual", "rich", "stimctl.tui"}
    if OLD_TYPER and verb == ("run", "--help"):
        heavy.remove("rich")
    if verb[0] in ("stop", "--version"):
        heavy |= {"pydantic", "typer", "click", "asyncio"}
    assert loaded & heavy == set()
