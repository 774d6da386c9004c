"""`stimctl sessions report`: the page is written whole, over nothing, and says where it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stimctl.errors import ExitCode, UsageError
from stimctl.report.file import write_page
from tests.support.recorded import record
from tests.support.session_world import BY_SCRIPT, SECOND, plan_of, running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    bench = running(plan_of(duration_s=60), BY_SCRIPT)
    bench.run_for(5 * SECOND)
    record(bench, tmp_path / "state" / "journal")
    return tmp_path / "state"


def stimctl(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stimctl", "sessions", *words],
        cwd=state.parent,
        env={**os.environ, "STIMCTL_STATE_HOME": str(state), "BROWSER": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_page_is_named_after_its_session_and_is_for_its_owner_only(state: Path) -> None:
    done = stimctl(state, "report", "last", "--html")
    assert done.returncode == ExitCode.DONE, done.stderr
    path = state.parent / done.stdout.strip()
    (journal,) = (state / "journal").glob("*.jsonl")
    assert path.stem == journal.stem
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_what_is_there_is_replaced_only_where_that_is_meant(state: Path) -> None:
    there = state.parent / "mine.html"
    there.write_text("mine", "utf-8")
    done = stimctl(state, "report", "-o", "mine.html")
    assert done.returncode == ExitCode.USAGE
    assert "--force" in done.stderr
    assert there.read_text("utf-8") == "mine"
    assert stimctl(state, "report", "-o", "mine.html", "--force", "--open").returncode == 0
    assert there.read_text("utf-8") != "mine"
    assert sorted(one.name for one in state.parent.iterdir()) == ["mine.html", "state"]


def test_a_damaged_record_has_its_page_and_an_exit_code_of_its_own(state: Path) -> None:
    (journal,) = (state / "journal").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes().replace(b'"armed"', b'"Armed"', 1))
    done = stimctl(state, "report", "-o", "page.html")
    assert done.returncode == ExitCode.INTEGRITY
    assert "DAMAGED" in done.stderr
    assert "DAMAGED" in (state.parent / "page.html").read_text("utf-8")


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_page(tmp_path / "no" / "such.html", "text")
    with pytest.raises(UsageError):
        write_page(tmp_path, "text", replace=True)
    assert list(tmp_path.iterdir()) == []


def test_show_says_the_bounds_as_json(state: Path) -> None:
    shown = json.loads(stimctl(state, "show", "last", "--json").stdout)
    bounds = shown["acknowledged"]["1"]["bounds"]
    low, high = bounds["pulses"]
    assert low <= shown["acknowledged"]["1"]["pulses"] <= high
