"""`sessions report`, `sessions course`, `protocols show --svg`: each form, and where it goes."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from stimctl.errors import ExitCode
from tests.cli.conftest import Cli
from tests.support.paths import ROOT
from tests.support.recorded import record
from tests.support.session_world import BY_SCRIPT, SECOND, plan_of, running


@pytest.fixture
def journals(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    bench = running(plan_of(duration_s=60), BY_SCRIPT)
    bench.run_for(3 * SECOND)
    record(bench, state / "journal")
    monkeypatch.chdir(tmp_path)
    return state / "journal"


def without(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    whole = builtins.__import__

    def find(wanted: str, *args: Any, **more: Any) -> Any:
        if wanted == name:
            raise error
        return whole(wanted, *args, **more)

    monkeypatch.setattr(builtins, "__import__", find)


def test_the_chart_has_three_lines_on_the_screen_and_no_file(
    cli: Cli, journals: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    done = cli("sessions", "report", "--for", "chart")
    assert done.code == ExitCode.DONE, done.err
    assert len(done.out.splitlines()) == 3
    assert "P-017" in done.out
    assert sorted(tmp_path.iterdir()) == before


def test_the_patient_sheet_has_a_name_of_its_own(cli: Cli, journals: Path, tmp_path: Path) -> None:
    done = cli("sessions", "report", "--for", "patient")
    written = tmp_path / done.out.strip()
    assert written.name.endswith("-patient.html")
    assert "Your treatment on" in written.read_text("utf-8")


@pytest.mark.parametrize(
    "options", [("--html", "--pdf"), ("--for", "chart", "--pdf"), ("--for", "chart", "--open")]
)
def test_forms_that_exclude_each_other_are_refused(
    cli: Cli, journals: Path, options: tuple[str, ...]
) -> None:
    done = cli("sessions", "report", *options)
    assert done.code == ExitCode.USAGE
    assert done.out == ""


def test_without_the_extra_the_command_that_installs_it_is_named(
    cli: Cli, journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "weasyprint", ImportError("No module named 'weasyprint'"))
    done = cli("sessions", "report", "--pdf")
    assert done.code == ExitCode.USAGE
    assert "pip install 'stimctl[pdf]'" in " ".join(done.err.split())


def test_without_pango_the_command_for_the_system_is_named(
    cli: Cli, journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "weasyprint", OSError("cannot load library 'libpango-1.0-0'"))
    monkeypatch.setattr("sys.platform", "linux")
    done = cli("sessions", "report", "--pdf")
    assert done.code == ExitCode.USAGE
    assert "apt-get install libpango-1.0-0" in " ".join(done.err.split())


def test_a_course_is_a_table_on_the_screen_and_a_page_where_that_is_asked_for(
    cli: Cli, journals: Path, tmp_path: Path
) -> None:
    done = cli("sessions", "course", "P-017")
    assert done.code == ExitCode.DONE, done.err
    assert "1 simulated session: " in done.out
    written = tmp_path / cli("sessions", "course", "P-017", "--html").out.strip()
    assert written.name == "course-P-017.html"
    assert written.stat().st_mode & 0o077 == 0
    assert "there is no session of P-018" in cli("sessions", "course", "P-018").err


def test_a_course_with_a_damaged_record_says_which_one(cli: Cli, journals: Path) -> None:
    (journal,) = journals.glob("*.jsonl")
    journal.write_bytes(journal.read_bytes().replace(b'"armed"', b'"Armed"', 1))
    done = cli("sessions", "course", "P-017")
    assert done.code == ExitCode.INTEGRITY
    assert journal.stem in done.err


def test_a_protocol_is_drawn_on_the_screen_or_into_a_file(cli: Cli, tmp_path: Path) -> None:
    shown = cli("protocols", "show", "nmes-tka", "--svg")
    assert shown.code == ExitCode.DONE, shown.err
    ElementTree.fromstring(shown.out)
    path = tmp_path / "nmes.svg"
    assert cli("protocols", "show", "nmes-tka", "--svg", "-o", str(path)).code == ExitCode.DONE
    assert path.read_text("utf-8") == shown.out
    assert cli("protocols", "show", "nmes-tka", "--svg", "-o", str(path)).code == ExitCode.USAGE


def test_a_protocol_in_percent_is_not_drawn(cli: Cli) -> None:
    done = cli("protocols", "show", "gate-tens", "--svg")
    assert done.code == ExitCode.USAGE
    assert "another unit's" in done.err


def test_a_protocol_of_stages_is_drawn_too(cli: Cli) -> None:
    staged = ROOT / "tests/treatment/data/v2-copd-active-rest.toml"
    done = cli("protocols", "show", str(staged), "--svg")
    assert done.code == ExitCode.DONE, done.err
    assert "Stage 2 work" in done.out
    ElementTree.fromstring(done.out)
