"""Verdicts at the edge of each tolerance, and the settings of the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stimctl.commission import judge
from stimctl.commission.judge_line import judge_line
from stimctl.commission.results import MEANINGS, Finding, Result, Verdict, failed, has_passed
from stimctl.commission.waveform import Reading, Train
from stimctl.supervisor.families import family_named

ROOT = Path(__file__).resolve().parents[2]
PASSED, FAILED = Verdict.PASSED, Verdict.FAILED


@pytest.mark.parametrize(
    ("ua", "verdict"),
    [(10_000, PASSED), (10_750, PASSED), (10_760, FAILED), (9_240, FAILED), (None, FAILED)],
)
def test_a_current_is_within_5_percent_and_a_quarter_of_a_milliampere(
    ua: float | None, verdict: Verdict
) -> None:
    found = judge.judge_amplitude("amplitude", 1, 10_000, Reading(amplitude_ua=ua))
    assert found.verdict is verdict


@pytest.mark.parametrize(("us", "verdict"), [(210, PASSED), (216, FAILED), (None, FAILED)])
def test_a_width_is_within_5_percent_and_5_us(us: float | None, verdict: Verdict) -> None:
    assert judge.judge_width("width", 200, Reading(width_us=us)).verdict is verdict


@pytest.mark.parametrize(("mhz", "verdict"), [(50_500, PASSED), (49_400, FAILED), (None, FAILED)])
def test_a_frequency_is_within_1_percent(mhz: float | None, verdict: Verdict) -> None:
    assert judge.judge_frequency("f", 50_000, Reading(frequency_mhz=mhz)).verdict is verdict


@pytest.mark.parametrize(("permille", "verdict"), [(50, PASSED), (51, FAILED), (None, FAILED)])
def test_a_pulse_is_balanced_within_5_percent(permille: float | None, verdict: Verdict) -> None:
    found = judge.judge_balance("balance", Reading(imbalance_permille=permille))
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("train", "verdict"),
    [
        (Train(1_220_000, 20_000), PASSED),
        (Train(1_221_000, 20_000), FAILED),
        (Train(1_000_000, 20_000, ends_open=True), FAILED),
        (None, FAILED),
    ],
)
def test_output_ends_within_200_ms_and_a_period_of_a_stop(
    train: Train | None, verdict: Verdict
) -> None:
    """Raised at 0 and stopped after a second."""
    assert judge.judge_stop_measured("stop", 0, 1_000_000, train).verdict is verdict


@pytest.mark.parametrize(
    ("family", "changes", "verdict"),
    [
        ("p24", {}, PASSED),
        ("p24", {"baud": 230_400, "stop_bits": 1}, PASSED),
        ("p24", {"baud": 9_600}, FAILED),
        ("p24", {"stop_bits": 1}, FAILED),
        ("rehastim2", {"baud": 460_800, "parity": "E", "stop_bits": 1}, PASSED),
        ("rehastim2", {"baud": 460_800, "parity": "N", "stop_bits": 1}, FAILED),
    ],
)
def test_the_line_is_set_as_the_sheet_says(
    family: str, changes: dict[str, Any], verdict: Verdict
) -> None:
    line = {"baud": 3_000_000, "parity": "N", "stop_bits": 2, "exclusive": "flock and TIOCEXCL"}
    rate, timer = judge_line("line", family_named(family).sheet, line | changes)
    assert rate.verdict is verdict
    assert timer.verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(("timer_ms", "verdict"), [(1, PASSED), (16, FAILED)])
def test_a_slow_adapter_is_found(timer_ms: int, verdict: Verdict) -> None:
    line = {"baud": 3_000_000, "parity": "N", "stop_bits": 2, "latency_timer_ms": timer_ms}
    *_, timer = judge_line("line", family_named("rehamove3").sheet, line)
    assert timer.verdict is verdict


def test_what_was_not_done_or_found_is_not_passed() -> None:
    def one(verdict: Verdict) -> Result:
        return Result("step", "", Finding.WIDTH, "", "", "", "", verdict)

    assert not has_passed([])
    assert has_passed([one(PASSED), one(Verdict.NOT_APPLICABLE)])
    assert not has_passed([one(PASSED), one(Verdict.NOT_DONE)])
    assert failed([one(FAILED), one(FAILED)]) == (Finding.WIDTH,)


def test_every_finding_is_explained_where_the_procedure_is() -> None:
    page = (ROOT / "docs" / "how-to" / "commission-a-device.md").read_text("utf-8")
    assert set(MEANINGS) == set(Finding)
    for finding, words in MEANINGS.items():
        assert f"| `{finding.value}` | {words} |" in page
