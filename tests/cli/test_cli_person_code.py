"""A person's code off the command line; a completion that cannot be installed says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stimctl.cli.person_code import code_from
from stimctl.errors import ProtocolFileError, UsageError

Cli = Callable[..., Any]

#: Typer takes the shell from the command line, and does not look for one above this process.
BY_NAME = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def into(data: bytes) -> None:
        rest = bytearray(data)

        def read(fd: int, count: int) -> bytes:
            assert fd == 0
            taken = bytes(rest[:count])
            del rest[:count]
            return taken

        monkeypatch.setattr("stimctl.cli.person_code.os.read", read)
        into.rest = rest  # type: ignore[attr-defined]

    return into


def test_a_code_comes_from_a_file_or_from_the_input(tmp_path: Path, typed: Any) -> None:
    file = tmp_path / "code"
    file.write_text("K-17\nnothing else counts\n")
    assert code_from(f"@{file}") == "K-17"
    typed(b"K-18\nattended\n")
    assert code_from("-") == "K-18"
    assert bytes(typed.rest) == b"attended\n", "what follows is for whoever reads it later"
    assert code_from("K-19") == "K-19"


@pytest.mark.parametrize("data", [b"", b"\n", b"   \n"])
def test_without_a_line_there_is_no_code(typed: Any, data: bytes) -> None:
    typed(data)
    with pytest.raises(UsageError, match="no line"):
        code_from("-")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ProtocolFileError, match="nowhere"):
        code_from("@/nowhere")


@pytest.mark.hazard("H25")
def test_a_code_from_a_file_is_checked_like_any_other(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "code").write_text("Rose\n")
    result = cli("run", "tens-conventional", "-d", "sim:p24", "-a", "1=2mA", "--area", "1=25cm2",
                 "--person", f"@{tmp_path / 'code'}")  # fmt: skip
    assert result.code == 2
    assert "not a code for a person" in result.err


def _install(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stimctl", "--install-completion", "bash"],
        env={
            **os.environ, "HOME": str(home), "STIMCTL_STATE_HOME": str(home.parent / "state"),
            BY_NAME: "1",
        },
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def a_folder(home: Path) -> None:
    home.mkdir()
    (home / ".bashrc").mkdir()


def no_text(home: Path) -> None:
    home.mkdir()
    (home / ".bashrc").write_bytes(b"\xff\xfe\xff")


def a_file(home: Path) -> None:
    home.write_text("no folder")


def in_the_way(home: Path) -> None:
    home.mkdir()
    (home / ".bash_completions").write_text("a file where a folder should be")


@pytest.mark.parametrize("wrong", [a_folder, no_text, a_file, in_the_way])
def test_a_completion_that_cannot_be_installed_says_why(
    tmp_path: Path, wrong: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    wrong(home)
    done = _install(home)
    assert done.returncode == 1, done.stderr
    assert "the completion was not installed" in done.stderr
    assert "--show-completion" in done.stderr
    assert "bug" not in done.stderr


def test_a_file_of_the_shell_that_is_read_only_is_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_asked: object) -> Path:
        raise PermissionError(13, "Permission denied", "/home/k/.bashrc")

    monkeypatch.setenv(BY_NAME, "1")
    monkeypatch.setattr("typer._completion_shared.install_bash", refuse)
    result = cli("--install-completion", "bash")
    assert result.code == 1
    assert "/home/k/.bashrc: Permission denied" in result.err
