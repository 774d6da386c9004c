"""A device that is restarted by its line, in lock-step: the contract, its client, a rehearsal."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.lockstep import LockStep
from firmware_sim.lockstep_client import LockStepError, LockStepTwin, twin_command
from stimctl.cli.app import app

COMMAND = (sys.executable, "-P", "-m", "firmware_sim", "openemsstim", "--lock-step")
SECOND = 1_000_000_000


def obeyed(lockstep: LockStep, *lines: str) -> list[dict[str, object]]:
    return [answer for line in lines for answer in lockstep.obey(line.encode() + b"\n")]


def test_a_reset_restarts_the_board_and_what_it_said_is_gone() -> None:
    lockstep = LockStep(OpenEmsStimTwin(boot_us=0), "openemsstim")
    obeyed(lockstep, "run 1000000", "tx 780a", "run 20000")
    told = obeyed(lockstep, "reset", "run 1000000")
    assert any(row.get("record", {}).get("event") == "reset" for row in told)  # type: ignore[attr-defined]
    said = bytes.fromhex("".join(str(row["rx"]) for row in told if "rx" in row))
    assert b"SETUP:" in said
    assert b"command NON HEX" not in said


@pytest.mark.parametrize("line", ["reset now", "reset"])
def test_a_reset_is_refused_in_words_where_no_line_restarts_the_device(line: str) -> None:
    device = OpenEmsStimTwin() if " " in line else RehaStim2Twin()
    (answer,) = obeyed(LockStep(device, "any"), line)
    assert "error" in answer


def test_the_client_restarts_a_firmware_in_another_process() -> None:
    with LockStepTwin("--boot", "0", "--bootloader", "optiboot", command=COMMAND) as twin:
        twin.advance(2 * SECOND)
        assert b"SETUP DONE" in twin.transmit()
        twin.reset(2 * SECOND)
        twin.advance(3 * SECOND)
        assert twin.transmit() == b""  # its bootloader
        twin.advance(4 * SECOND)
        assert b"SETUP" in twin.transmit()
    with (
        LockStepTwin(command=twin_command("p24")) as p24,
        pytest.raises(LockStepError, match="refused"),
    ):
        p24.reset(SECOND)


@pytest.mark.broad
def test_a_gate_is_rehearsed_on_a_firmware_in_lock_step() -> None:
    given = ["rehearse", "gate-tens", "-d", "sim:openemsstim", "-i", "1=5%", "--area", "1=50cm2",
             "--acknowledge", "L-ATT", "--duration", "20s", "--json"]  # fmt: skip
    firmware = " ".join(COMMAND) + " --bootloader old"
    result = CliRunner().invoke(app, [*given, "--lock-step", firmware])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["ok"]
    assert told["confirmation"] == ""  # this was not the twin
    assert told["reached_percent"] == {"1": 5}
    run = ["run", "--manual", *given[1:-1], "--lock-step", firmware]
    assert CliRunner().invoke(app, run).exit_code != 0
