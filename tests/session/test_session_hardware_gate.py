"""What the supervisor was started with, and who looks at it, is on the list of what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.errors import NotReadyError
from stimctl.records.protocol_files import read_protocol
from stimctl.session.config import EngineConfig
from stimctl.session.needs import ISOLATED, Need
from stimctl.supervisor.face_process import FaceProcess
from stimctl.supervisor.families import family_named
from stimctl.supervisor.hardware import HardwareCheck
from stimctl.supervisor.options import Options
from stimctl.treatment.program import AnyPlan
from tests.support.commissioned_device import FIRMWARE, commissioned
from tests.support.gate_world import gate_plan
from tests.support.session_world import plan_of

HERE = FaceProcess("/dev/pts/9", "", "", False)


class _Line:
    is_hardware, far_end, identity = True, (), ""


def needs(gate: HardwareCheck, plan: AnyPlan, *acknowledged: str) -> tuple[str, ...]:
    with pytest.raises(NotReadyError) as refused:
        gate.check(0, plan, read_protocol(plan.protocol.id), frozenset(acknowledged), frozenset())
    return refused.value.needs


@pytest.mark.hazard("H62", "H56", "H69", "H72", "H32")
@pytest.mark.parametrize(
    ("family", "face", "config", "need"),
    [
        ("openemsstim", HERE, EngineConfig(), Need.ISOLATION),
        ("p24", HERE, EngineConfig(watchdog_test=False), Need.WATCHDOG),
        ("p24", HERE._replace(remote="over SSH"), EngineConfig(), Need.STOP_FACE),
        ("p24", HERE._replace(is_own_ui=True), EngineConfig(), Need.STOP_KEY),
        (
            "p24",
            HERE._replace(is_own_ui=True),
            EngineConfig(attended_by_prompt=False),
            Need.PROMPTS,
        ),
    ],
)
def test_what_the_supervisor_was_started_with_is_on_the_same_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, family: str, face: FaceProcess,
    config: EngineConfig, need: Need,
) -> None:  # fmt: skip
    monkeypatch.setattr("stimctl.supervisor.hardware.face_process", lambda _pid: face)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    plan = gate_plan() if family == "openemsstim" else plan_of()

    def gate(config: EngineConfig) -> HardwareCheck:
        options = Options("x:x", "x", False, tmp_path, tmp_path, "K-17", config, keys=True)
        made = HardwareCheck(options, family_named(family), _Line(), lambda _: None)  # type: ignore[arg-type]
        made.identified("160550017")
        return made

    assert need in needs(gate(config), plan)
    monkeypatch.setattr("stimctl.supervisor.hardware.face_process", lambda _pid: HERE)
    assert need not in needs(gate(EngineConfig()), plan, ISOLATED)


def bench(tmp_path: Path, serial: str = "160550017", person: str = "") -> HardwareCheck:
    """The check of a bench session; a plan of 5 mA passes it when all is said."""
    config = EngineConfig(attended_by_prompt=False)
    made = HardwareCheck(
        Options("x:x", "x", False, tmp_path, tmp_path, person, config, bench=True),
        family_named("p24"),
        _Pty() if serial.startswith("SIM") else _Line(),  # type: ignore[arg-type]
        lambda _: None,
    )
    made.identified(serial)
    return made


class _Pty(_Line):
    is_hardware = False


@pytest.mark.hazard("H78")
def test_a_bench_session_is_refused_line_by_line_on_a_twin_too(tmp_path: Path) -> None:
    gate, plan = bench(tmp_path, "SIM0000000"), plan_of()
    left = [Need.NOBODY_CONNECTED, Need.LOAD_VALUE, Need.STOP_TRIED]
    assert needs(gate, plan) == tuple(left)
    gate.handed.take({"nobody": "nobody is connected"})
    assert needs(gate, plan) == tuple(left[1:])
    gate.handed.take({"load_ohm": 1_000})
    assert needs(gate, plan) == (Need.STOP_TRIED,)
    gate.stop_tried = True
    text = read_protocol(plan.protocol.id)
    row = gate.check(0, plan, text, frozenset(), frozenset())
    assert row == {"bench": True, "device": "serial SIM0000000", "load_ohm": 1_000,
                   "nobody": "nobody is connected"}  # fmt: skip


@pytest.mark.hazard("H78")
def test_a_bench_session_on_hardware_needs_statement_presence_and_prompts_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("stimctl.supervisor.hardware.face_process", lambda _pid: HERE)
    gate = bench(tmp_path)
    gate.handed.take({"nobody": "nobody is connected", "load_ohm": 1_000})
    gate.stop_tried = True
    assert needs(gate, plan_of()) == (Need.STATEMENT, Need.PRESENCE)


@pytest.mark.hazard("H78")
def test_a_person_is_never_on_the_bench(tmp_path: Path) -> None:
    gate = bench(tmp_path, "SIM0000000", person="K-17")
    gate.handed.take({"nobody": "nobody is connected", "load_ohm": 1_000})
    gate.stop_tried = True
    assert needs(gate, plan_of()) == (Need.NOBODY_CONNECTED,)


@pytest.mark.hazard("H78")
def test_a_device_without_a_commissioning_is_refused_until_it_has_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("stimctl.supervisor.hardware.face_process", lambda _pid: HERE)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def needed(serial: str, firmware: str) -> bool:
        options = Options("x:x", "x", False, tmp_path, tmp_path, "K-17", EngineConfig())
        made = HardwareCheck(options, family_named("p24"), _Line(), lambda _: None)  # type: ignore[arg-type]
        made.identified(serial, firmware)
        return Need.COMMISSIONING in needs(made, plan_of())

    assert needed("160550017", FIRMWARE)
    commissioned(tmp_path, "160550017")
    assert not needed("160550017", FIRMWARE)
    assert needed("160550018", FIRMWARE)
    assert needed("160550017", "1.1.0")
