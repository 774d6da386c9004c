"""`stimctl rehearse` when something goes wrong: words, JSON, exit codes, and nothing to confirm."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from stimctl.cli import completion
from stimctl.errors import ExitCode

TENS = (
    "rehearse", "tens-conventional", "--device", "sim:p24", "--amplitude", "1=12mA",
    "--area", "1=25cm2", "--duration", "30s",
)  # fmt: skip
TWIN = shlex.join([sys.executable, "-P", "-m", "firmware_sim", "p24", "--lock-step"])


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--scenario", "normal-tens"), ExitCode.DONE, "as planned"),
        (("--scenario", "usb-unplug"), ExitCode.REFUSED, "ended safely"),
        (("--scenario", "stop-fails"), ExitCode.NOT_CONFIRMED_ZERO, "pull the USB cable"),
        (("--scenario", "battery-dead"), ExitCode.NOT_CONFIRMED_ZERO, "OUTPUT NOT CONFIRMED"),
        (("--fault", "mute@9s,for=3s"), ExitCode.REFUSED, "was stopped"),
        (("--fault", "mute@9s"), ExitCode.NOT_CONFIRMED_ZERO, "mute begins"),
        (("--fault", "mute@0s"), ExitCode.REFUSED, "never began"),
        (("--fault", "drop@60s"), ExitCode.DONE, "the session had ended before"),
        (("--lock-step", TWIN), ExitCode.DONE, "lock-step firmware"),
        (
            ("--scenario", "normal-tens", "--seed", "3", "--fault", "nak@9s,for=3s"),
            ExitCode.REFUSED,
            "nak",
        ),
    ],
)
def test_the_exit_code_tells_how_the_session_ended(
    cli: Any, state: Path, options: tuple[str, ...], code: ExitCode, says: str
) -> None:
    result = cli(*TENS, *options)
    assert result.code == code
    assert says in result.out
    assert "Traceback" not in result.err
    assert "\nconfirm    none: " in result.out
    assert not (state / "rehearsals").exists()


def test_as_json_it_says_what_happened_and_why_there_is_no_confirmation(cli: Any) -> None:
    result = cli(*TENS, "--scenario", "usb-unplug", "--json")
    data = result.data
    assert result.code == data["exit_code"] == ExitCode.REFUSED
    assert data["schema"] == "stimctl.rehearsal/1"
    assert data["confirmation"] is None
    assert data["confirmation_withheld"]
    assert data["situation"]["scenario"] == "usb-unplug"
    assert data["ending"]["safe"]
    assert data["ending"]["after_us"] <= data["ending"]["allowed_us"]
    assert data["faults"][0]["event"] == "begins"
    assert data["person"]
    assert data["channels"][0]["pulses"] < data["channels"][0]["planned"]["pulses"]


def test_the_lists_need_no_protocol(cli: Any) -> None:
    for option, name in (("--scenario", "stop-fails"), ("--fault", "dead-man-late")):
        result = cli("rehearse", option, "list")
        assert result.code == 0
        assert any(line.startswith(name) for line in result.out.splitlines())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--scenario", "stop-fail"), "did you mean stop-fails"),
        (("--scenario", "qqq"), "--scenario list shows all"),
        (("--fault", "mutee@3s"), "did you mean mute"),
        (("--fault", "mute"), "NAME@TIME"),
        (("--lock-step", "'"), "is not a command"),
        (("--lock-step", ""), "has no command"),
        (("--lock-step", TWIN, "--scenario", "normal-tens"), "has no scenario"),
        (("--lock-step", TWIN, "--fault", "reset@3s"), "faults of its line"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(
    cli: Any, options: tuple[str, ...], says: str
) -> None:
    result = cli(*TENS, *options)
    assert result.code == ExitCode.USAGE
    assert says in " ".join(result.err.split())


def test_a_seed_alone_is_still_a_rehearsal_to_confirm(cli: Any) -> None:
    assert cli(*TENS, "--seed", "5", "--json").data["confirmation"]


def test_the_help_says_what_the_exit_codes_mean(cli: Any) -> None:
    told = " ".join(cli("rehearse", "--help").out.split())
    assert "6 zero was not confirmed" in told


def test_names_complete() -> None:
    assert completion.scenarios("stop") == ["stop-fails"]
    assert "mute@" in completion.faults("m")


@pytest.mark.parametrize(
    ("option", "what", "name"),
    [("--scenario", "scenarios", "high-Z"), ("--fault", "faults", "mute")],
)
def test_what_can_go_wrong_is_listed_without_a_protocol(
    cli: Any, option: str, what: str, name: str
) -> None:
    told = cli("rehearse", option, "list")
    assert any(line.split()[0] == name for line in told.out.splitlines())
    rows = cli("rehearse", option, "list", "--json").data[what]
    assert name in [row["name"] for row in rows]
    assert all(row["what"] for row in rows)
