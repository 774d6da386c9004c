"""`stimctl wire` for every wire protocol: what it decodes it encodes again, and help names all."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from stimctl.cli.wire_tool import _PROTOCOLS
from stimctl.errors import ExitCode
from stimctl.wire.hexlines import WIRES
from tests.support.paths import DATA

VECTORS = json.loads((DATA / "sciencemode2_vectors.json").read_text("utf-8"))


def with_stdin(monkeypatch: pytest.MonkeyPatch, data: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data.encode())))


def test_the_command_line_names_the_wires_that_there_are() -> None:
    assert set(_PROTOCOLS) == set(WIRES)


def test_sciencemode2_decodes_and_encodes_line_by_line(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = [v for v in VECTORS if v["kind"] == "frame" and not v["name"].startswith("accept")]
    with_stdin(monkeypatch, "".join(f"{vector['hex']}\n" for vector in good))
    decoded = cli("wire", "decode", "sciencemode2")
    assert decoded.code == 0
    frames = [json.loads(line)["frames"] for line in decoded.out.splitlines()]
    assert [frame["fields"] for (frame,) in frames] == [vector["fields"] for vector in good]
    with_stdin(monkeypatch, decoded.out)
    encoded = cli("wire", "encode", "sciencemode2")
    assert (encoded.code, encoded.out.splitlines()) == (0, [vector["hex"] for vector in good])


def test_openemsstim_shows_why_a_line_is_dangerous_and_will_not_write_it(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_stdin(monkeypatch, b"C0I50T40000G\n".hex())
    decoded = cli("wire", "decode", "openemsstim").out
    (row,) = json.loads(decoded)["frames"]
    assert "may never end" in row["problems"][0]
    with_stdin(monkeypatch, decoded)
    refused = cli("wire", "encode", "openemsstim")
    assert (refused.code, refused.out) == (ExitCode.USAGE, "\n")
    assert "may never end" in refused.err
    with_stdin(monkeypatch, decoded)
    written = cli("wire", "encode", "openemsstim", "--invalid")
    assert bytes.fromhex(written.out) == b"C0I50T40000G\n"
