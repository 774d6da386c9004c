"""A program has each channel found before the next one rises; the supervisor decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import stimctl
from stimctl.api import Device
from stimctl.errors import StateError, UsageError
from stimctl.session.config import EngineConfig
from stimctl.supervisor.families import family_named
from stimctl.supervisor.serve import _arguments, _config

pytestmark = pytest.mark.hazard("H64")

SITES = {1: "left-quadriceps", 2: "right-quadriceps"}


def loaded(device: Device, sites: dict[int, str]) -> None:
    device.load(
        "tens-conventional",
        amplitudes={1: "3 mA", 2: "3 mA"},
        areas={1: "25 cm2", 2: "25 cm2"},
        sites=sites,
    )


def begun(device: Device, start_from: str = "") -> None:
    device.arm()
    device.start("20 s", start_from=start_from)


def rows_of(folder: Path) -> list[Any]:
    file = next(folder.rglob("*.jsonl"))
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.pty
def test_a_program_raises_the_second_channel_only_once_the_first_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--idle-exit 1")
    with stimctl.connect(
        "sim:p24", journal=tmp_path, operator="AB-1", find_channels=True
    ) as device:
        with pytest.raises(StateError, match="no site for channel 2"):
            loaded(device, {1: SITES[1]})
        loaded(device, SITES)
        begun(device)
        device.raise_to(1, "1 mA")
        with pytest.raises(StateError, match="not found yet"):
            device.raise_to(2, "1 mA")
        with pytest.raises(StateError, match="channel 1, 2 is not found"):
            device.link(1, 2)
        with pytest.raises(UsageError, match="unknown body site"):
            device.found(1, "left-knees")
        device.found(1, SITES[1])
        device.raise_to(2, "1 mA")
        with pytest.raises(StateError, match="channel 2 is felt at left-quadriceps") as caught:
            device.found(2, SITES[1])
        assert "leads-checked" in str(caught.value)
        device.stop()
        with pytest.raises(StateError, match="the leads may be swapped"):
            device.arm()
        loaded(device, SITES)  # the same plan mends nothing
        with pytest.raises(StateError, match="the leads may be swapped"):
            device.arm()
        device.leads_checked()
        begun(device, "beginning")
        device.raise_to(2, "0.5 mA")
        with pytest.raises(StateError, match="not found yet"):
            device.raise_to(1, "0.5 mA")
    rows = rows_of(tmp_path)
    assert [row["data"]["find_channels"] for row in rows if row["kind"] == "setup"] == [True, True]
    told = [row for row in rows if str(row["kind"]).startswith(("channel_", "leads_"))]
    assert [row["kind"] for row in told] == ["channel_found", "channel_mismatch", "leads_checked"]
    assert [row["data"]["who"] for row in told] == ["AB-1"] * 3


def test_the_option_is_off_unless_it_is_asked_for() -> None:
    sheet = family_named("p24").sheet
    assert not EngineConfig().find_channels
    assert not _config(_arguments(["sim:p24"]), True, sheet).find_channels
    assert _config(_arguments(["sim:p24", "--find-channels"]), True, sheet).find_channels


@pytest.mark.pty
def test_what_a_program_tells_is_refused_by_the_session_that_does_not_find_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--idle-exit 1")
    with stimctl.connect("sim:p24", journal=tmp_path) as device:
        loaded(device, SITES)
        begun(device)
        device.raise_to(1, "0.5 mA")
        device.raise_to(2, "0.5 mA")
        with pytest.raises(StateError, match="find-channels") as caught:
            device.found(1, SITES[1])
        assert caught.value.what == "found refused"
