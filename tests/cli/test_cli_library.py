"""Locked protocols and signed libraries at every face: one rule, one code, one reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ExitCode, NotReadyError
from stimctl.records.protocol_files import read_protocol
from stimctl.safety import Electrode
from stimctl.session.config import EngineConfig
from stimctl.stimulus.level import CURRENT, Level
from stimctl.supervisor.face_process import FaceProcess
from stimctl.supervisor.families import family_named
from stimctl.supervisor.hardware import HardwareCheck
from stimctl.supervisor.options import Options
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import compile_plan
from stimctl.treatment.program import ChannelSetup, Plan

# A file that is no port: not software, so the checklist is asked; behind it there is no device.
_PORT = Path(__file__)
_SIM = ("-d", "sim:p24", "-a", "1=12mA", "--area", "1=25cm2")
HARDWARE = ("-d", f"p24:{_PORT}", "-a", "1=12mA", "--area", "1=25cm2", "--accept-research-use")


@dataclass
class _Line:
    is_hardware: bool = True
    far_end: tuple[str, ...] = ()
    identity: str = ""


def needs_of_run(cli: Any, protocol: str, *more: str) -> list[str]:
    """The codes that `stimctl run` refuses with on hardware."""
    result = cli("run", protocol, *HARDWARE, *more, "--json")
    needs: list[str] = result.data.get("needs", [])
    return needs


def needs_of_supervisor(
    monkeypatch: pytest.MonkeyPatch, state: Path, protocol: str, approvals: str = ""
) -> tuple[str, ...]:
    """The same of the supervisor, which arms for every face, the API included."""
    here = FaceProcess("/dev/pts/9", "", "", False)
    monkeypatch.setattr("stimctl.supervisor.hardware.face_process", lambda _pid: here)
    text = read_protocol(protocol)
    family = family_named("p24")
    setup = ChannelSetup(1, Level(CURRENT, 12_000), Electrode(2_500))
    plan = compile_plan(load_protocol(text.text, text.path.name), family.sheet, [setup])
    assert isinstance(plan, Plan)
    options = Options("x:x", "x", False, state, state, "", EngineConfig())
    gate = HardwareCheck(options, family, _Line(), lambda _: None)  # type: ignore[arg-type]
    gate.identified("160550017")
    gate.handed.take({"approvals": approvals})
    with pytest.raises(NotReadyError) as refused:
        gate.check(0, plan, text, frozenset(), frozenset())
    return refused.value.needs


def test_a_locked_protocol_is_checked_and_rehearsed_and_says_that_it_is_locked(cli: Any) -> None:
    for verb in ("check", "rehearse"):
        result = cli(verb, "tens-dpn", *_SIM, *(("--duration", "10s") if verb != "check" else ()))
        assert result.code == ExitCode.DONE
        assert "locked on hardware: Feet without sensation" in " ".join(result.out.split())
    shown = " ".join(cli("protocols", "show", "tens-dpn").out.split())
    assert "LOCKED on hardware: Feet without sensation" in shown
    assert "--specialist-approval TENS-DPN" in shown
    listed = {each["name"]: each for each in cli("protocols", "list", "--json").data["protocols"]}
    assert listed["tens-dpn"]["locked"]
    assert not listed["tens-al"]["locked"]


def test_on_hardware_it_is_refused_with_its_reason_until_its_own_approval_is_given(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = cli("run", "tens-dpn", *HARDWARE)
    assert refused.code == ExitCode.REFUSED
    words = " ".join(refused.err.split())
    assert "tens-dpn is locked" in words
    assert "do not tell of a burn" in words
    assert "--specialist-approval TENS-DPN" in words
    assert needs_of_run(cli, "tens-dpn") == ["protocol-locked"]
    assert needs_of_run(cli, "tens-dpn", "--specialist-approval", "C01") == ["protocol-locked"]
    assert "--person" in cli("run", "tens-dpn", *HARDWARE, "--specialist-approval", "tens-dpn").err
    assert "protocol-locked" in needs_of_supervisor(monkeypatch, state, "tens-dpn")
    assert "protocol-locked" not in needs_of_supervisor(
        monkeypatch, state, "tens-dpn", approvals="tens-dpn"
    )


@pytest.fixture
def clinic(cli: Any, tmp_path: Path) -> Path:
    """The clinic's own folder, signed; its key is trusted, and the station in locked mode."""
    assert cli("protocols", "fork", "tens-al", "our-tens").code == ExitCode.DONE
    folder = tmp_path / "protocols"
    signed = cli(
        "protocols", "sign", str(folder), "--key", str(tmp_path / "clinic.key"), "--new-key",
        "--name", "our-clinic", "--json",
    )  # fmt: skip
    assert cli("protocols", "trust", signed.data["fingerprint"]).code == ExitCode.DONE
    assert cli("protocols", "lock").code == ExitCode.DONE
    return folder


def test_in_locked_mode_only_the_signed_library_passes_at_every_face(
    cli: Any, state: Path, clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = str(clinic / "our-tens.toml")
    assert cli("protocols", "verify", str(clinic)).code == ExitCode.DONE
    assert needs_of_run(cli, "our-tens") == []
    assert "protocol-library" not in needs_of_supervisor(monkeypatch, state, ours)
    assert needs_of_run(cli, "tens-al") == ["protocol-library", "library-only"]
    assert {"protocol-library", "library-only"} <= set(
        needs_of_supervisor(monkeypatch, state, "tens-al")
    )
    with (clinic / "our-tens.toml").open("a") as file:
        file.write("# changed\n")
    assert needs_of_run(cli, "our-tens") == ["protocol-library", "library-changed"]
    assert "library-changed" in needs_of_supervisor(monkeypatch, state, ours)
    words = " ".join(cli("run", "our-tens", *HARDWARE).err.split())
    assert "our-tens.toml was changed after it was signed" in words
    assert "put the folder back" in words
    assert cli("protocols", "verify", str(clinic)).code == ExitCode.REFUSED
    assert cli("check", "our-tens", *_SIM).code == ExitCode.DONE  # simulation is for everybody


def test_the_station_says_how_it_is_set_and_is_unlocked_again(cli: Any, clinic: Path) -> None:
    told = cli("protocols", "station", "--json").data
    assert told["only_signed"]
    assert len(told["trusted"]) == 1
    assert cli("protocols", "lock", "--with-shipped").code == ExitCode.DONE
    assert needs_of_run(cli, "tens-al") == []
    assert "signed protocols and shipped ones only" in cli("protocols", "station").out
    (fingerprint,) = told["trusted"]
    assert "none" in cli("protocols", "distrust", fingerprint).out
    assert needs_of_run(cli, "our-tens") == ["protocol-library", "library-untrusted"]
    assert cli("protocols", "unlock").out.startswith("locked      no")
    assert needs_of_run(cli, "our-tens") == []


def test_a_fork_is_shown_with_its_parent_and_what_differs(cli: Any, tmp_path: Path) -> None:
    assert cli("protocols", "fork", "nmes-tka", "our-tka").code == ExitCode.DONE
    path = tmp_path / "protocols" / "our-tka.toml"
    path.write_text(path.read_text().replace('frequency = "50 Hz"', 'frequency = "45 Hz"'))
    shown = cli("protocols", "show", "our-tka")
    assert f"made from nmes-tka 1.0, sha256 {read_protocol('nmes-tka').sha256}" in shown.out
    assert "the shipped one, as it was then" in shown.out
    assert "channels[0].waveform.frequency_mhz: 50 Hz there, 45 Hz here" in shown.out
    told = cli("protocols", "show", "our-tka", "--json").data["parent"]
    assert (told["found"], told["same"], len(told["differences"])) == ("shipped", True, 1)
    path.write_text(path.read_text().replace(told["sha256"], "0" * 64))
    assert "HAS CHANGED SINCE" in cli("protocols", "show", "our-tka").out
    again = cli("protocols", "fork", "nmes-tka", "our-tka")
    assert again.code == ExitCode.USAGE
    assert "already" in again.err


def test_a_name_that_is_there_twice_is_told_and_taken_by_no_verb(cli: Any, tmp_path: Path) -> None:
    own = tmp_path / "protocols" / "tens-al.toml"
    own.parent.mkdir()
    own.write_bytes(read_protocol("tens-al").path.read_bytes())
    assert "tens-al is there 2 times" in cli("protocols", "list").err
    assert cli("check", "tens-al", *_SIM).code == ExitCode.USAGE


def test_what_is_no_protocol_here_is_listed_and_shown_with_why(cli: Any) -> None:
    assert "tens-low-back" not in cli("protocols", "list").out
    listed = cli("protocols", "list", "--all", "--json").data["protocols"]
    kinds = {each["name"]: each["kind"] for each in listed}
    assert kinds["tens-low-back"] == "information"
    shown = cli("protocols", "show", "tens-low-back")
    assert "NO PROTOCOL HERE: NICE: do not offer TENS" in shown.out
    assert cli("protocols", "show", "tens-low-back", "--json").data["page"]["grade"] == "X/C"
    refused = cli("run", "tens-low-back", *_SIM)
    assert refused.code == ExitCode.USAGE
    assert "tens-low-back is no protocol here" in refused.err
