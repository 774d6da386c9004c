"""The frame around the verbs: version, help, words for every failure, exit codes, streams."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperCommand

from stimctl.cli import app as app_module
from stimctl.cli import failures, verbs
from stimctl.errors import ExitCode, JournalError, ProtocolFileError
from stimctl.version import __version__

VERBS = [
    "ports",
    "spec",
    "identify",
    "protocols",
    "check",
    "rehearse",
    "run",
    "stop",
    "screening",
    "sim",
    "wire",
    "sessions",
    "doctor",
    "paths",
]


def run_process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stimctl", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **options
    )


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_the_version_comes_without_the_framework() -> None:
    code = (
        "import sys; from stimctl.__main__ import main; code = main(['--version'])\n"
        "loaded = {'typer', 'pydantic', 'serial', 'json'} & set(sys.modules)\n"
        "assert not loaded, loaded\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"stimctl {__version__}\n", "")


def test_the_version_is_the_one_of_the_package() -> None:
    from importlib.metadata import version

    assert version("stimctl") == __version__


def test_the_version_is_also_found_behind_other_options(cli: Any) -> None:
    assert cli("--no-color", "--version").out == f"stimctl {__version__}\n"
    assert cli("-V").out == f"stimctl {__version__}\n"


def test_help_names_every_verb_and_what_this_is_not(cli: Any) -> None:
    result = cli("--help")
    assert result.code == 0
    assert "not a medical device" in result.out
    for verb in VERBS:
        assert f"\n  {verb} " in result.out
        assert cli(verb, "--help").code == 0
    assert cli().out == result.out


def test_both_entrances_lead_to_the_same_program() -> None:
    done = run_process("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: stimctl ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["protocol", "list"], "Did you mean 'protocols'"),
        (["protocols", "lst"], "Did you mean 'list'"),
        (["check", "tens-burst", "--devic", "sim:p24"], "--device"),
        (["check"], "PROTOCOL"),
        (["check", "tens-burst"], "--device"),
        (["sessions", "verify", "--jsn"], "--json"),
        (["check", "tens-burs", "-d", "sim:p24"], "Did you mean tens-burst"),
        (["check", "tens-burst", "-d", "p24"], "Write sim:p24"),
        (["check", "tens-burst", "-d", "sim:p25"], "p24"),
        (["wire", "decode", "sciencemode"], "sciencemode4"),
    ],
)
def test_a_mistyped_command_line_is_answered_with_what_was_meant(
    cli: Any, arguments: list[str], says: str
) -> None:
    result = cli(*arguments)
    assert result.code == ExitCode.USAGE
    assert result.out == ""
    assert says in result.err
    assert "what to do:" in result.err


def test_an_error_says_what_why_and_what_to_do(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    error = JournalError("the journal is gone", why="the disk is", what_to_do="get another")
    monkeypatch.setattr("stimctl.records.sessions.newest_sessions", raising(error))
    result = cli("sessions", "list")
    assert result.code == ExitCode.INTEGRITY
    assert result.err.splitlines() == [
        "error: the journal is gone.",
        "  why:        the disk is.",
        "  what to do: get another.",
    ]


def test_an_error_is_data_too_where_json_is_wanted(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ProtocolFileError("is missing", file="x.toml", line=3, field="purpose")
    monkeypatch.setattr("stimctl.records.sessions.newest_sessions", raising(error))
    result = cli("sessions", "list", "--json")
    assert result.code == ExitCode.USAGE
    assert next(iter(result.data)) == "schema"
    assert result.data["schema"] == "stimctl.error/1"
    assert (result.data["error"], result.data["line"]) == ("ProtocolFileError", 3)
    assert "x.toml:3: purpose: is missing." in result.err
    result = cli("sessions", "lst", "--json")
    assert result.data["exit_code"] == ExitCode.USAGE


@pytest.mark.hazard("H52")
def test_a_bug_leaves_a_report_without_the_options(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stimctl.records.sessions.show_session", raising(ZeroDivisionError("x")))
    result = cli("sessions", "show", "K-17", "--json")
    assert result.code == ExitCode.BUG
    (report,) = (state / "reports").iterdir()
    assert str(report) in result.err
    assert result.data["report"] == str(report)
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert "verb: sessions" in text
    assert "verb: K-17" not in text
    assert report.stat().st_mode & 0o077 == 0


def test_a_bug_without_a_disk_is_told_in_full(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stimctl.records.sessions.newest_sessions", raising(ZeroDivisionError("x")))
    monkeypatch.setattr(failures, "_write_report", lambda *_: None)
    result = cli("sessions", "list")
    assert result.code == ExitCode.BUG
    assert "Traceback" in result.err


def test_a_report_goes_elsewhere_where_the_state_folder_is_no_folder(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state.write_text("in the way")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("stimctl.records.sessions.newest_sessions", raising(ZeroDivisionError("x")))
    result = cli("sessions", "list")
    assert result.code == ExitCode.BUG
    assert list(tmp_path.glob("crash-*.txt"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_ctrl_c_outside_a_run_is_130(
    cli: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr("stimctl.records.sessions.newest_sessions", raising(error))
    result = cli("sessions", "list")
    assert result.code == ExitCode.INTERRUPTED
    assert "Traceback" not in result.err


def test_ctrl_c_that_a_library_makes_another_error_of_is_no_bug(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise ValueError("a model could not be built") from error

    monkeypatch.setattr("stimctl.records.sessions.newest_sessions", interrupted)
    # A shell lets what it runs in the background ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert cli("sessions", "list").code == ExitCode.INTERRUPTED
        assert not (state / "reports").exists()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("arguments", "loaded", "code"),
    [
        (["protocols", "list"], "stimctl.cli.app", ExitCode.INTERRUPTED),
        (["stop", "sim:p24"], "stimctl.supervisor.stop", ExitCode.NOT_CONFIRMED_ZERO),
    ],
)
def test_ctrl_c_while_modules_are_loaded_is_no_traceback(
    arguments: list[str], loaded: str, code: int
) -> None:
    program = f"""
import sys, stimctl.__main__
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {loaded!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
sys.exit(stimctl.__main__.main({arguments!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ("OUTPUT UNKNOWN" in done.stderr) == (code == ExitCode.NOT_CONFIRMED_ZERO)


def test_a_reader_that_has_gone_is_no_error_message() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "stimctl", "protocols", "list"],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == ExitCode.REFUSED


def test_importing_the_verbs_imports_nothing_heavy() -> None:
    code = (
        "import sys, stimctl.cli.app\n"
        "from stimctl.cli.verbs import VERBS, load\n"
        "for name in VERBS: load(name)\n"
        "loaded = {'pydantic', 'textual', 'serial', 'rich', 'sqlite3', 'stimctl.safety'}\n"
        "print(sorted(loaded & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", verbs.VERBS)
def test_the_list_of_verbs_says_what_the_verb_says(name: str) -> None:
    listed = TyperCommand(name, help=verbs.VERBS[name][1])
    verb = verbs.load(name)
    assert verb.name == name
    assert verb.help.startswith(verbs.VERBS[name][1])
    for width in (20, 45, 62, 80):
        assert listed.get_short_help_str(width) == verb.get_short_help_str(width)


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [(["--help"], set()), (["paths"], {"paths"}), (["stop", "--help"], set()), (["no"], set())],
)
def test_a_command_line_loads_the_verb_it_names_and_no_other(
    arguments: list[str], modules: set[str]
) -> None:
    code = (
        "import sys; from stimctl.__main__ import main\n"
        f"main({arguments!r})\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    all_of_them = {f"stimctl.cli.{module}" for module, _ in verbs.VERBS.values()}
    loaded = all_of_them & set(done.stderr.split())
    assert loaded == {f"stimctl.cli.{module}" for module in modules}


def test_every_verb_with_data_has_json(cli: Any) -> None:
    for arguments in (
        ["ports"],
        ["paths"],
        ["doctor"],
        ["protocols", "list"],
        ["sessions", "list"],
        ["sessions", "verify"],
        ["screening"],
        ["sim", "list"],
    ):
        result = cli(*arguments, "--json")
        assert result.code == 0, result.err
        assert next(iter(json.loads(result.out))) == "schema"


def test_completion_offers_protocols_devices_and_sessions(cli: Any, state: Path) -> None:
    from stimctl.cli import completion

    assert completion.protocols("tens-con") == ["tens-conventional"]
    assert completion.protocols("gate") == ["gate-ems", "gate-tens"]
    assert {"gate-ems", "tens-burst"} <= set(completion.protocols(""))
    assert "sim:p24" in completion.devices("sim")
    assert completion.sessions("") == ["last"]
    journal = state / "journal"
    journal.mkdir(parents=True)
    (journal / "20261121T103102Z-aa.jsonl").touch()
    assert completion.sessions("2026") == ["20261121T103102Z-aa"]


def test_the_shell_gets_its_completions() -> None:
    environment = {
        **os.environ,
        "_STIMCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": "stimctl check tens-bu",
        "COMP_CWORD": "2",
    }
    done = run_process(env=environment)
    assert done.stdout.split() == ["tens-burst"]


def test_completion_is_silent_where_things_are_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from stimctl.cli import completion
    from stimctl.errors import UsageError

    monkeypatch.setattr("stimctl.records.protocol_files.list_protocols", raising(UsageError("no")))
    monkeypatch.setattr("stimctl.supervisor.ports.list_ports", raising(OSError("no")))
    monkeypatch.setattr("stimctl.records.places.state_folder", raising(RuntimeError("no home")))
    assert completion.protocols("") == []
    assert completion.devices("p24") == []
    assert completion.sessions("") == []


def test_paths_shows_where_things_are(cli: Any, state: Path) -> None:
    result = cli("paths", "--json")
    assert result.data["journal"] == str(state / "journal")
    assert str(state) in cli("paths").out
    assert not state.exists(), "looking creates nothing"


def test_the_framework_is_told_the_programs_name() -> None:
    assert app_module.PROGRAM == "stimctl"


def test_a_stop_that_breaks_says_that_the_output_is_unknown(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stimctl.supervisor.stop.stop_main", raising(ZeroDivisionError("x")))
    result = cli("stop", "sim:p24")
    assert result.code == ExitCode.NOT_CONFIRMED_ZERO
    assert "OUTPUT UNKNOWN: pull the electrode cable" in result.err
