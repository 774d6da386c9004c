"""`stimctl protocols import`: a published profile is checked and rehearsed as any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stimctl.__main__ import main
from stimctl.records.profile_import import FORMAT


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("STIMCTL_PROTOCOLS", str(tmp_path / "own"))
    path = tmp_path / "elbow.json"
    segments = [
        {"start": 0, "duration": 1, "frequency": 30, "pulse_width": 300, "amplitude": 20},
        {"start": 1, "duration": 1, "frequency": 40, "pulse_width": 250, "amplitude": 15},
    ]
    channels = [{"name": "BIClong", "segments": segments}]
    path.write_text(json.dumps({"format": FORMAT, "version": 1, "channels": channels}), "utf-8")
    return path


def imported(profile: Path, *more: str) -> int:
    words = ["protocols", "import", str(profile), "--as", "elbow", "--rest", "4 s", *more]
    return main(words)


def test_an_imported_profile_is_checked_and_rehearsed_as_planned(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(profile, "--muscle", "BIClong=left-biceps", "--repeats", "4") == 0
    assert capsys.readouterr().out.strip().endswith("elbow.toml")
    plan = ["elbow", "--device", "sim:p24", "--amplitude", "1=4mA", "--area", "1=25cm2"]
    assert main(["check", *plan]) == 0
    assert "75 to 100 % of the amplitude" in capsys.readouterr().out
    assert main(["rehearse", *plan]) == 0
    assert "ok: delivered as planned" in capsys.readouterr().out
    # 20 mA is the most that its file lets a person be raised to.
    above = ["elbow", "--device", "sim:p24", "--amplitude", "1=21mA", "--area", "1=25cm2"]
    assert main(["check", *above]) != 0


def test_an_import_overwrites_nothing_and_says_what_is_wrong(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(profile, "--muscle", "BIClong") == 2
    assert "is not NAME=SITE" in capsys.readouterr().err
    assert imported(profile, "--muscle", "TRIlong=left-biceps") == 2
    assert "no site for BIClong" in capsys.readouterr().err
    assert imported(profile, "--muscle", "BIClong=left-biceps") == 2
    assert "repeat it 2 times or more" in capsys.readouterr().err
    whole = ("--muscle", "BIClong=left-biceps", "--repeats", "2")
    assert imported(profile, *whole) == 0
    assert imported(profile, *whole) == 2
    assert "there is a protocol called elbow already" in capsys.readouterr().err
