"""A rehearsal delivers what the plan predicts, and its four characters stand for exactly it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_sim.ledger import Ledger
from stimctl import version
from stimctl.bench import Bench, rehearse
from stimctl.bench.rehearsal import channel_reports
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import UsageError
from stimctl.session import programme
from stimctl.session.config import SECOND
from stimctl.session.confirmation import confirmation_of
from stimctl.session.events import Kind
from stimctl.treatment.scripted_raise import PlateauStep
from tests.support.broad import broad_rows
from tests.support.session_world import plan_of

SESSIONS = [
    ("tens-conventional", 12_000, 60),
    ("tens-conventional", 40_000, 40),
    ("tens-burst", 15_000, 60),
    ("tens-modulated", 20_000, 60),
    ("nmes-tka", 30_000, 240),
    ("nmes-acl", 30_000, 300),
    ("ttns-oab", 10_000, 60),
]


@pytest.mark.parametrize(("name", "amplitude_ua", "duration_s"), broad_rows(SESSIONS, every=2))
def test_what_reaches_the_electrodes_is_the_plan_within_one_percent(
    name: str, amplitude_ua: int, duration_s: int
) -> None:
    rehearsal = rehearse(plan_of(name, amplitude_ua, duration_s=duration_s))
    assert rehearsal.problems == ()
    (channel,) = rehearsal.report
    assert channel.pulses == pytest.approx(channel.planned.pulses, rel=0.01)
    assert channel.charge_uc == pytest.approx(channel.planned.charge_uc, rel=0.01)
    assert channel.rms_plateau_ma == pytest.approx(channel.planned.rms_plateau_ma, rel=0.01)
    assert channel.rms_session_ma == pytest.approx(channel.planned.rms_session_ma, rel=0.01)
    assert channel.peak_ua <= amplitude_ua
    assert channel.net_charge_uc == 0


def test_several_channels_each_deliver_their_own_plan() -> None:
    rehearsal = rehearse(plan_of("tens-conventional", 4_000, 7_500, 2_000, duration_s=30))
    assert rehearsal.ok, rehearsal.problems
    assert [one.peak_ua for one in rehearsal.report] == [4_000, 7_500, 2_000]


def test_a_rehearsal_is_the_same_every_time() -> None:
    plan = plan_of("tens-conventional", 3_000, duration_s=10)
    assert rehearse(plan).as_dict() == rehearse(plan).as_dict()


@pytest.mark.hazard("H39", "H40")
def test_the_confirmation_changes_with_everything_that_decides_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of("tens-conventional", 12_000, duration_s=60)
    others = [
        plan_of("tens-conventional", 12_000, duration_s=61),
        plan_of("tens-conventional", 12_500, duration_s=60),
        plan_of("tens-burst", 12_000, duration_s=60),
        replace(plan, sheet=replace(P24_SHEET, watchdog_us=3_000_000)),
    ]
    assert len(confirmation_of(plan)) == 4
    assert confirmation_of(plan) == confirmation_of(replace(plan))
    assert all(confirmation_of(other) != confirmation_of(plan) for other in others)
    now = confirmation_of(plan)
    monkeypatch.setattr("stimctl.session.confirmation.__version__", "0.0.0+another")
    assert confirmation_of(plan) != now


@pytest.mark.hazard("H74")
def test_an_update_of_the_code_voids_what_was_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("tens-conventional", 12_000, duration_s=60)
    now = confirmation_of(plan)
    monkeypatch.setattr("stimctl.session.confirmation.code_digest", lambda: "0" * 64)
    assert confirmation_of(plan) != now


@pytest.mark.hazard("H74")
def test_the_digest_of_the_code_covers_every_source_of_program_and_twin(tmp_path: Path) -> None:
    source = Path(version.__file__).parent
    for name, folder in (("stimctl", source), ("firmware_sim", source.parents[1] / "firmware_sim")):
        shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", "from stimctl.version import code_digest as d; print(d())"]

    def digest() -> str:
        environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            command, cwd="/", env=environ, capture_output=True, text=True, check=True
        ).stdout

    found = {digest(), digest()}
    assert len(found) == 1
    for name in ("stimctl/safety/limits.py", "firmware_sim/ledger.py", "stimctl/tui/app.py"):
        path = tmp_path / name
        path.write_text(path.read_text("utf-8") + "# updated\n", "utf-8")
        found.add(digest())
    assert len(found) == 4


@pytest.mark.hazard("H39")
def test_a_rehearsal_that_goes_wrong_says_how_and_gives_nothing_to_confirm_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jump = [PlateauStep(0, 1, 3_000)]
    monkeypatch.setattr(programme, "raise_schedule", lambda _plan: iter(jump))
    rehearsal = rehearse(plan_of("tens-conventional", 3_000, duration_s=10))
    assert not rehearsal.ok
    assert any("raise schedule breaks the raise rules" in one for one in rehearsal.problems)
    assert rehearsal.as_dict()["confirmation"] is None


@pytest.mark.hazard("H49")
def test_what_reached_the_electrodes_is_held_against_the_limits_and_not_only_the_plan() -> None:
    plan = plan_of("tens-conventional", 12_000, duration_s=60)
    pulse = [[200, 60_000], [200, -60_000]]
    rows = [
        {"kind": "train", "channel": 1, "start_us": 0, "period_us": 500, "count": 9_000,
         "points": pulse},
    ]  # fmt: skip
    (report,) = channel_reports(plan, Ledger(rows))
    assert report.over_limits == (
        "r.m.s. current 53.67 mA delivered, the limit is 50 mA (L-RMS-400)",
    )
    told = list(report.problems())
    assert told[:1] == [f"channel 1: {over}" for over in report.over_limits]


def test_progress_is_reported_up_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    rehearse(
        plan_of("tens-conventional", 3_000, duration_s=10),
        progress=lambda done_us, all_us: seen.append((done_us, all_us)),
    )
    assert seen == sorted(seen)
    assert seen[-1] == (10_000_000, 10_000_000)


def test_a_device_without_a_twin_cannot_be_rehearsed() -> None:
    plan = plan_of("tens-conventional", 3_000, duration_s=10)
    with pytest.raises(UsageError):
        rehearse(replace(plan, sheet=replace(P24_SHEET, family="other")))


@pytest.mark.hazard("H01")
def test_every_rehearsal_sees_the_watchdog_test() -> None:
    rehearsal = rehearse(plan_of("tens-conventional", 3_000, duration_s=10))
    outcomes = [one.data["outcome"] for one in rehearsal.events if one.kind is Kind.DEAD_MAN]
    assert outcomes == ["begun", "passed"]


def test_the_bench_lets_time_pass_where_nothing_happens() -> None:
    bench = Bench(family="p24")
    bench.run_for(3 * SECOND)
    assert bench.now_ns == 3 * SECOND
