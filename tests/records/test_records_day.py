"""What the records of a day say a person was given, however its sessions ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stimctl.records.day import given_today
from stimctl.records.journal import Header, JournalWriter
from stimctl.safety.day_budget import DAY_US, Given

NOW = datetime.now(UTC)


def setup(site: str | None, *, motor: bool = True, channel: int = 1) -> dict[str, Any]:
    electrode = {"area_mm2": 2_500, "site": site}
    return {
        "channels": [{"channel": channel, "electrode": electrode, "stimulus": {"motor": motor}}]
    }


def told(on_ms: int, charge_nc: int = 0, channel: int = 1) -> dict[str, Any]:
    return {"acknowledged": {str(channel): {"on_ms": on_ms, "charge_nc": charge_nc}}}


def session(
    folder: Path,
    *rows: tuple[str, Mapping[str, Any]],
    person: str = "K-17",
    sim: bool = False,
    end: bool = True,
) -> str:
    header = Header(device="p24:/dev/x", sim=sim, stimctl="0", python="3", person=person)
    writer = JournalWriter.open_session(folder, header)
    for kind, data in rows:
        writer.append(kind, data, durable=True)
    if end:
        writer.end({"outcome": "zero verified"})
    else:
        writer.abandon()
    return writer.session


def given(folder: Path, person: str = "K-17", now: datetime = NOW, but: str = "") -> list[Given]:
    return list(given_today(folder, person, now, but))


@pytest.mark.hazard("H67")
@pytest.mark.parametrize("end", [True, False])
def test_every_session_of_the_day_counts_also_one_that_was_killed(
    tmp_path: Path, end: bool
) -> None:
    rows: tuple[Any, ...] = (
        ("setup", setup("left-quadriceps")),
        ("start", {}),
        ("telemetry", told(60_000, 7)),
    )
    session(tmp_path, *rows, end=end)
    session(tmp_path, *rows, ("start", {}), ("telemetry", told(1_000, 1)))
    found = given(tmp_path)
    assert sorted(one.on_us for one in found) == [60_000_000, 61_000_000]
    assert sorted(one.charge_nc for one in found) == [7, 8]
    assert {one.region for one in found} == {"left-thigh"}
    assert all(one.moves_muscle for one in found)


def test_each_set_up_counts_for_its_own_sites(tmp_path: Path) -> None:
    session(
        tmp_path,
        ("setup", setup("left-quadriceps/left-gluteal")),
        ("telemetry", told(10)),
        ("setup", setup("right-calf", motor=False)),
        ("start", {}),
        ("telemetry", told(20)),
    )
    assert {(one.region, one.on_us, one.moves_muscle) for one in given(tmp_path)} == {
        ("left-thigh", 10_000, True),
        ("left-hip", 10_000, True),
        ("right-lower-leg", 20_000, False),
    }


def test_simulations_others_and_the_session_itself_do_not_count(tmp_path: Path) -> None:
    rows: tuple[Any, ...] = (("setup", setup("left-quadriceps")), ("telemetry", told(60_000)))
    session(tmp_path, *rows, sim=True)
    session(tmp_path, *rows, person="K-18")
    ours = session(tmp_path, *rows)
    assert given(tmp_path, but=ours) == []
    assert len(given(tmp_path)) == 1
    assert given(tmp_path, person="") == []


def test_a_day_later_it_is_over_and_a_clock_that_was_set_back_does_not_hide_it(
    tmp_path: Path,
) -> None:
    session(tmp_path, ("setup", setup("left-quadriceps")), ("telemetry", told(60_000)))
    assert given(tmp_path, now=NOW + timedelta(hours=23))[0].ended_us_ago < DAY_US
    assert given(tmp_path, now=NOW + timedelta(hours=25)) == []
    (back,) = given(tmp_path, now=NOW - timedelta(days=400))
    assert back.ended_us_ago == 0


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"channels": 1},
        {"channels": [3]},
        {"channels": [{"channel": "1"}]},
        {"channels": [{"channel": 1, "electrode": None}]},
        {"channels": [{"channel": 1, "electrode": {"site": "no-such-site"}}]},
        {"channels": [{"channel": 1, "electrode": {"site": None}, "stimulus": 4}]},
    ],
)
def test_a_row_of_another_version_breaks_nothing(tmp_path: Path, data: dict[str, Any]) -> None:
    session(tmp_path, ("setup", data), ("telemetry", told(60_000)))
    assert given(tmp_path) == []
