"""What voids a commissioning, what is excepted, and what a changed record is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import IntegrityError, UsageError
from stimctl.records.approvals import accept_use, uncommissioned_in_use
from stimctl.records.commissioning import (
    FOLDER,
    Evidence,
    check_evidence,
    newest_commissioning,
    read_commissioning,
    why_uncommissioned,
)
from stimctl.session.commissioning import (
    COUNTS_FOR_DAYS,
    Commissioning,
    DeviceNow,
    why_not_commissioned,
)
from tests.support.commissioned_device import FIRMWARE, commissioned

TODAY = date(2026, 11, 30)
NAME = "serial 2103-17"
NOW = DeviceNow((NAME,), "p24", "1.0.0", "d" * 64, TODAY)
GOOD = Commissioning(NAME, "p24", "1.0.0", "d" * 64, TODAY, passed=True)


@pytest.mark.hazard("H78")
def test_a_commissioning_of_this_very_device_counts_until_its_last_day() -> None:
    assert not why_not_commissioned(GOOD, NOW)
    old = replace(GOOD, day=TODAY - timedelta(days=COUNTS_FOR_DAYS))
    assert not why_not_commissioned(old, NOW)


@pytest.mark.hazard("H78")
@pytest.mark.parametrize(
    "changes",
    [
        {"name": "serial 2103-18"}, {"family": "rehamove3"}, {"firmware": "1.1.0"},
        {"driver_sha256": "e" * 64}, {"passed": False}, {"sound": False},
        {"day": TODAY - timedelta(days=COUNTS_FOR_DAYS + 1)}, {"day": TODAY + timedelta(days=1)},
    ],
)  # fmt: skip
def test_each_change_voids_it(changes: dict[str, Any]) -> None:
    assert why_not_commissioned(replace(GOOD, **changes), NOW)


@pytest.mark.hazard("H78")
def test_nothing_on_record_and_a_device_without_a_name_do_not_count() -> None:
    assert why_not_commissioned(None, NOW)
    assert why_not_commissioned(replace(GOOD, name=""), replace(NOW, names=()))


@pytest.mark.hazard("H78")
def test_the_statement_of_use_excepts_only_whom_it_names() -> None:
    assert not why_not_commissioned(None, NOW, (NAME,))
    assert why_not_commissioned(None, NOW, ("serial 2103-18", "family p24"))
    nameless = replace(NOW, names=(), family="rehastim2")
    assert not why_not_commissioned(None, nameless, ("family rehastim2",))


def test_a_device_is_named_in_the_acceptance_and_stays_named(tmp_path: Path) -> None:
    accept_use(tmp_path, "2026-11-30T00:00:00Z", "0", [NAME])
    accept_use(tmp_path, "2026-12-01T00:00:00Z", "0")
    assert uncommissioned_in_use(tmp_path) == (NAME,)
    changed = json.loads((tmp_path / "acceptance.json").read_text())
    changed["statement_sha256"] = "0" * 64
    (tmp_path / "acceptance.json").write_text(json.dumps(changed))
    assert uncommissioned_in_use(tmp_path) == ()


@pytest.mark.hazard("H78")
def test_the_newest_record_of_the_device_decides(tmp_path: Path) -> None:
    def why() -> str:
        today = date.today() + timedelta(days=1)  # noqa: DTZ011 - a day to spare in any zone
        return why_uncommissioned(tmp_path, (NAME,), "p24", FIRMWARE, "", today)

    assert why()
    commissioned(tmp_path, "2103-17", started="2026-11-29T10:00:00.000000000Z")
    commissioned(tmp_path, "2103-18", started="2026-11-30T12:00:00.000000000Z", passed=False)
    found = newest_commissioning(tmp_path, (NAME,))
    assert found is not None
    assert (found.day, found.passed) == (date(2026, 11, 29), True)
    commissioned(tmp_path, "2103-17", started="2026-11-30T11:00:00.000000000Z", passed=False)
    newest = newest_commissioning(tmp_path, (NAME,))
    assert newest is not None
    assert not newest.passed
    commissioned(tmp_path, "2103-17", started="2026-11-30T13:00:00.000000000Z", simulation=True)
    assert newest_commissioning(tmp_path, (NAME,)) == newest


@pytest.mark.hazard("H78")
def test_every_field_of_a_record_that_is_changed_is_found(tmp_path: Path) -> None:
    path = commissioned(tmp_path, "2103-17", passed=False)
    assert read_commissioning(path, tmp_path).sound
    told = json.loads(path.read_text())
    for field in told.keys() - {"schema"}:
        other = {**told, field: True if field == "passed" else "another"}
        path.write_text(json.dumps(other))
        assert not read_commissioning(path, tmp_path).sound, field
    path.write_text(json.dumps({key: told[key] for key in told if key != "signature"}))
    assert not read_commissioning(path, tmp_path).sound


def test_a_record_that_another_station_signed_is_not_sound_here(tmp_path: Path) -> None:
    path = commissioned(tmp_path / "one", "2103-17")
    assert not read_commissioning(path, tmp_path / "other").sound


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    for text in ("", "[]", '{"schema": "stimctl.capture/1"}'):
        path = tmp_path / "no.json"
        path.write_text(text)
        with pytest.raises(UsageError):
            read_commissioning(path, tmp_path)


def test_evidence_that_is_changed_or_gone_is_found(tmp_path: Path) -> None:
    digest = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"  # of one zero byte
    path = commissioned(tmp_path, "2103-17", evidence=(Evidence("capture", "line", digest),))
    signed = read_commissioning(path, tmp_path)
    with pytest.raises(IntegrityError, match="missing"):
        check_evidence(path, signed)
    file = path.with_suffix("") / "line"
    file.parent.mkdir()
    file.write_bytes(b"\0")
    check_evidence(path, signed)
    file.write_bytes(b"\1")
    with pytest.raises(IntegrityError, match="changed"):
        check_evidence(path, signed)
    assert (tmp_path / FOLDER).is_dir()
