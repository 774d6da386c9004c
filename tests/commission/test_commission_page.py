"""The report page of a commissioning, from its record alone."""

from __future__ import annotations

from pathlib import Path

from stimctl.commission.results import Finding, Result, Verdict
from stimctl.records.commissioning import Signed, read_commissioning
from stimctl.report.commissioning_page import render_commissioning
from tests.support.commissioned_device import commissioned

RESULTS = tuple(
    Result("amplitude", "channel 1 at <10> mA", Finding.AMPLITUDE, "10 mA", "0.75 mA", "D",
           "11.00 mA", verdict).as_dict()
    for verdict in Verdict
)  # fmt: skip


def test_the_page_has_every_line_with_its_verdict_and_escapes_what_was_typed(
    tmp_path: Path,
) -> None:
    path = commissioned(tmp_path, "2103-17", results=RESULTS, passed=False,
                        findings=("amplitude",), simulation=True)  # fmt: skip
    signed = read_commissioning(path, tmp_path)
    page = render_commissioning(signed)
    assert page == render_commissioning(signed)
    assert "NOT PASSED" in page
    assert "SIMULATION: no device was measured" in page
    assert "channel 1 at &lt;10&gt; mA" in page
    for words in ("✓ passed", "✗ FAILED", "– not done", "· not applicable"):
        assert words in page


def test_the_page_of_a_record_that_was_changed_says_so(tmp_path: Path) -> None:
    path = commissioned(tmp_path, "2103-17", results=RESULTS)
    sound = read_commissioning(path, tmp_path)
    assert "NOT PASSED" not in render_commissioning(sound)
    page = render_commissioning(Signed(sound.told, False, "it was changed after it was signed"))
    assert "NOT PASSED" in page
    assert "it was changed after it was signed" in page
