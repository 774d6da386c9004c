"""Recordings: what is read from good ones, and why bad ones are refused, with the line."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from firmware_sim.scope import Shot, csv_of
from stimctl.commission.scope_csv import HEADER, ScopeFileError, parse_scope_csv
from stimctl.commission.waveform import reading_of, train_of

GOOD = [HEADER, *(f"{number / 1000:.3f},0.0" for number in range(20))]


def train(
    points: list[list[int]], period_us: int = 20_000, count: int = 12
) -> list[dict[str, Any]]:
    """A record with one train."""
    told = {"kind": "train", "id": 1, "channel": 1, "period_us": period_us, "start_us": 5_000}
    return [{**told, "count": count, "points": points}]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (1, "Time (s),CH1 (V)"),
        (3, "0,002;1.0"),
        (3, "0.0005"),
        (4, "0.001,1.0"),
        (5, "0.010,nan"),
        (5, "0.010,1_0"),
        (6, "0.010,inf"),
        (6, "zero,1.0"),
        (7, "0.010,5000"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(line: int, text: str) -> None:
    lines = list(GOOD)
    lines[line - 1] = text
    with pytest.raises(ScopeFileError) as refused:
        parse_scope_csv("\n".join(lines), "shot.csv")
    assert refused.value.line == line
    assert f"shot.csv, line {line}" in str(refused.value)


@pytest.mark.parametrize("text", ["", HEADER, f"{HEADER}\n0,0\n1,0\n"])
def test_a_file_with_too_little_in_it_is_refused(text: str) -> None:
    with pytest.raises(ScopeFileError):
        parse_scope_csv(text)


def test_comments_and_blank_lines_are_no_samples() -> None:
    samples = parse_scope_csv("# an oscilloscope\n\n" + "\n".join(GOOD) + "\n\n")
    assert len(samples.volts) == 20


@pytest.mark.parametrize("ohm", [200, 1_000, 2_000])
def test_current_width_rate_and_balance_are_what_the_record_has(ohm: int) -> None:
    rows = train([[300, 12_000], [100, 0], [300, -9_000]])
    shot = Shot(1, 0, 250_000, ohm)
    found = reading_of(parse_scope_csv(csv_of(rows, shot)), ohm)
    assert found.amplitude_ua == pytest.approx(12_000, rel=0.001)
    assert found.width_us == pytest.approx(300, abs=2)
    assert found.frequency_mhz == pytest.approx(50_000, rel=0.001)
    assert found.imbalance_permille == pytest.approx(250, abs=5)


def test_a_uniform_recording_with_noise_and_offset_gives_the_same() -> None:
    """As an 8-bit oscilloscope at 5 V/div has it: 0.16 V a step, and half a step of offset."""
    chance = Random(5)
    lines = [HEADER]
    for at_us in range(0, 130_000, 10):
        in_pulse = (at_us - 3_000) % 20_000
        volt = 10.0 if 0 <= in_pulse < 400 else -10.0 if 400 <= in_pulse < 800 else 0.0
        volt += chance.gauss(0, 0.08) + 0.08
        lines.append(f"{at_us / 1e6:.6f},{round(volt / 0.16) * 0.16:.2f}")
    found = reading_of(parse_scope_csv("\n".join(lines)), 1_000)
    assert found.amplitude_ua == pytest.approx(10_000, rel=0.03)
    assert found.width_us == pytest.approx(400, abs=10)
    assert found.frequency_mhz == pytest.approx(50_000, rel=0.005)
    assert found.imbalance_permille is not None
    assert found.imbalance_permille < 50


def test_a_test_pulse_of_the_device_is_no_pulse_of_the_train() -> None:
    rows = train([[15, 15_000], [15, -15_000], [200, 0], [200, 4_000], [200, -4_000]])
    found = reading_of(parse_scope_csv(csv_of(rows, Shot(1, 0, 250_000))), 1_000)
    assert found.amplitude_ua == pytest.approx(4_000)
    assert found.width_us == pytest.approx(200, abs=2)


def test_no_output_is_no_reading_and_no_train() -> None:
    silent = parse_scope_csv(csv_of([], Shot(1, 0, 100_000)))
    assert reading_of(silent, 1_000).pulses == 0
    assert reading_of(silent, 1_000).amplitude_ua is None
    assert train_of(silent) is None


def test_too_few_samples_in_a_phase_give_no_numbers() -> None:
    rows = train([[200, 10_000], [200, -10_000]])
    found = reading_of(parse_scope_csv(csv_of(rows, Shot(1, 0, 250_000, 1_000, 60))), 1_000)
    assert found.pulses
    assert found.amplitude_ua is None


def test_a_train_that_runs_to_the_end_of_the_recording_is_told_as_open() -> None:
    rows = train([[200, 10_000], [200, -10_000]], count=100)
    whole, cut = (train_of(parse_scope_csv(csv_of(rows, Shot(1, 0, us, 1_000, 10))))
                  for us in (2_500_000, 1_000_000))  # fmt: skip
    assert whole is not None
    assert cut is not None
    assert whole.duration_us == pytest.approx(99 * 20_000, abs=100)
    assert (whole.ends_open, cut.ends_open) == (False, True)
