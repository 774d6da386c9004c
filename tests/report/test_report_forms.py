"""What a session is handed on as: sheet, lines, PDF; and what is drawn from words and readings."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stimctl.errors import UsageError
from stimctl.records.outcome_form import AFTER, BEFORE
from stimctl.records.said import (
    CORRECTION,
    Threshold,
    answers_in,
    standing,
    taken_back,
    threshold_of,
    threshold_text,
)
from stimctl.report.chart import chart_lines
from stimctl.report.html import figure_rows, render_session
from stimctl.report.model import SessionReport
from stimctl.report.patient import render_patient
from stimctl.report.recorded import recorded_report
from stimctl.session.config import SECOND
from stimctl.session.intents import Close, Stop
from stimctl.session.states import State
from tests.support.recorded import record
from tests.support.session_world import BY_SCRIPT, plan_of, running
from tools import make_session_report as tool

_NOTES = (
    ("threshold", threshold_text("sensory", 1, "left-quadriceps", "3.5 mA")),
    ("threshold", threshold_text("motor", 1, "left-quadriceps", "9 mA")),
    (CORRECTION, taken_back("threshold", "motor ch1 left-quadriceps 9 mA")),
    (BEFORE, "6"),
    ("outcome", f"{AFTER}: 4; skin: slightly red"),
)


@pytest.fixture(scope="module")
def made() -> Iterator[tuple[SessionReport, int]]:
    """A clean session on the twin, stopped after 20 s, and the pulses that the twin gave."""
    bench = running(plan_of("nmes-tka", 12_000, duration_s=300, site="left-quadriceps"), BY_SCRIPT)
    bench.run_for(60 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.command(Close())
    measured = {"1": {"current_ua": 5_000, "impedance_ohm": 900}}
    extra = [("note", {"topic": topic, "text": text}) for topic, text in _NOTES]
    told = {"set": {"1": 0}, "acked": {"1": 0}, "plan_time_us": 1, "measured": measured}
    with tempfile.TemporaryDirectory() as folder:
        record(bench, Path(folder), extra=[*extra, ("telemetry", {**told, "at_ns": 90 * SECOND})])
        yield recorded_report(Path(folder), "last"), bench.ledger()[1].pulses


@pytest.fixture
def report(made: tuple[SessionReport, int]) -> SessionReport:
    return made[0]


def test_what_is_acknowledged_equals_what_the_twin_gave_within_one_percent(
    made: tuple[SessionReport, int],
) -> None:
    report, given = made
    (channel,) = report.channels
    assert given > 500
    assert abs(channel.acknowledged.pulses - given) * 100 <= given
    assert channel.least.pulses <= given <= channel.most.pulses


def test_a_threshold_comes_back_out_of_its_words() -> None:
    for unit, level, text in (("uA", 3_500, "3.5 mA"), ("%", 40, "40 %")):
        for site in ("left-quadriceps", ""):
            words = threshold_text("motor", 2, site, text)
            assert threshold_of(words) == Threshold("motor", 2, site, level, unit)
    assert threshold_of("it tingles at three") is None
    assert threshold_of("motor ch1 3.5 V") is None


def test_what_was_taken_back_does_not_count_and_the_one_before_it_does() -> None:
    notes = [("note", "a"), ("note", "b"), ("note", "a"), (CORRECTION, taken_back("note", "a"))]
    assert standing(notes) == [("note", "a"), ("note", "b")]
    assert standing([(CORRECTION, taken_back("note", "z")), ("note", "a")]) == [("note", "a")]


def test_the_last_answer_to_each_question_counts() -> None:
    notes = [(BEFORE, "7"), ("outcome", f"{BEFORE}: 6; {AFTER}: 2"), ("outcome", f"{AFTER}: 3")]
    assert answers_in(notes) == {BEFORE: "6", AFTER: "3"}


def test_thresholds_that_stand_are_drawn_and_told_to_a_screen_reader(
    report: SessionReport,
) -> None:
    (channel,) = report.channels
    assert [one.what for one in channel.thresholds] == ["sensory"]
    page = render_session(report)
    assert ">S 3.5 mA</text>" in page
    assert "Sensory threshold marked at 3.5 mA" in page
    assert "motor ch1 left-quadriceps 9 mA" in page  # what was said stays readable


def test_what_was_measured_has_its_column_and_its_own_plot(report: SessionReport) -> None:
    (channel,) = report.channels
    assert dict(figure_rows(channel))["Highest amplitude"][5] == "5 mA"
    page = render_session(report)
    assert "measured impedance over time" in page
    assert "From 900 ohm at first" in page
    bare = replace(channel, curves=replace(channel.curves, impedance=()), measured=None)
    assert "impedance over time" not in render_session(replace(report, channels=(bare,)))


def test_the_lines_for_the_chart_say_when_what_and_how(report: SessionReport) -> None:
    when, what, how = chart_lines(report).splitlines()
    assert "SIMULATION: stopped" in when
    assert "1:00 of 5:00 min" in when
    assert "left-quadriceps" in what
    assert report.channels[0].given in what
    assert "sensory 3.5 mA" in what
    assert "motor" not in what
    assert "before 6, after 4" in how
    assert "skin slightly red" in how


def test_the_sheet_says_in_plain_words_what_the_record_says(report: SessionReport) -> None:
    page = render_patient(report).partition("<body>")[2]
    sheet = " ".join(re.sub("<[^>]+>", " ", page).split())
    for part in ("18 November 2026", "ended early, after 1 of 5 minutes", "left-quadriceps: up to",
                 "6 before and 4 afterwards", "slightly red", "SIMULATION"):  # fmt: skip
        assert part in sheet, part
    assert not re.search(r"SHA|acknowledged|mC|digest", sheet)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("completed", "The whole treatment was given"), ("fault", "because of a technical problem"),
     ("", "It ended after")],
)  # fmt: skip
def test_the_sheet_says_how_it_ended(report: SessionReport, outcome: str, words: str) -> None:
    assert words in render_patient(replace(report, outcome=outcome))


def test_nothing_is_made_up_on_the_sheet(report: SessionReport) -> None:
    sheet = render_patient(replace(report, told={}, channels=()))
    for words in ("not asked", "not recorded", "No current was given"):
        assert words in sheet


def test_every_drawing_of_an_example_is_well_formed_and_named() -> None:
    for path in (*tool.FOLDER.glob("*.html"), tool.FOLDER / "nmes-tka.svg"):
        for one in re.findall(r"<svg.*?</svg>", path.read_text("utf-8"), re.DOTALL):
            children = [child.tag.rpartition("}")[2] for child in ElementTree.fromstring(one)]
            assert children[:2] == ["title", "desc"], path.name


def test_a_pdf_is_the_same_for_the_same_page_and_can_be_read_aloud(report: SessionReport) -> None:
    from stimctl.report.pdf import page_identifier, render_pdf

    page = render_patient(report)
    try:
        first = render_pdf(page)
    except UsageError as error:
        pytest.skip(f"no PDF is made here: {error}")
    assert first == render_pdf(page)
    assert first.startswith(b"%PDF-")
    assert page_identifier(page).encode() in first
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", first, re.DOTALL)
    inside = b"".join(zlib.decompress(one) for one in parts if one.startswith(b"x"))
    assert b"/MarkInfo" in inside  # tagged
    assert b"/Lang" in inside
    assert len(re.findall(rb"/Type ?/Page\b", inside)) == 1


CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("session-report", 2),
        pytest.param("patient-sheet", 1, marks=pytest.mark.soak),
        pytest.param("course", 1, marks=pytest.mark.soak),
    ],
)
def test_a_real_browser_prints_the_page_on_no_more_than_its_sheets(
    name: str, most: int, tmp_path: Path
) -> None:
    printed = tmp_path / "page.pdf"
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
         "--no-pdf-header-footer", f"--print-to-pdf={printed}", str(tool.FOLDER / f"{name}.html")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    pages = len(re.findall(rb"/Type ?/Page\b", printed.read_bytes()))
    assert 1 <= pages <= most
