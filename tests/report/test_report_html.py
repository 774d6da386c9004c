"""The page of a session: all that the model says, nothing that it does not, and safe to open."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from firmware_sim.faults.model import parse_fault
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
from stimctl.records.planned import planned_notes
from stimctl.records.sessions import SessionState
from stimctl.report.html import figure_rows, render_session
from stimctl.report.model import SessionReport
from stimctl.report.recorded import recorded_report
from stimctl.report.words import NOTHING
from stimctl.session.config import SECOND
from stimctl.session.intents import Close, Felt, Stop
from stimctl.session.states import State
from stimctl.treatment.prediction import predict
from tests.support.gate_world import gate_plan
from tests.support.gate_world import raised as raised_percent
from tests.support.gate_world import running as running_in_percent
from tests.support.paths import DATA
from tests.support.recorded import record
from tests.support.session_world import BY_SCRIPT, STEP_UA, plan_of, raised, running

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \"' & </svg></td> \u202e"
_VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})


def planned(plan: Any) -> list[tuple[str, dict[str, Any]]]:
    notes = planned_notes(predict(plan))
    return [("note", {"topic": topic, "text": text}) for topic, text in notes.items()]


def stopped(seconds: int = 15) -> Bench:
    bench = raised(running(plan_of()), 4 * STEP_UA)
    bench.command(Felt(1))
    bench.run_for(seconds * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.command(Close())
    return bench


@pytest.fixture
def report(tmp_path: Path) -> SessionReport:
    record(stopped(), tmp_path, extra=planned(plan_of()))
    return recorded_report(tmp_path, "last")


def test_bursts_stand_in_the_curves_although_none_is_on_when_a_row_is_written(
    tmp_path: Path,
) -> None:
    bench = raised(running(plan_of("tens-burst")), 4 * STEP_UA)
    bench.run_for(20 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.command(Close())
    record(bench, tmp_path)
    (channel,) = recorded_report(tmp_path, "last").channels
    for curve in (channel.curves.commanded, channel.curves.acknowledged):
        levels = [level for at_s, level in curve[-20:-5]]
        assert set(levels) == {channel.acknowledged.peak} == {4 * STEP_UA}


class Outline(HTMLParser):
    """Whether every element is closed, and what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


def test_the_page_is_whole_and_loads_and_runs_nothing(report: SessionReport) -> None:
    page = render_session(report)
    found = outline(page)
    tags = {tag for tag, _ in found.seen}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in found.seen:
        assert not {"src", "href", "action", "style"} & attributes.keys(), tag
        assert not any(name.startswith("on") for name in attributes), tag
    assert not re.search(r"https?:|url\(|@import|javascript:", page)
    assert "default-src 'none'" in page


def test_a_screen_reader_has_language_headings_and_headers_of_every_table(
    report: SessionReport,
) -> None:
    found = outline(render_session(report))
    assert ("html", {"lang": "en"}) in found.seen
    levels = [int(tag[1]) for tag, _ in found.seen if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(one.get("scope") in ("row", "col") for tag, one in found.seen if tag == "th")
    tables = sum(tag == "table" for tag, _ in found.seen)
    assert tables == sum(tag == "caption" for tag, _ in found.seen) > 0
    ids = [one["id"] for _, one in found.seen if "id" in one]
    assert len(ids) == len(set(ids))
    for tag, one in found.seen:
        if tag == "svg":
            assert one["role"] == "img"
            assert set(one["aria-labelledby"].split()) <= set(ids)


def test_every_plot_is_well_formed_by_itself(report: SessionReport) -> None:
    plots = re.findall(r"<svg.*?</svg>", render_session(report), re.DOTALL)
    assert plots
    for one in plots:
        assert [child.tag for child in ElementTree.fromstring(one)][:2] == ["title", "desc"]


def test_every_figure_of_the_model_stands_in_its_own_column(report: SessionReport) -> None:
    (channel,) = report.channels
    rows = dict(figure_rows(channel))
    acked, least, most = channel.acknowledged, channel.least, channel.most
    dose = predict(plan_of())[0]
    assert acked.pulses > 1_000
    assert rows["Pulses"] == (
        str(dose.pulses), NOTHING, str(acked.pulses), str(least.pulses), str(most.pulses), NOTHING
    )  # fmt: skip
    assert rows["Highest amplitude"] == ("5 mA", "2 mA", "2 mA", "2 mA", "2 mA", NOTHING)
    page = render_session(report)
    for name, cells in rows.items():
        row = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        assert f'<tr><th scope="row">{name}</th>{row}</tr>' in page


def test_a_prediction_is_never_in_the_column_of_what_was_acknowledged(tmp_path: Path) -> None:
    record(stopped(), tmp_path)
    (channel,) = recorded_report(tmp_path, "last").channels
    assert all(cells[0] == NOTHING for _, cells in figure_rows(channel))
    assert channel.acknowledged.pulses < predict(plan_of())[0].pulses / 50


def test_what_is_said_of_the_session_is_on_the_page(report: SessionReport) -> None:
    words = " ".join(" ".join(outline(render_session(report)).text).split())
    for part in (
        report.session, report.person, report.protocol, report.device, report.integrity.last_hash,
        report.warnings, "SIMULATION", "No person was stimulated", "stopped",
        "measures neither current nor impedance",
        *(text for _, text in report.facts), *(text for _, text in report.versions),
        *(event.text for event in report.events),
    ):  # fmt: skip
        assert part in words, part


@pytest.mark.parametrize("topic", ["note", "threshold", "outcome", "screening", HOSTILE])
def test_text_from_outside_is_text_on_the_page(tmp_path: Path, topic: str) -> None:
    record(
        stopped(1),
        tmp_path,
        extra=[
            ("note", {"topic": topic, "text": HOSTILE}),
            ("alarm", {"what": HOSTILE, "code": "x", "priority": "high", "marker": "!!!",
                       "action": HOSTILE, "at_ns": 5 * SECOND}),
        ],
        person="P-<b>", device=f"sim:{HOSTILE}", protocol=HOSTILE, protocol_sha256=HOSTILE,
    )  # fmt: skip
    page = render_session(recorded_report(tmp_path, "last"))
    found = outline(page)
    assert not {tag for tag, _ in found.seen} & {"script", "img", "b"}
    assert HOSTILE in "".join(found.text)
    for one in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(one)


def test_the_same_record_makes_the_same_page(report: SessionReport) -> None:
    assert render_session(report) == render_session(replace(report))


def test_hardware_and_what_is_not_recorded_are_said_as_such(report: SessionReport) -> None:
    real = render_session(replace(report, simulation=False))
    assert "REAL CURRENT" in real
    assert "SIMULATION" not in real
    unknown = render_session(replace(report, simulation=None))
    assert "NOT RECORDED" in unknown
    assert "REAL CURRENT" not in unknown


def test_after_a_lost_link_least_and_most_lie_apart_and_the_state_is_said(tmp_path: Path) -> None:
    twin = faulty_twin("p24", faults=[parse_fault("unplug@8s")])
    bench = running(plan_of(duration_s=60), BY_SCRIPT, twin=twin)
    assert bench.run_to_state(State.UNKNOWN, within_ns=20 * SECOND)
    record(bench, tmp_path)
    made = recorded_report(tmp_path, "last")
    (channel,) = made.channels
    given = bench.ledger()[1].pulses
    assert channel.least.pulses <= given <= channel.most.pulses
    assert channel.most.pulses - channel.least.pulses > 100
    assert channel.curves.acknowledged[-1] == (pytest.approx(7.8, abs=0.3), None)
    page = render_session(made)
    assert "OUTPUT UNKNOWN" in page
    assert 'class="loud-line"' in page


def test_a_record_that_ends_early_says_so_and_bounds_what_came_after(tmp_path: Path) -> None:
    bench = running(plan_of(duration_s=60), BY_SCRIPT)
    bench.run_for(10 * SECOND)
    record(bench, tmp_path, closed=False)
    made = recorded_report(tmp_path, "last")
    assert made.cut
    assert made.state == SessionState.UNFINISHED
    bench.to_device.hook = lambda _now, _data: b""
    bench.run_for(5 * SECOND)
    (channel,) = made.channels
    assert channel.least.pulses <= bench.ledger()[1].pulses <= channel.most.pulses
    page = render_session(made)
    assert "The record ends while output may have been on" in page
    assert "no closing row" in page


def test_a_damaged_record_is_reported_up_to_the_damage(tmp_path: Path) -> None:
    path = record(stopped(), tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[20] = lines[20].replace(b"1", b"2", 1)
    path.write_bytes(b"".join(lines))
    made = recorded_report(tmp_path, "last")
    page = render_session(made)
    assert made.state == SessionState.DAMAGED
    assert "DAMAGED" in page
    assert "Not verified" in page


def test_a_device_in_percent_has_no_pulses_and_no_milliampere(tmp_path: Path) -> None:
    bench = raised_percent(running_in_percent(gate_plan()), 3)
    bench.run_for(3 * SECOND)
    record(bench, tmp_path, closed=False)
    (channel,) = recorded_report(tmp_path, "last").channels
    rows = dict(figure_rows(channel))
    assert list(rows) == ["Highest amplitude", "Time on"]
    assert rows["Highest amplitude"][2] == "3 %"


def test_a_session_in_which_nothing_was_set_up_has_a_page(tmp_path: Path) -> None:
    record(Bench(family="p24"), tmp_path)
    assert "No channel was set up" in render_session(recorded_report(tmp_path, "last"))


OLD = sorted((DATA / "journals").glob("*.jsonl"))


@pytest.mark.parametrize("path", OLD, ids=lambda one: one.stem[-8:])
def test_journals_of_earlier_versions_have_a_page(path: Path) -> None:
    made = recorded_report(path.parent, path.stem)
    outline(render_session(made))
    assert all(one.least is None for one in made.channels)


@pytest.mark.broad
def test_a_page_of_half_an_hour_is_small(tmp_path: Path) -> None:
    bench = running(plan_of("nmes-tka", 20_000), BY_SCRIPT)
    assert bench.run_to_state(State.STOPPED, within_ns=2_000 * SECOND)
    record(bench, tmp_path)
    assert len(render_session(recorded_report(tmp_path, "last"))) < 100_000
