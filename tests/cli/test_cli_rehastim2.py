"""`stimctl run` on the RehaStim2 twin, over a real pty: the dose of the plan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_sim.ledger import Ledger

pytestmark = pytest.mark.pty

OPTIONS = [
    "--amplitude", "1=20mA", "--area", "1=96cm2", "--site", "1=left-quadriceps",
    "--duration", "1min",
]  # fmt: skip


def test_nmes_tka_is_delivered_within_one_per_cent_and_the_connection_is_kept(
    tmp_path: Path,
) -> None:
    record = tmp_path / "rehastim2-record.jsonl"
    environment = {
        **os.environ,
        "STIMCTL_STATE_HOME": str(tmp_path / "state"),
        "STIMCTL_TWIN_RECORD": str(record),
    }
    command = [sys.executable, "-m", "stimctl", "run", "protocols/nmes-tka.toml"]
    done = subprocess.run(
        [*command, "-d", "sim:rehastim2", *OPTIONS, "--json"],
        capture_output=True, text=True, env=environment, check=False, timeout=110,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout.splitlines()[-1])["plan"]
    planned = plan["channels"][0]["session"]
    channel = Ledger.from_file(record)[1]
    assert channel.pulses == pytest.approx(planned["pulses"], rel=0.01)
    assert channel.charge_uc == pytest.approx(planned["charge_uc"], rel=0.01)
    assert channel.rms_worst_second_ma == pytest.approx(planned["rms_plateau_ma"], rel=0.01)
    assert channel.net_charge_uc == 0
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    lost = [row["at_us"] for row in rows if row.get("event") == "connection lost"]
    output = [row["at_us"] for row in rows if row["kind"] == "output"]
    assert not [at for at in lost if at < max(output)]
    assert any("2 mA steps" in note for note in plan["notes"])
