"""Standard streams that are closed or full, and words that must never be taken for acceptance."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stimctl import connect
from stimctl.errors import ExitCode, UsageError
from stimctl.supervisor.face_input import item_of
from stimctl.supervisor.inbox import BadLine

FRAME = b"f0815581598143814400320f\n"
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def run(*arguments: str, close: int | None = None, **options: Any) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-P", "-m", "stimctl", *arguments],
        preexec_fn=None if close is None else lambda: os.close(close),
        check=False,
        timeout=30,
        **options,
    )


@pytest.mark.parametrize(
    "verb", [("--version",), ("ports", "--json"), ("wire", "decode", "sciencemode4")]
)
@pytest.mark.parametrize("stream", [0, 1, 2])
def test_a_closed_stream_is_no_bug(verb: tuple[str, ...], stream: int) -> None:
    ended = run(*verb, close=stream, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (0, b"")


@needs_full
@pytest.mark.parametrize(
    "verb", [("--version",), ("ports", "--json"), ("doctor",), ("bogus", "--json")]
)
def test_output_that_cannot_be_written_is_said_in_words(verb: tuple[str, ...]) -> None:
    with FULL.open("wb") as full:
        ended = run(*verb, stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == ExitCode.REFUSED
    assert b"cannot be written: No space left" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert b"bug" not in ended.stderr


@needs_full
def test_a_stop_that_cannot_speak_keeps_its_exit_code() -> None:
    with FULL.open("wb") as full:
        ended = run("stop", "p24:/nonexistent", stdout=full, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (ExitCode.NO_DEVICE, b"")


def test_a_reader_who_leaves_early_gets_no_complaint() -> None:
    read, write = os.pipe()
    os.close(read)
    ended = run("wire", "decode", "sciencemode4", input=FRAME, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (ExitCode.REFUSED, b"")


@pytest.mark.parametrize("given", [(), ("nothing",), ("a", "b"), ("-x",)])
def test_stop_with_json_says_its_errors_in_json_too(given: tuple[str, ...]) -> None:
    ended = run("stop", *given, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    told = json.loads(ended.stdout)
    assert next(iter(told)) == "schema"
    assert told["exit_code"] == ended.returncode == ExitCode.USAGE


def test_a_folder_is_no_device_and_leaves_nothing_unknown(tmp_path: Path) -> None:
    ended = run("stop", f"p24:{tmp_path}", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert ended.returncode == ExitCode.NO_DEVICE
    assert b"a file or a folder" in ended.stdout


# -- options ----------------------------------------------------------------------------------

CHECK = (
    "check",
    "tens-conventional",
    "--device",
    "sim:p24",
    "--amplitude",
    "1=12mA",
    "--area",
    "1=25cm2",
)


def test_an_unknown_limit_cannot_be_acknowledged(cli: Any) -> None:
    result = cli(*CHECK, "--acknowledge", "L-JJ")
    assert result.code == ExitCode.USAGE
    assert "Did you mean L-J?" in " ".join(result.err.split())


def test_a_channel_is_written_in_ascii_digits(cli: Any) -> None:
    assert cli(*CHECK[:4], "--amplitude", "\uff11=12mA").code == ExitCode.USAGE


@pytest.mark.parametrize("value", ["garbage", "", "10", "10,5 mA", "NaN mA"])
def test_a_limit_in_the_environment_that_says_nothing_is_named(
    cli: Any, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("STIMCTL_MAX_AMPLITUDE", value)
    result = cli(*CHECK)
    assert result.code == ExitCode.USAGE
    assert "STIMCTL_MAX_AMPLITUDE" in result.err


def test_wire_lines_carry_a_schema_on_request() -> None:
    decoded = run("wire", "decode", "sciencemode4", "--json", input=FRAME, stdout=subprocess.PIPE)
    row = json.loads(decoded.stdout)
    assert row.pop("schema") == "stimctl.wire-frames/1"
    encoded = run(
        "wire", "encode", "sciencemode4", "--json", input=decoded.stdout, stdout=subprocess.PIPE
    )
    assert json.loads(encoded.stdout) == {
        "schema": "stimctl.wire-hex/1",
        "hex": FRAME.decode().strip(),
    }


# -- the line of commands ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b'{"do":"channel","id":4,"channel":1,"level":12,"area":"25 cm2"}',
        b'{"do":"raise","id":4,"channel":"one","level":"5 mA"}',
        b'{"do":"dance","id":4}',
    ],
)
def test_who_waits_for_an_answer_gets_it_though_the_command_is_wrong(line: bytes) -> None:
    wrong = item_of(line)
    assert isinstance(wrong, BadLine)
    assert wrong.command_id == 4


@pytest.mark.parametrize("line", [b"", b"[]", b"4", b'{"do":"dance"}', b'{"id":true}', b"\xff"])
def test_a_wrong_line_without_an_id_is_answered_to_nobody(line: bytes) -> None:
    wrong = item_of(line)
    assert isinstance(wrong, BadLine)
    assert wrong.command_id is None


@pytest.mark.parametrize("name", [None, 5, b"sim:p24"])
def test_a_device_name_is_a_text(name: Any) -> None:
    with pytest.raises(UsageError, match="is not a device name"):
        connect(name)
