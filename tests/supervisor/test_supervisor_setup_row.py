"""The record of a session says what it was set up with and who raised, whatever the face."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import stimctl
from stimctl.records.people.keys import is_key
from stimctl.records.places import user_protocol_folder
from stimctl.records.protocol_files import read_protocol
from stimctl.records.rows import Row
from stimctl.records.sessions import list_sessions, show_session
from stimctl.supervisor.client import SupervisorClient
from stimctl.version import code_digest

pytestmark = pytest.mark.pty


def recorded(folder: Path) -> Sequence[Row]:
    record = show_session(folder, "last")
    assert record.verification.ok
    return record.timeline


def setup_before_arming(rows: Sequence[Row]) -> Mapping[str, Any]:
    kinds = [row.kind for row in rows]
    (setup,) = (row for row in rows if row.kind == "setup")
    armed = next(i for i, row in enumerate(rows) if row.data.get("state") == "armed")
    assert kinds.index("setup") < armed
    return setup.data


@pytest.mark.hazard("H37", "H40")
def test_a_session_of_a_program_says_everything(tmp_path: Path) -> None:
    with stimctl.connect("sim:p24", person="K-17", journal=tmp_path) as device:
        device.load(
            "tens-conventional",
            amplitudes={1: "3 mA", 2: "2 mA"},
            areas={1: "25 cm2", 2: "32 cm2"},
            sites={1: "left-forearm-flexor"},
            duration="10 min",
        )
        device.arm()
        device.start()
        device.raise_to(1, "0.5 mA")
        device.lower_to(1, "0 mA")
    rows = recorded(tmp_path)
    setup = setup_before_arming(rows)
    file = read_protocol("tens-conventional", [user_protocol_folder()])
    assert setup["protocol"]["sha256"] == file.sha256
    assert setup["protocol"]["name"] == setup["protocol_id"] == "tens-conventional"
    assert (setup["face"], setup["operated_by"]) == ("api", "program")
    assert is_key(setup["person"])
    assert "K-17" not in "".join(str(row.data) for row in rows)
    assert (setup["device"], setup["sim"], setup["duration_us"]) == ("sim:p24", True, 600_000_000)
    assert (setup["stimctl"], setup["code_sha256"]) == (stimctl.__version__, code_digest())
    assert len(setup["limits_digest"]) == len(setup["plan_digest"]) == 64
    assert setup["identity"]["family"] == "p24"
    first, second = setup["channels"]
    assert (first["cleared"], second["cleared"]) == (3_000, 2_000)
    assert first["electrode"]["site"] == "left-forearm-flexor"
    assert second["electrode"]["area_mm2"] == 3_200
    assert {row.data["by"] for row in rows if row.kind in ("raise", "set")} == {"program"}
    (entry,) = list_sessions(tmp_path)
    assert entry.protocol == "tens-conventional"


@pytest.mark.broad
@pytest.mark.parametrize(("face", "by"), [("tui", "hand"), ("plain", "hand"), ("run", "script")])
def test_hand_script_and_program_are_told_apart(tmp_path: Path, face: str, by: str) -> None:
    options = ["--journal", str(tmp_path), "--no-attendance-prompt", "--face-name", face]
    options += ["--scripted-raise"] if by == "script" else []
    client = SupervisorClient("sim:p24", options)
    client.start()
    try:
        file = read_protocol("tens-conventional", [user_protocol_folder()])
        client.ask("load", path=str(file.path.resolve()), sha256=file.sha256)
        client.ask("channel", channel=1, level="3 mA", area="25 cm2")
        client.ask("compile")
        for do, state in (("connect", "checked"), ("arm", "armed"), ("start", "running")):
            client.ask(do)
            for row in client.rows(10):
                if row["kind"] == "state" and row["state"] == state:
                    break
        if by == "hand":
            raised_by_hand(client)
        for row in client.rows(10):
            if row["kind"] == "set":
                break
    finally:
        client.close()
    rows = recorded(tmp_path)
    setup = setup_before_arming(rows)
    assert (setup["face"], setup["operated_by"]) == (face, "hand")
    assert next(row for row in rows if row.kind == "raise").data["by"] == by


def raised_by_hand(client: SupervisorClient) -> None:
    while client.ask("readings")["channels"]["1"]["wait"]:
        pass
    client.ask("raise", channel=1, level="0.5 mA")


def test_the_code_has_a_digest_of_its_own() -> None:
    assert len(code_digest()) == 64
    assert code_digest() != hashlib.sha256().hexdigest()
