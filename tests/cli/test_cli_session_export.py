"""`stimctl sessions export`: where the files are, and what is said where there are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stimctl.cli.session_export import FORMATS
from stimctl.errors import ExitCode
from stimctl.export.formats import Format
from stimctl.session.config import SECOND
from tests.support.recorded import record
from tests.support.session_world import BY_SCRIPT, plan_of, running

Cli = Callable[..., Any]


@pytest.fixture
def journal(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    bench = running(plan_of(duration_s=60), BY_SCRIPT)
    bench.run_for(5 * SECOND)
    return record(bench, state / "journal", closed=False)


def test_the_forms_of_the_command_line_are_those_of_the_package() -> None:
    assert list(FORMATS) == [one.value for one in Format]


def test_each_form_gets_a_folder_and_an_unfinished_record_is_said(
    cli: Cli, journal: Path, tmp_path: Path
) -> None:
    for form in FORMATS:
        done = cli("sessions", "export", "last", "--to", form)
        assert done.code == ExitCode.DONE, done.err
        assert done.out.strip() == f"{journal.stem}-{form}"
        assert any((tmp_path / done.out.strip()).rglob("*"))
        assert "no closing row" in done.err
    again = cli("sessions", "export", "last", "--to", "csv")
    assert again.code == ExitCode.USAGE
    assert "--out" in again.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing", "--to", "csv"), ExitCode.USAGE, "there is no session 'nothing'"),
        (("last", "--to", "exel"), ExitCode.USAGE, "there are csv, parquet"),
        (("last", "--to", "jsonlines"), ExitCode.USAGE, "there is no export to 'jsonlines'"),
        (("last", "--to", "csv", "--field-map", "x"), ExitCode.USAGE, "for REDCap only"),
        (("last", "--to", "redcap", "--field-map", "x.toml"), ExitCode.USAGE, "field map"),
        (("last", "--to", "csv", "--out", "no/where"), ExitCode.USAGE, "cannot be written"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(
    words: tuple[str, ...], code: int, said: str, cli: Cli, journal: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    done = cli("sessions", "export", *words)
    assert done.code == code
    assert said in " ".join(done.err.split())
    assert "what to do" in done.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_record_gets_the_exit_code_of_integrity(
    cli: Cli, journal: Path, tmp_path: Path
) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:5], *lines[6:]]))
    before = sorted(tmp_path.iterdir())
    done = cli("sessions", "export", "last", "--to", "csv")
    assert done.code == ExitCode.INTEGRITY
    assert "damaged" in done.err
    assert sorted(tmp_path.iterdir()) == before
