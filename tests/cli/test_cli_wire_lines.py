"""`stimctl wire decode` and `encode`, line by line: vectors, streams, and what is refused."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stimctl.errors import ExitCode
from tests.support.paths import DATA

VECTORS = json.loads((DATA / "sciencemode4_vectors.json").read_text("utf-8"))


def with_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_every_vector_decodes_to_its_fields_and_encodes_to_its_bytes(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = [vector for vector in VECTORS if vector["kind"] == "frame"]
    with_stdin(monkeypatch, "".join(f"{vector['hex']}\n" for vector in good).encode())
    decoded = cli("wire", "decode", "sciencemode4")
    assert decoded.code == 0
    lines = decoded.out.splitlines()
    assert len(lines) == len(good)
    for vector, line in zip(good, lines, strict=True):
        (frame,) = json.loads(line)["frames"]
        assert (frame["cmd"], frame["direction"]) == (vector["cmd"], vector["direction"])
        assert ("problems" in frame) == (vector["expect"] == "parameter_error")
    with_stdin(monkeypatch, decoded.out.encode())
    encoded = cli("wire", "encode", "sciencemode4", "--invalid")
    assert (encoded.code, encoded.out.splitlines()) == (0, [vector["hex"] for vector in good])


def test_what_the_device_would_refuse_is_not_encoded_without_invalid(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = next(vector for vector in VECTORS if vector.get("expect") == "parameter_error")
    with_stdin(monkeypatch, bad["hex"].encode())
    decoded = cli("wire", "decode", "sciencemode4", "-").out
    with_stdin(monkeypatch, decoded.encode())
    refused = cli("wire", "encode", "sciencemode4")
    assert (refused.code, refused.out) == (ExitCode.USAGE, "\n")
    assert "line 1: " in refused.err
    with_stdin(monkeypatch, decoded.encode())
    assert cli("wire", "encode", "sciencemode4", "--invalid").out.strip() == bad["hex"]


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["kind"] != "frame"], ids=lambda v: v["name"]
)
def test_bad_frames_and_streams_have_the_recommended_outcome(
    cli: Any, tmp_path: Path, vector: dict[str, Any]
) -> None:
    file = tmp_path / "log.hex"
    file.write_text(f"# a comment\n\n{vector['hex']}\n")
    result = cli("wire", "decode", "sciencemode4", str(file))
    assert result.code == 0
    assert len(result.data["frames"]) == vector["recommended_good_frames"]
    assert result.data["errors"] == vector["recommended_errors"]


def test_a_line_that_is_not_hex_keeps_its_place(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    good = VECTORS[0]["hex"]
    with_stdin(monkeypatch, f"{good}\nxyz\n\xff\n{good}\n".encode("latin-1"))
    result = cli("wire", "decode", "sciencemode4")
    assert result.code == ExitCode.USAGE
    assert [json.loads(line)["errors"] for line in result.out.splitlines()] == [
        [], ["hex"], ["hex"], [],
    ]  # fmt: skip
    assert "line 2: the line is not hex" in result.err


@pytest.mark.parametrize("line", ["{}", "[]", "3", "{", '{"cmd": 32, "fields": {}}', "[" * 5000])
def test_a_line_that_is_no_frame_is_not_encoded(
    cli: Any, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    with_stdin(monkeypatch, line.encode())
    result = cli("wire", "encode", "sciencemode4")
    assert (result.code, result.out) == (ExitCode.USAGE, "\n")
    assert "error: line 1: " in result.err


def test_a_value_between_two_wire_steps_is_noted(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    point = '{"time_us": 200, "current_ma": 10.3}'
    channel = '{"index": 0, "period_ms": 20, "points": [' + point + "]}"
    line = '{"cmd": 32, "fields": {"packet_number": 0, "channels": [' + channel + "]}}"
    with_stdin(monkeypatch, line.encode())
    result = cli("wire", "encode", "sciencemode4")
    assert result.code == 0
    assert "note: " in result.err


def test_files_that_cannot_be_read_are_refused(cli: Any, tmp_path: Path) -> None:
    assert cli("wire", "decode", "sciencemode4", str(tmp_path)).code == ExitCode.USAGE
    assert cli("wire", "decode", "sciencemode4", "missing.hex").code == ExitCode.USAGE


def test_an_endless_line_is_told_and_the_lines_after_it_are_read(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = "f0815581598143814400320f"
    with_stdin(monkeypatch, b"0" * (3 << 20) + b"00\n" + good.encode())
    result = cli("wire", "decode", "sciencemode4")
    assert result.code == ExitCode.USAGE
    assert "line 1: the line is longer than" in result.err
    bad, read = (json.loads(line) for line in result.out.splitlines())
    assert bad == {"frames": [], "errors": ["hex"]}
    assert read["frames"][0]["name"] == "get_version_main"


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = b"f0815581598143814400320f"
    with_stdin(monkeypatch, b"\xef\xbb\xbf" + frame + b"\r\n\r\n  \n# note\n" + frame.upper())
    result = cli("wire", "decode", "sciencemode4")
    assert result.code == 0
    assert len(result.out.splitlines()) == 2
