"""The captures that are kept: each has its origin written down, and its twin says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.bench.capture_compare import compare_file
from stimctl.records.captures import SUFFIX, read_capture

HERE = Path(__file__).parent
NO_INVARIANT = pytest.mark.no_invariant("one of the hosts sends what no host may send, to see it")
KEPT = sorted(HERE.glob(f"*{SUFFIX}"))


@NO_INVARIANT
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_the_twin_says_what_was_captured(path: Path) -> None:
    compared = compare_file(path)
    assert compared.same, str(compared)
    assert compared.compared >= 9


def test_every_capture_has_its_origin_written_down() -> None:
    origin = (HERE / "ORIGIN.md").read_text()
    assert KEPT
    for path in KEPT:
        assert f"`{path.name}`" in origin
        assert read_capture(path).header.origin


@NO_INVARIANT
def test_the_clients_from_pypi_have_used_every_layer() -> None:
    told = {path.name: compare_file(path) for path in KEPT}
    low = told[f"science-mode-4{SUFFIX}"]
    assert "ll_channel_config_ack" in {one.row.message for one in low.left_out}
