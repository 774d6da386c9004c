"""No home, no temporary folder, nothing writable: no command ends as a bug, and errors name what
helps."""

from __future__ import annotations

import errno
import pwd
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ExitCode, UsageError
from stimctl.records import places

CHANNEL = ("--amplitude", "1=2mA", "--area", "1=25cm2", "--duration", "2min")
PLAN = ("tens-conventional", "--device", "sim:p24", *CHANNEL)
NEEDS_NO_HOME = [
    ("check", *PLAN),
    ("doctor",),
    ("paths",),
    ("paths", "--json"),
    ("protocols", "list"),
    ("protocols", "show", "tens-burst"),
    ("spec", "sim:p24"),
    ("sim", "list"),
    ("stop", "sim:p24"),
    ("ports",),
    ("--version",),
]
NEEDS_ONE = [("sessions", "list"), ("sessions", "verify"), ("rehearse", *PLAN)]


def _no_entry(_uid: int) -> Any:
    raise KeyError("uid not found")


def _no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "STIMCTL_STATE_HOME", "STIMCTL_PROTOCOLS", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", _no_entry)


def _empty_home(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_home(monkeypatch)
    monkeypatch.setenv("HOME", "")


def _relative_home(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_home(monkeypatch)
    monkeypatch.setenv("HOME", "home/me")


def _relative_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_home(monkeypatch)
    nobody = pwd.struct_passwd(("x", "x", 1, 1, "", "", ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: nobody)


HOMELESS = [_no_home, _empty_home, _relative_home, _relative_entry]


@pytest.mark.parametrize("arguments", NEEDS_NO_HOME, ids=" ".join)
@pytest.mark.parametrize("lose_home", HOMELESS)
def test_what_writes_nothing_needs_no_home(
    cli: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    lose_home: Callable[[pytest.MonkeyPatch], None],
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    lose_home(monkeypatch)
    result = cli(*arguments)
    expected = {"doctor": ExitCode.REFUSED, "stop": ExitCode.NO_DEVICE}
    assert result.code == expected.get(arguments[0], ExitCode.DONE), result.err
    if arguments[0] in ("doctor", "paths"):
        assert "STIMCTL_STATE_HOME" in result.out


@pytest.mark.parametrize("arguments", NEEDS_ONE, ids=" ".join)
@pytest.mark.parametrize("lose_home", HOMELESS)
def test_what_writes_says_which_variable_helps(
    cli: Any,
    monkeypatch: pytest.MonkeyPatch,
    lose_home: Callable[[pytest.MonkeyPatch], None],
    arguments: tuple[str, ...],
) -> None:
    lose_home(monkeypatch)
    result = cli(*arguments)
    assert result.code in (ExitCode.USAGE, ExitCode.INTEGRITY)
    assert "STIMCTL_STATE_HOME" in result.err


def test_a_home_that_only_the_system_knows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _empty_home(monkeypatch)
    someone = pwd.struct_passwd(("x", "x", 1, 1, "", "/home/x", ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: someone)
    assert places.state_folder(platform="linux") == Path("/home/x/.local/state/stimctl")
    assert places.user_protocol_folders() == [Path("/home/x/.config/stimctl/protocols")]


def test_a_relative_protocol_folder_is_still_refused_without_a_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _no_home(monkeypatch)
    assert places.user_protocol_folders() == []
    monkeypatch.setenv("STIMCTL_PROTOCOLS", "mine")
    with pytest.raises(UsageError, match="STIMCTL_PROTOCOLS"):
        places.user_protocol_folders()


def _file_in_the_way(state: Path) -> None:
    state.write_text("in the way")


def _file_deeper_in_the_way(state: Path) -> None:
    state.mkdir()
    (state / "rehearsals").write_text("in the way")


def _link_to_nowhere(state: Path) -> None:
    state.symlink_to("/proc/nowhere")


@pytest.mark.parametrize("spoil", [_file_in_the_way, _file_deeper_in_the_way, _link_to_nowhere])
def test_a_rehearsal_that_cannot_be_put_on_record_is_shown_whole(
    cli: Any, state: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(state)
    shown = cli("rehearse", *PLAN)
    assert shown.code == ExitCode.INTEGRITY
    assert "delivered as planned, zero at the end" in shown.out
    assert "STIMCTL_STATE_HOME" in shown.err
    assert "a run on hardware will not find it" in shown.err
    told = cli("rehearse", *PLAN, "--json")
    assert told.code == ExitCode.INTEGRITY
    assert (told.data["ok"], told.data["recorded"]) == (True, False)
    assert str(state) in told.data["not_recorded"]


def test_a_rehearsal_that_is_on_record_says_so(cli: Any) -> None:
    told = cli("rehearse", *PLAN, "--json")
    assert told.code == ExitCode.DONE
    assert (told.data["recorded"], told.data["not_recorded"]) == (True, "")


def test_a_rehearsal_in_percent_is_shown_as_well(cli: Any, state: Path) -> None:
    state.write_text("in the way")
    plan = ("gate-tens", "--device", "sim:openemsstim", "--intensity", "1=5%", "--area",
            "1=25cm2")  # fmt: skip
    told = cli("rehearse", *plan, "--acknowledge", "L-ATT", "--duration", "60s", "--json")
    assert told.code == ExitCode.INTEGRITY
    assert (told.data["ok"], told.data["recorded"]) == (True, False)


def _no_temporary_folder() -> str:
    raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")


def test_a_bug_without_a_temporary_folder_is_told_as_that_bug(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.write_text("in the way")
    monkeypatch.setattr(tempfile, "gettempdir", _no_temporary_folder)

    def fail() -> None:
        raise ZeroDivisionError("what went wrong")

    monkeypatch.setattr("stimctl.records.protocol_files.shipped_folder", fail)
    result = cli("protocols", "list")
    assert result.code == ExitCode.BUG
    assert "ZeroDivisionError: what went wrong" in result.err
    assert "temporary" not in result.err


@pytest.mark.parametrize("broken", ["_records", "_runtime", "_ports", "_packages"])
def test_the_doctor_goes_on_whatever_it_meets(
    cli: Any, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail() -> None:
        raise RuntimeError("nobody thought of that")

    fail.__name__ = broken
    monkeypatch.setattr(f"stimctl.cli.doctor_checks.{broken}", fail)
    monkeypatch.setattr(tempfile, "gettempdir", _no_temporary_folder)
    result = cli("doctor")
    assert result.code == ExitCode.REFUSED
    assert "RuntimeError: nobody thought of that" in result.out
    assert "set TMPDIR to a folder that can be written" in result.out


def test_a_home_of_somebody_else_has_no_protocols_for_us(
    cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs, glob = tmp_path / "theirs", Path.glob

    def refuse(folder: Path, pattern: str, **how: Any) -> Any:
        if theirs in (folder, folder.parent):
            raise PermissionError(errno.EACCES, "Permission denied")
        return glob(folder, pattern, **how)

    monkeypatch.setattr(Path, "glob", refuse)
    monkeypatch.setenv("STIMCTL_PROTOCOLS", str(theirs))
    assert cli("protocols", "list").code == ExitCode.DONE
    assert cli("check", *PLAN).code == ExitCode.DONE
