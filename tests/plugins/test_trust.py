"""Before a driver of another package may have a port: checked as it is, trusted, and on record."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stimctl.devices import family as table
from stimctl.devices.packages import package_of, sound_sheet
from stimctl.devices.registry import family
from stimctl.errors import StateError, StimctlError, UsageError
from stimctl.records.trusted import (
    check_may_drive,
    is_checked,
    is_trusted,
    remember_check,
    remember_trust,
)
from stimctl.safety import Electrode, Refusal, clear, envelope_for
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.stimulus import Pulse, PulseShape, Stimulus
from stimctl.supervisor import drivers
from stimctl.supervisor.device_names import installed_families, parse_device
from stimctl.supervisor.families import family_to_drive
from stimctl.treatment.program import plain
from tests.support.toy_package import install

PLACES = pytest.mark.parametrize("place", ["/dev/ttyUSB0", "/dev/pts/3", "socket://127.0.0.1:4"])


def _checked(state: Path, *, stopped: bool = True) -> None:
    remember_check(state, "toy", package_of("toy"), "2026-11-30T00:00:00Z", stopped=stopped)


def _code(state: Path, place: str = "/dev/ttyUSB0") -> str:
    with pytest.raises(StateError) as caught:
        family_to_drive(parse_device(f"toy:{place}"), state)
    assert "Its twin is sim:toy" in str(caught.value)
    return str(caught.value.code)


@pytest.mark.hazard("H53")
@PLACES
def test_an_unchecked_driver_drives_its_twin_and_no_port(
    site: Path, tmp_path: Path, place: str
) -> None:
    remember_trust(tmp_path, package_of("toy").release, "now")
    assert _code(tmp_path, place) == "driver-unchecked"
    assert family_to_drive(parse_device("sim:toy"), tmp_path).row.name == "toy"


@pytest.mark.hazard("H53")
@PLACES
def test_a_checked_driver_that_nobody_trusts_has_no_port(
    site: Path, tmp_path: Path, place: str
) -> None:
    _checked(tmp_path)
    assert _code(tmp_path, place) == "driver-untrusted"
    remember_trust(tmp_path, package_of("toy").release, "now")
    assert family_to_drive(parse_device(f"toy:{place}"), tmp_path).row.name == "toy"


@pytest.mark.parametrize("file", ["driver.py", "sheet.py", "stop.py", "wire.py", "__init__.py"])
@pytest.mark.hazard("H53")
def test_a_changed_file_is_not_what_was_checked(
    site: Path, tmp_path: Path, reinstall: Callable[..., None], file: str
) -> None:
    _checked(tmp_path)
    remember_trust(tmp_path, package_of("toy").release, "now")
    reinstall(file, '"""', '"""Changed. ')
    assert _code(tmp_path) == "driver-unchecked"


def test_another_version_is_neither_checked_nor_trusted(
    site: Path, tmp_path: Path, reinstall: Callable[..., None]
) -> None:
    _checked(tmp_path)
    remember_trust(tmp_path, package_of("toy").release, "now")
    reinstall(version="1.0.1")
    assert _code(tmp_path) == "driver-unchecked"
    _checked(tmp_path)
    assert _code(tmp_path) == "driver-untrusted"


@pytest.mark.hazard("H53")
def test_a_check_without_its_stop_and_one_of_another_stimctl_do_not_count(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _checked(tmp_path, stopped=False)
    assert "stop sequence" in is_checked(tmp_path, "toy", package_of("toy"))
    _checked(tmp_path)
    assert is_checked(tmp_path, "toy", package_of("toy")) == ""
    monkeypatch.setattr("stimctl.records.trusted.code_digest", lambda: "another")
    assert "another stimctl" in is_checked(tmp_path, "toy", package_of("toy"))


@pytest.mark.parametrize("text", ["", "[]", '{"checked": 3, "trusted": []}', "{"])
def test_a_damaged_file_of_checks_allows_nothing(site: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "drivers.json").write_text(text, encoding="utf-8")
    assert _code(tmp_path) == "driver-unchecked"
    assert not is_trusted(tmp_path, package_of("toy"))


@pytest.mark.hazard("H53")
def test_an_update_voids_the_rehearsal(site: Path, reinstall: Callable[..., None]) -> None:
    """The sheet says whose the driver is, and the digest of a plan covers the sheet."""
    before = plain(family("toy").sheet)
    assert package_of("toy").sha256 in before["package"]
    reinstall("driver.py", '"""', '"""Changed. ')
    changed = plain(family("toy").sheet)
    reinstall(version="1.0.1")
    assert len({json.dumps(one) for one in (before, changed, plain(family("toy").sheet))}) == 3


def test_two_packages_of_one_family_are_refused(site: Path, tmp_path: Path) -> None:
    install(site)
    other = site / "other_toy-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other-toy\nVersion: 2.0\n")
    (other / "entry_points.txt").write_text("[stimctl.device]\ntoy = toy_stimulator:FAMILY\n")
    with pytest.raises(UsageError, match=r"exactly one .* not: other-toy, toy-stimulator"):
        package_of("toy")
    assert drivers.listed(tmp_path)[-1].trouble


def test_a_package_cannot_take_the_name_of_a_built_in_family(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = next(site.glob("toy*.dist-info")) / "entry_points.txt"
    points.write_text(points.read_text().replace("toy =", "p24 ="), encoding="utf-8")
    assert table.family_row("p24") in table.BUILT_IN
    assert family("p24").package is None
    assert installed_families() == ()


@pytest.mark.parametrize("field", ["sheet", "driver", "stop"])
def test_what_lies_outside_the_package_is_refused(
    site: Path, reinstall: Callable[..., None], field: str
) -> None:
    reinstall("__init__.py", f'{field}="toy_stimulator.', f'{field}="os.')
    with pytest.raises(UsageError, match="neither in its package nor in stimctl"):
        family("toy")


@pytest.mark.parametrize("file", ["__init__.py", "sheet.py", "driver.py"])
def test_a_package_that_raises_when_it_is_loaded_is_told_by_name(
    site: Path, reinstall: Callable[..., None], file: str
) -> None:
    reinstall(file, "from ", "raise RuntimeError('no')\nfrom ")
    if file != "__init__.py":
        path = site / "toy_stimulator" / file
        text = path.read_text().replace("from __future__ import annotations\n", "")
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be used"):
        family("toy")


# -- the sheet can only narrow


class Wide(DeviceBounds):
    """Bounds whose answers are its own."""


@pytest.mark.parametrize(
    "change",
    [
        {"amplitude_max_ua": 130_500},
        {"amplitude_max_ua": 10**9},
        {"family": "p24"},
        {"subclass": True},
        {"watchdog_us": 0},
        {"watchdog_us": True},
        {"keep_alive_us": 900_000},
    ],
)
@pytest.mark.hazard("H11")
def test_a_sheet_that_widens_or_lacks_a_bound_is_refused(site: Path, change: dict) -> None:
    found = family("toy")
    sheet, bounds = found.sheet, found.sheet.bounds
    if "amplitude_max_ua" in change:
        sheet = replace(sheet, current=replace(bounds, **change))
    elif "subclass" in change:
        fields = {name: getattr(bounds, name) for name in DeviceBounds.__slots__}
        sheet = replace(sheet, current=Wide(**fields))
    else:
        sheet = replace(sheet, **change)
    with pytest.raises(UsageError, match="cannot be used"):
        sound_sheet(found.row, sheet, package_of("toy"))


@pytest.mark.hazard("H11")
def test_an_uncalibrated_bound_gets_no_clearance(site: Path) -> None:
    found = family("toy")
    bounds = replace(found.sheet.bounds, calibrated=False)
    sheet = sound_sheet(found.row, replace(found.sheet, current=bounds), package_of("toy"))
    pulse = Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=1_000, phase_width_us=200)
    answer = clear(
        Stimulus(pulse=pulse, frequency_mhz=20_000), envelope_for(sheet.bounds, Electrode(2_500))
    )
    assert isinstance(answer, Refusal)
    assert answer.limit_id == "L-CAL"


# -- the verbs


def stimctl(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stimctl", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.broad
def test_list_check_and_trust_lead_to_hardware(site: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    done = stimctl("devices", "check", "toy", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, True), done.stdout + done.stderr
    assert {"contract: source", "contract: loading", "contract: calls"} <= {
        one["name"] for one in told["checks"]
    }
    release = package_of("toy").release
    refused = stimctl("devices", "trust", release)
    assert refused.returncode == 1
    assert "not sandboxed" in refused.stderr
    agreed = stimctl("devices", "trust", release, "--not-sandboxed", "--json")
    assert (agreed.returncode, json.loads(agreed.stdout)["release"]) == (0, release)
    assert "not sandboxed" in agreed.stderr
    check_may_drive(state, "toy", package_of("toy"))
    (row,) = [one for one in drivers.listed(state) if one.family == "toy"]
    assert (row.checked, row.trusted, row.trouble) == (True, True, "")


def test_a_check_that_fails_takes_the_old_one_away(
    site: Path, tmp_path: Path, reinstall: Callable[..., None]
) -> None:
    state = tmp_path / "state"
    _checked(state)
    reinstall("driver.py", "from enum import Enum", "import time\nfrom enum import Enum")
    checks = drivers.check(state, "toy")
    failed = {one["name"]: one["detail"] for one in checks if not one["ok"]}
    assert failed == {"contract: source": "toy_stimulator/driver.py:10: imports time"}
    assert is_checked(state, "toy", package_of("toy")) == "it was not checked"


@pytest.mark.parametrize("name", ["p24", "openemsstim", "nobody"])
def test_only_a_family_of_another_package_is_checked(site: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(StimctlError):
        drivers.check(tmp_path, name)


@pytest.mark.parametrize("release", ["toy", "toy-stimulator", "toy-stimulator==9", "==", ""])
def test_only_an_installed_release_is_trusted(site: Path, tmp_path: Path, release: str) -> None:
    with pytest.raises(UsageError, match="no release of an installed driver"):
        drivers.trust(tmp_path, release, said=True)
