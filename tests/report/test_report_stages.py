"""A report of a session of stages tells each stage, and draws none of them as another."""

from __future__ import annotations

from pathlib import Path

from stimctl.bench import Bench
from stimctl.report.html import render_session
from stimctl.report.model import CycleShape, SessionReport
from stimctl.report.recorded import recorded_report
from stimctl.session.config import SECOND
from stimctl.session.intents import Close
from stimctl.session.states import State
from tests.support.recorded import record
from tests.support.session_world import BY_SCRIPT, running
from tests.support.staged_samples import stage, staged_plan, staged_text

_CYCLE = 'cycle = { on = "4 s", off = "4 s", ramp_up = "1 s", ramp_down = "1 s"'


def reported(folder: Path) -> SessionReport:
    stages = (
        stage("warm-up", "15 s", 'waveform = { frequency = "5 Hz" }'),
        stage("work", "17 s", _CYCLE + ', rest = { frequency = "4 Hz", level = "60 %" } }'),
        stage("pause", "5 s", 'kind = "rest"'),
        stage("cool-down", "10 s", 'plateau = "work"\nlevel = "60 %"'),
    )  # fmt: skip
    text = staged_text("".join(stages), session='shortest = "47 s", longest = "47 s"')
    bench: Bench = running(staged_plan(text, 8_000), BY_SCRIPT)
    assert bench.run_to_state(State.STOPPED, within_ns=60 * SECOND)
    bench.command(Close())
    record(bench, folder)
    return recorded_report(folder, "last")


def test_each_stage_is_told_with_what_is_done_in_it(tmp_path: Path) -> None:
    (channel,) = reported(tmp_path).channels
    assert [line.partition(":")[0] for line in channel.stimulus] == [
        "stage 1 warm-up, 15 s", "stage 2 work, 17 s", "stage 3 pause, 5 s",
        "stage 4 cool-down, 10 s",
    ]  # fmt: skip
    warm_up, work, pause, _ = channel.stimulus
    assert "5 Hz" in warm_up
    assert "on" not in warm_up.split(", ")[-1]
    assert "in the off time 4 Hz at 60 %" in work
    assert pause.endswith(": off")


def test_what_is_drawn_as_planned_is_each_stages_own(tmp_path: Path) -> None:
    (channel,) = reported(tmp_path).channels
    assert channel.curves.planned == (
        (0.0, 8_000), (15.0, 0),
        (16.0, 8_000), (20.0, 4_500), (24.0, 8_000), (28.0, 0),
        (38.0, 4_500), (47.0, 0),
    )  # fmt: skip


def test_the_events_say_when_a_stage_began(tmp_path: Path) -> None:
    told = [one.text for one in reported(tmp_path).events if one.what == "stage"]
    assert told == ["STAGE 2: work", "STAGE 3: pause", "STAGE 4: cool-down"]


def test_the_cycle_of_each_stage_that_has_one_is_drawn_with_its_slow_pulses(tmp_path: Path) -> None:
    report = reported(tmp_path)
    (channel,) = report.channels
    assert channel.cycles == (
        ("work", CycleShape(4_000_000, 4_000_000, 1_000_000, 1_000_000, 600)),
    )
    page = render_session(report)
    assert page.count("One cycle, as planned: work.") == 1
    assert "slow pulses at 60 %" in page
