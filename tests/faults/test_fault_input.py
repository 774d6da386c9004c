"""Bad input to the supervisor, and a journal that cannot be written, end in words and no output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.broad import broad
from tests.support.fault_rig import Rig, Row

pytestmark = pytest.mark.pty


def supervise(rig: Rig, *lines: bytes, device: str = "sim:p24") -> tuple[list[Row], int]:
    """Rows and exit code of a supervisor that hears these lines and then, answered, the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stimctl.supervisor", device, "--journal", str(rig.journal)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=rig.environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"".join(lines))
    process.stdin.flush()
    rows: list[Row] = []
    waited_for = len(lines)
    while waited_for and (line := process.stdout.readline()):
        rows.append(json.loads(line))
        waited_for -= rows[-1]["kind"] in ("answer", "error", "fatal")
    rest, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors, errors
    rows += [json.loads(line) for line in rest.splitlines()]
    return [row for row in rows if row["kind"] != "beat"], process.returncode


@pytest.mark.parametrize(
    "garbage",
    broad(
        [
            b"\xff\xfe\x00\n",
            b"{\n",
            b"[]\n",
            b'"stop"\n',
            b"null\n",
            b'{"do": "explode"}\n',
            b'{"do": ["stop"]}\n',
            b'{"do": "raise"}\n',
            b'{"do": "raise", "channel": true, "level": "1 mA"}\n',
            b'{"do": "raise", "channel": 1, "level": 1}\n',
            b'{"do": "raise", "channel": 1, "level": "1"}\n',
            b'{"do": "raise", "channel": 1, "level": "1 mA", "now": 1}\n',
            b'{"do": "raise", "channel": 1e400, "level": "1 mA"}\n',
            b'{"do": "beat", "id": "x"}\n',
            b'{"do": "load", "path": "x", "sha256": "' + b"y" * 600 + b'"}\n',
            b"[" * 400 + b"\n",
            b"z" * 100_000 + b"\n",
        ]
    ),
    ids=lambda line: line[:24].decode("latin-1").strip(),
)
def test_garbage_is_answered_with_an_error_and_does_nothing(rig: Rig, garbage: bytes) -> None:
    rows, code = supervise(rig, garbage, b'{"do":"options","id":7}\n')
    assert [row["kind"] for row in rows] == ["hello", "error", "answer", "bye"]
    assert code == 0


@pytest.mark.hazard("H39")
def test_commands_out_of_order_are_refused_one_by_one(rig: Rig) -> None:
    words = ["arm", "start", "pause", "resume", "acknowledge", "compile"]
    lines = [json.dumps({"do": word, "id": n}).encode() + b"\n" for n, word in enumerate(words)]
    rows, code = supervise(rig, *lines)
    answers = [row for row in rows if row["kind"] == "answer"]
    assert [row["id"] for row in answers] == list(range(len(words)))
    assert not any(row["ok"] for row in answers)
    assert {row["error"]["error"] for row in answers} == {"StateError"}
    assert code == 0


@pytest.mark.hazard("H37")
def test_a_protocol_file_that_changed_since_it_was_checked_is_refused(
    rig: Rig, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("id = 'mine'\n")
    command = {"do": "load", "path": str(path), "sha256": "0" * 64, "id": 1}
    rows, _ = supervise(rig, json.dumps(command).encode() + b"\n")
    (answer,) = (row for row in rows if row["kind"] == "answer")
    assert answer["ok"] is False
    assert "has changed" in answer["error"]["what"]


@pytest.mark.hazard("H36")
def test_without_a_journal_nothing_connects_and_nothing_starts(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    face = rig.face()
    error = face.wait_for("failed")["error"]
    assert error["error"] == "JournalError"
    assert face.end() == 0, "nothing was ever sent to the device"
    assert not [row for row in rig.ledger().states if row["state"]]


@pytest.mark.parametrize(
    "device", broad(["sim:none", "p24", "p24:relative", "", "p24:/dev/none"], every=4)
)
def test_a_device_that_cannot_be_is_named_in_a_fatal_row(rig: Rig, device: str) -> None:
    rows, code = supervise(rig, device=device)
    assert [row["kind"] for row in rows] == ["fatal"]
    assert rows[0]["exit_code"] == code
    assert code in (2, 3)
