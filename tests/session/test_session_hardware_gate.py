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
