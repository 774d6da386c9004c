"""Text from outside can neither command a terminal nor be lost on one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimctl.cli import output
from stimctl.terminal_text import fit_streams, printable

HOSTILE = {
    "clear the screen": "\x1b[2J",
    "set the title": "\x1b]0;safe\x07",
    "one-byte CSI": "\x9b31m",
    "back to the line's start": "\rOUTPUT OFF",
    "backspace": "1\b2",
    "delete": "\x7f",
    "right to left": "\u202e001\u202c",
    "isolate": "\u2066x\u2069",
    "zero width": "a\u200bb",
    "byte order mark": "\ufeff",
    "line separator": "\u2028",
    "half a pair": "\ud800",
    "private use": "\ue000",
    "a tag character": "\U000e0041",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_control_characters_are_shown_as_codes(text: str) -> None:
    shown = printable(f"a{text}b")
    assert shown.isprintable()
    assert json.loads(f'"{shown}"') == f"a{text}b"


@given(st.text())
def test_no_text_at_all_reaches_a_terminal_as_a_command(text: str) -> None:
    assert all(one.isprintable() or one == "\n" or one.isspace() for one in printable(text))
    json.loads(printable(json.dumps({"text": text}, ensure_ascii=False)))


def test_only_our_own_styles_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "colour_allowed", lambda stream: True)
    shown = output.for_terminal(f"{output.styled('error:', 'red')} \x1b[31mforged\x1b[0m")
    assert shown == "\x1b[31merror:\x1b[0m \\u001b[31mforged\\u001b[0m"


def test_a_table_has_one_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.put_table(["serial", "port"], [["A\nFORGED  row", "x\r\ny"]])
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "cp1252", "koi8-r"])
def test_every_sign_of_ours_is_shown_in_any_locale(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    fit_streams(stream)
    stream.write("│ ● STIM ▲ 12 µA ≥ 5 … │ 漢\n")
    stream.flush()
    shown = raw.getvalue().decode(encoding)
    assert "\\u" not in shown
    assert shown.replace("│", "|").startswith("| ")
    assert "STIM" in shown
    assert shown.endswith("?\n")


def test_a_relation_keeps_its_meaning() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    fit_streams(stream)
    stream.write("a ≥ b ≤ c ≠ d ± e")
    stream.flush()
    assert raw.getvalue() == b"a >= b <= c != d +/- e"


@pytest.mark.parametrize(
    "arguments", [["check", "no-such-µ-│-protocol"], ["spec", "p24"], ["protocols", "list"]]
)
def test_the_command_line_works_in_a_locale_that_is_not_utf_8(arguments: list[str]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C"}
    ran = subprocess.run(
        [sys.executable, "-m", "stimctl", *arguments],
        check=False,
        env=environment,
        capture_output=True,
        timeout=60,
    )
    assert ran.returncode in (0, 2)
    assert b"Traceback" not in ran.stderr
    (ran.stdout + ran.stderr).decode("ascii")
