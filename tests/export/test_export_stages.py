"""A session with stages claims the settings of none of them for all; each stage has its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stimctl.export.figures import column_of, figures_of
from stimctl.export.formats import Format, files_of
from stimctl.export.nibs_bids_events import spans_of
from stimctl.export.recorded import recorded_content
from stimctl.session.config import SECOND
from stimctl.session.intents import Arm, Start, StartFrom, Stop
from stimctl.session.states import State
from tests.export.test_export_nibs_bids import check, read
from tests.support.exported import Recorded, table
from tests.support.recorded import record
from tests.support.session_world import BY_HAND, raised, running
from tests.support.staged_samples import whole_training

Sessions = Callable[[str], Recorded]
ONE = "stages, completed"


def rows(session: Sessions, name: str, which: str = ONE) -> list[dict[str, str]]:
    return table(files_of(session(which).content, Format.CSV)[f"{name}.csv"])


def test_a_setting_that_differs_between_stages_is_empty_for_the_session(session: Sessions) -> None:
    one, two = rows(session, "setups")
    assert (one["phase_width_us"], two["phase_width_us"]) == ("200", "300")
    for name in ("pulse_frequency_hz", "cycle_on_s", "cycle_off_s", "ramp_up_s", "frequency_law"):
        assert (one[name], two[name]) == ("", ""), name
    for row in (one, two):
        changes = [row[f"{what}_changes"] for what in ("frequency", "width", "amplitude")]
        assert changes == ["true", "false", "true"]


def test_each_stage_has_the_settings_of_its_own(session: Sessions) -> None:
    told = rows(session, "stages")
    assert [(row["stage"], row["name"], row["channel"], row["output"]) for row in told] == [
        ("1", "warm-up", "1", "true"), ("1", "warm-up", "2", "false"),
        ("2", "work", "1", "true"), ("2", "work", "2", "true"),
        ("3", "pause", "1", "false"), ("3", "pause", "2", "false"),
        ("4", "cool-down", "1", "true"), ("4", "cool-down", "2", "true"),
    ]  # fmt: skip
    warm_up, off, work, _, pause, _, cool_down, _ = told
    assert (warm_up["pulse_frequency_hz"], warm_up["cycle_on_s"]) == ("5", "")
    assert (work["pulse_frequency_hz"], work["cycle_on_s"], work["cycle_off_s"]) == ("75", "4", "4")
    assert (work["rest_frequency_hz"], work["rest_level_percent"]) == ("4", "60")
    assert [one["planned_start_s"] for one in (warm_up, work, pause, cool_down)] == [
        "0", "15", "48", "54",
    ]  # fmt: skip
    assert (cool_down["plateau_of_stage"], cool_down["plateau_level_percent"]) == ("2", "60")
    assert cool_down["frequency_changes"] == "true"
    assert cool_down["frequency_law"] == "3 Hz, 5 Hz in turn, 2 s each"
    for row in (off, pause):
        assert not any(row[name] for name in ("pulse_shape", "phase_width_us", "cycle_on_s"))


def test_a_field_of_redcap_may_hold_the_setting_of_a_stage(session: Sessions) -> None:
    figures: dict[str, Any] = dict(figures_of(session(ONE).content))
    assert figures["channel.1.stage.1.pulse_frequency_hz"] == 5
    assert figures["channel.2.stage.2.pulse_frequency_hz"] == 75
    assert all(column_of(name) is not None for name in figures)


def test_the_data_set_has_a_set_of_parameters_for_each_stage(session: Sessions) -> None:
    files = files_of(session(ONE).content, Format.NIBS_BIDS)
    check(files)
    sets = {row["nibs_event_id"]: row for row in read(files, "_nibs.tsv")}
    assert list(sets) == [
        "ch1", "ch1stage1", "ch1stage2", "ch1stage4", "ch2", "ch2stage2", "ch2stage4",
    ]  # fmt: skip
    shapes = {name: row["stimulus_description"] for name, row in sets.items()}
    assert [sets[one]["pattern1_frequency"] for one in ("ch1", "ch1stage1", "ch1stage2")] == [
        "n/a", 5, 75,
    ]  # fmt: skip
    assert (sets["ch1"]["pattern1_duration"], sets["ch1stage2"]["pattern1_duration"]) == ("n/a", 4)
    assert "in the off time 4 Hz at 60 % of the plateau" in shapes["ch1stage2"]
    assert "frequency changes over time (3 Hz, 5 Hz in turn, 2 s each)" in shapes["ch1stage4"]
    assert all(row["acknowledged_pulses"] == "n/a" for name, row in sets.items() if "stage" in name)
    given = [row for row in read(files, "_events.tsv") if row["trial_type"] == "stimulation"]
    assert [row["nibs_event_id"] for row in given if row["channel"] == 1] == [
        "ch1stage1", *["ch1stage2"] * 4, "ch1stage4",
    ]  # fmt: skip


def test_a_stimulation_lies_in_its_stage_and_is_an_on_time_only_where_there_is_a_cycle(
    session: Sessions,
) -> None:
    content = session(ONE).content
    start_ns = content.time.start_ns or 0
    told = [
        (one.stage, (one.begin_ns - start_ns) / SECOND, (one.end_ns or 0) - one.begin_ns)
        for one in spans_of(content)
        if one.channel == 1 and not one.rests
    ]
    assert [stage for stage, _, _ in told] == [1, 2, 2, 2, 2, 4]
    lengths = [length / SECOND for _, _, length in told]
    assert 12 < lengths[0] < 15.5
    assert all(2 < length < 4.5 for length in lengths[1:5])
    assert 10 < lengths[5] < 16.5
    begins = [at_s for _, at_s, _ in told]
    assert all(15 < at_s < 49 for at_s in begins[1:5])
    assert 54 < begins[5] < 60


@pytest.mark.parametrize(("name", "count"), [(ONE, 3), ("stages, stopped in a rest", 2)])
def test_an_off_time_with_slow_pulses_is_an_event_of_its_own(
    name: str, count: int, session: Sessions
) -> None:
    content = session(name).content
    rests = [one for one in spans_of(content) if one.channel == 1 and one.rests]
    assert len(rests) == count
    assert all(one.stage == 2 for one in rests)
    files = files_of(content, Format.NIBS_BIDS)
    kinds = [row["trial_type"] for row in read(files, "_events.tsv") if row["channel"] == 1]
    assert kinds.count("active_rest") == count


def test_a_run_that_goes_on_in_a_later_stage_is_of_that_stage(tmp_path: Path) -> None:
    bench = raised(running(whole_training(), BY_HAND), 3_000)
    bench.run_for(24 * SECOND)
    bench.command(Stop("a break"))
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=2 * SECOND)
    bench.command(Start(StartFrom.WHAT_IS_LEFT))
    bench.run_for(SECOND)
    raised(bench, 1_000)
    bench.run_for(10 * SECOND)
    bench.command(Stop("enough"))
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    record(bench, tmp_path)
    content = recorded_content(tmp_path, "last")
    begun = [row.data for row in content.rows if row.kind == "stage"]
    assert [(one["number"], one["name"]) for one in begun] == [(2, "work"), (2, "work")]
    start = next(row for row in reversed(content.rows) if row.kind == "start")
    assert begun[1]["plan_time_us"] == start.data["from_us"] > begun[0]["plan_time_us"]
    assert [one.stage for one in spans_of(content) if not one.rests] == [1, 2]
