"""`stimctl commission`: what it refuses before a port is opened, and the check of its records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stimctl.errors import ExitCode
from stimctl.records.approvals import uncommissioned_in_use
from stimctl.session.commissioning import NOBODY
from tests.cli.conftest import Cli
from tests.support.commissioned_device import commissioned


@pytest.mark.hazard("H78")
@pytest.mark.parametrize(
    ("device", "options", "need"),
    [
        ("p24:/dev/null", ["--load", "1000", "--nobody", NOBODY], "statement"),
        ("sim:p24", ["--nobody", NOBODY], "load-value"),
        ("sim:p24", ["--nobody", NOBODY, "--load", "50"], "load-value"),
        ("sim:p24", ["--load", "1000"], "nobody-connected"),
        ("sim:p24", ["--load", "1000", "--nobody", "nobody"], "nobody-connected"),
    ],
)
def test_an_answer_that_is_missing_is_a_refusal_by_its_code(
    cli: Cli, tmp_path: Path, device: str, options: list[str], need: str
) -> None:
    result = cli("commission", device, *options, "--readings", str(tmp_path), "--json")
    assert result.code == ExitCode.REFUSED
    assert need in json.loads(result.out)["needs"]
    assert not list(tmp_path.glob("*.request"))


def test_without_a_device_it_says_how(cli: Cli) -> None:
    result = cli("commission")
    assert result.code == ExitCode.USAGE
    assert "stimctl commission p24:/dev/ttyACM0" in result.err


@pytest.mark.hazard("H78")
def test_a_device_is_excepted_by_its_name_in_the_statement_of_use(cli: Cli, state: Path) -> None:
    result = cli("commission", "--accept-without", "serial 2103-17")
    assert result.code == 0
    assert "research and simulation software" in result.err
    assert uncommissioned_in_use(state) == ("serial 2103-17",)


def test_a_record_is_verified_and_a_changed_one_found(cli: Cli, state: Path) -> None:
    path = commissioned(state, "2103-17")
    assert cli("commission", "--verify", str(path)).code == 0
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "load_ohm": 2_000}))
    result = cli("commission", "--verify", str(path), "--json")
    assert result.code == ExitCode.INTEGRITY
    assert result.data["passed"] is False
    assert "changed" in result.data["why"]


def test_a_port_that_is_not_there_is_told_and_leaves_no_record(cli: Cli, state: Path) -> None:
    more = ["--load", "1000", "--nobody", NOBODY, "--readings", str(state)]
    result = cli("commission", f"p24:{state}/ttyACM0", *more)
    assert result.code == ExitCode.NO_DEVICE
    assert not (state / "commissioning").exists()
