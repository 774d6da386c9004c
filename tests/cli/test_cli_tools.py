"""Sessions, wire frames, ports, twins, doctor: what they print, and how they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stimctl.cli import doctor_checks, identity
from stimctl.errors import ExitCode, NoDeviceError
from stimctl.records.journal import Header, JournalWriter
from stimctl.supervisor import port_facts, ports
from stimctl.supervisor.ports import SerialPortInfo

# -- sessions ---------------------------------------------------------------------------------


def record(state: Path, *, end: bool = True) -> JournalWriter:
    header = Header(device="sim:p24", sim=True, stimctl="0", python="3", person="K-17")
    writer = JournalWriter.open_session(state / "journal", header)
    writer.append("raise", {"channel": 1, "plateau_ua": 500, "event": 4}, durable=True)
    writer.append("telemetry", {"set": {}})
    if end:
        writer.end({"outcome": "zero verified"})
    else:
        writer.abandon()
    return writer


def test_nothing_recorded_yet_is_said_and_is_no_error(cli: Any) -> None:
    for verb in ("list", "verify"):
        result = cli("sessions", verb)
        assert (result.code, result.out) == (0, "")
        assert "no session yet" in result.err
    assert cli("sessions", "show").code == ExitCode.USAGE


def test_sessions_are_listed_shown_and_verified(cli: Any, state: Path) -> None:
    writer = record(state)
    assert writer.session in cli("sessions", "list").out
    (entry,) = cli("sessions", "list", "--json").data["sessions"]
    assert (entry["person"], entry["state"]) == ("K-17", "complete")
    shown = cli("sessions", "show").out
    assert "SIMULATION" in shown
    assert "plateau_ua=500" in shown
    assert "event=4" not in shown
    assert "1 telemetry" in shown
    assert "warnings  0 alarms, 0 prompts, 0 refusals" in shown
    assert cli("sessions", "show", "last", "--json").data["counts"]["raise"] == 1
    assert cli("sessions", "verify").out.startswith("ok ")
    assert cli("sessions", "verify", "last", "--json").data["ok"] is True


def test_a_changed_journal_is_exit_code_7(cli: Any, state: Path) -> None:
    writer = record(state)
    cli("sessions", "list")
    data = writer.path.read_bytes()
    writer.path.write_bytes(data.replace(b'"plateau_ua":500', b'"plateau_ua":400'))
    result = cli("sessions", "verify")
    assert result.code == ExitCode.INTEGRITY
    assert "DAMAGED" in result.out
    assert "chain" in result.out
    assert "damaged" in cli("sessions", "show").out
    writer.path.unlink()
    assert cli("sessions", "verify", "last").code == ExitCode.INTEGRITY
    assert cli("sessions", "show").code == ExitCode.INTEGRITY


def test_a_session_that_died_is_unfinished_and_exit_code_7(cli: Any, state: Path) -> None:
    record(state, end=False)
    result = cli("sessions", "verify")
    assert result.code == ExitCode.INTEGRITY
    assert result.out.startswith("unfinished ")


def test_a_damaged_catalogue_is_made_again_on_request(cli: Any, state: Path) -> None:
    writer = record(state)
    cli("sessions", "list")
    (state / "journal" / "catalogue.sqlite3").write_bytes(b"no database" * 200)
    result = cli("sessions", "list")
    assert result.code == ExitCode.INTEGRITY
    assert "stimctl sessions list --rebuild" in result.err
    result = cli("sessions", "list", "--rebuild")
    assert (result.code, writer.session in result.out) == (0, True)
    assert "The old one is kept" in result.err
    assert cli("sessions", "list", "--rebuild", "--json").code == 0


def test_rebuilding_nothing_is_harmless(cli: Any) -> None:
    assert "There was none" in cli("sessions", "list", "--rebuild").err


# -- ports, twins, stop -----------------------------------------------------------------------

PORT = SerialPortInfo(
    address="/dev/ttyUSB7",
    description="Maker Adapter",
    vendor="0403",
    product="6001",
    serial_number="A1",
    driver="ftdi_sio",
    stable_path="",
    may_open=False,
    group="dialout",
    holder="",
)


def test_ports_are_listed_with_what_keeps_one_from_using_them(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "list_ports", lambda: (PORT,))
    result = cli("ports")
    assert "0403:6001" in result.out
    assert "no permission (group dialout)" in result.out
    assert cli("ports", "--json").data["ports"][0]["serial_number"] == "A1"
    monkeypatch.setattr(ports, "list_ports", lambda: ())
    assert "sim:p24" in cli("ports").err


def test_ports_come_from_the_systems_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usb = tmp_path / "devices" / "usb1"
    (usb / "tty").mkdir(parents=True)
    for name, text in (("idVendor", "0483"), ("idProduct", "5740"), ("product", "P24")):
        (usb / name).write_text(f"{text}\n")
    (tmp_path / "drivers" / "cdc_acm").mkdir(parents=True)
    (usb / "tty" / "driver").symlink_to(tmp_path / "drivers" / "cdc_acm")
    tty_class = tmp_path / "tty"
    for name in ("ttyACM0", "ttyS0", "console"):
        (tty_class / name).mkdir(parents=True)
    (tty_class / "ttyACM0" / "device").symlink_to(usb / "tty")
    built_in = tmp_path / "devices" / "uart"
    built_in.mkdir()
    (tmp_path / "drivers" / "serial8250").mkdir()
    (built_in / "driver").symlink_to(tmp_path / "drivers" / "serial8250")
    (tty_class / "ttyS0" / "device").symlink_to(built_in)
    monkeypatch.setattr(ports, "_TTY_CLASS", tty_class)
    monkeypatch.setattr(sys, "platform", "linux")
    (found,) = ports.list_ports()
    assert (found.address, found.vendor, found.product) == ("/dev/ttyACM0", "0483", "5740")
    assert (found.description, found.driver) == ("P24", "cdc_acm")
    assert found.as_dict()["vendor"] == "0483"


def test_a_port_that_the_system_lists_without_a_file_for_it_is_said_with_the_cure(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = replace(PORT, address="/dev/ttyACM9", has_node=False)
    monkeypatch.setattr(ports, "list_ports", lambda: (listed,))
    assert "no file in /dev" in cli("ports").out
    monkeypatch.setattr(port_facts, "in_container", lambda: True)
    (check,) = checks_named("port")
    assert (check.verdict, check.fix) == (
        "fail",
        "start the container with --device /dev/ttyACM9",
    )
    monkeypatch.setattr(port_facts, "in_container", lambda: False)
    (check,) = checks_named("port")
    assert "udevadm trigger" in check.fix


def plugged_in(folder: Path, name: str, **texts: str) -> Path:
    usb = folder / name
    usb.mkdir(parents=True)
    for file, text in texts.items():
        (usb / file).write_text(f"{text}\n")
    return usb


def test_an_adapter_without_a_port_is_said_and_so_is_who_may_have_taken_it(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugged_in(tmp_path, "1-1", idVendor="1a86", idProduct="7523", product="USB Serial")
    (plugged_in(tmp_path, "1-2", idVendor="0403", idProduct="6001") / "1-2:1.0" / "ttyUSB0").mkdir(
        parents=True
    )
    plugged_in(tmp_path, "1-3", idVendor="046d", idProduct="c31c", product="Keyboard")
    plugged_in(tmp_path, "1-4", idVendor="0483", idProduct="3748", product="a programmer")
    found = ports.usb_without_port(tmp_path)
    assert [(one.vendor, one.product) for one in found] == [("1a86", "7523")]
    assert ports.usb_without_port(tmp_path / "none") == ()
    monkeypatch.setattr(ports, "list_ports", lambda: ())
    monkeypatch.setattr(ports, "usb_without_port", lambda: found)
    assert "1a86:7523 USB Serial is plugged in and has no serial port" in cli("ports").err
    monkeypatch.setattr(doctor_checks, "is_running", lambda program: program == "brltty")
    (brltty,) = checks_named("brltty")
    assert brltty.verdict == "fail"
    assert "remove brltty" in brltty.fix
    monkeypatch.setattr(doctor_checks, "in_container", lambda: True)
    (usb,) = checks_named("usb")
    assert "--device" in usb.fix


def test_elsewhere_ports_are_those_with_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cu.usbmodem1").touch()
    monkeypatch.setattr(ports, "_DEV", tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    (found,) = ports.list_ports()
    assert found.address == str(tmp_path / "cu.usbmodem1")
    assert (found.vendor, found.may_open) == ("", True)


def test_stop_behind_an_option_is_the_same_stop(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def stop_main(arguments: list[str]) -> int:
        asked.append(arguments)
        return int(ExitCode.NOT_CONFIRMED_ZERO)

    monkeypatch.setattr("stimctl.supervisor.stop.stop_main", stop_main)
    assert cli("stop", "sim:p24", "--json").code == ExitCode.NOT_CONFIRMED_ZERO
    assert cli("--no-color", "stop", "sim:p24").code == ExitCode.NOT_CONFIRMED_ZERO
    assert asked == [["sim:p24", "--json"], ["sim:p24"]]


def test_the_twin_is_a_program_of_its_own_that_takes_its_own_options() -> None:
    command = [sys.executable, "-m", "stimctl", "sim", "p24"]
    told = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 0
    assert "--link" in told.stdout
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True) as twin:
        assert twin.stdout is not None
        try:
            told = json.loads(twin.stdout.readline())
            assert told == {"event": "ready", "url": told["url"]}
            assert Path(told["url"]).exists()
        finally:
            twin.terminate()
    with subprocess.Popen([*command, "--seed", "3"], stdout=subprocess.PIPE, text=True) as twin:
        assert twin.stdout is not None
        try:
            assert twin.stdout.readline().startswith("ready ")
        finally:
            twin.terminate()


def test_running_twins_are_listed(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = {"p24": ["/tmp/x.pty"]}
    monkeypatch.setattr(
        "stimctl.supervisor.twin.running_twins", lambda family: twins.get(family, [])
    )
    assert cli("sim", "list").out == "p24:/tmp/x.pty  free\n"
    monkeypatch.setattr("stimctl.supervisor.twin.running_twins", lambda _family: [])
    assert "stimctl sim p24" in cli("sim", "list").err


# -- doctor -----------------------------------------------------------------------------------


def checks_named(name: str) -> list[doctor_checks.Check]:
    return [check for check in doctor_checks.run_checks() if check.name == name]


def test_the_doctor_finds_a_fresh_machine_fit(cli: Any) -> None:
    result = cli("doctor")
    assert result.code == 0, result.out
    assert "\nfail" not in result.out
    told = cli("doctor", "--json").data
    assert told["ok"]
    assert {"stimctl", "typer", "journal", "free space", "protocols"} <= {
        check["name"] for check in told["checks"]
    }


@pytest.mark.parametrize(("timer_ms", "slow"), [(None, False), (1, False), (2, True), (16, True)])
def test_a_slow_adapter_is_told_with_what_to_do(
    timer_ms: int | None, slow: bool, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the doctor and by who asks a device for its name."""
    monkeypatch.setattr(ports, "list_ports", lambda: (PORT,))
    monkeypatch.setattr("stimctl.supervisor.port_facts.latency_timer_ms", lambda _device: timer_ms)
    shown = cli("doctor").out
    told = identity._adapter("/dev/ttyUSB0")
    assert ("tee /sys/bus/usb-serial/devices" in shown) == slow
    assert (f"{timer_ms} ms" in shown) == (timer_ms is not None)
    assert told.get("latency_timer") == (None if timer_ms is None else f"{timer_ms} ms")
    assert ("what_to_do" in told) == slow
    if slow:
        assert told["what_to_do"].endswith("/ttyUSB0/latency_timer")
        assert f"up to {timer_ms} ms" in told["warning"]


def test_the_doctor_names_what_is_wrong_and_what_mends_it(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(state, end=False)
    monkeypatch.setattr(ports, "list_ports", lambda: (PORT,))
    monkeypatch.setattr("stimctl.supervisor.port_facts.latency_timer_ms", lambda _device: 16)
    monkeypatch.setattr(doctor_checks, "is_running", lambda _program: True)
    monkeypatch.setattr(doctor_checks, "filesystem_type", lambda _path: "nfs4")
    monkeypatch.setattr(doctor_checks, "_SLOW_SYNC_MS", -1.0)
    monkeypatch.setattr(doctor_checks, "_LEAST_FREE_BYTES", 1 << 80)
    monkeypatch.setattr(doctor_checks, "_PACKAGES", ("no-such-package",))
    result = cli("doctor")
    assert result.code == ExitCode.REFUSED
    for text in (
        "usermod -aG dialout",
        "latency_timer",
        "ModemManager",
        "nfs4 is a network file system",
        "to a faster disk",
        "free some space",
        "pip install stimctl",
        "1 of 1 sessions are unfinished",
        "stimctl sessions verify",
    ):
        assert text in result.out


def test_a_check_that_fails_itself_does_not_hide_the_others(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_folder() -> Path:
        raise NoDeviceError("no runtime folder", why="somebody else's", what_to_do="remove it")

    def no_ports() -> tuple[SerialPortInfo, ...]:
        raise OSError("no sysfs")

    monkeypatch.setattr("stimctl.supervisor.locks.runtime_folder", no_folder)
    monkeypatch.setattr(ports, "list_ports", no_ports)
    (runtime,) = checks_named("runtime")
    assert (runtime.verdict, runtime.fix) == ("fail", "remove it")
    (found,) = checks_named("ports")
    assert (found.verdict, found.detail) == ("fail", "no sysfs")
    assert checks_named("typer")


def test_a_state_folder_that_cannot_be_is_a_failure(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.write_text("in the way")
    (check,) = checks_named("journal")
    assert (check.verdict, "is not a folder" in check.detail) == ("fail", True)
    state.unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    (check,) = checks_named("journal")
    assert (check.verdict, "is not writable" in check.detail) == ("fail", True)


def test_a_full_or_broken_journal_folder_is_a_failure(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state / "journal").mkdir(parents=True)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (check,) = checks_named("journal")
    assert check.verdict == "fail"
    assert "No space left" in check.detail


def test_an_unknown_system_is_a_warning(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setattr("stimctl.cli.doctor_checks.sys.platform", "freebsd14")
    assert [c.verdict for c in doctor_checks._program()] == ["ok", "warn"]


def test_programs_and_file_systems_are_read_from_proc(tmp_path: Path) -> None:
    (tmp_path / "17").mkdir()
    (tmp_path / "17" / "comm").write_text("ModemManager\n")
    (tmp_path / "18" / "comm").mkdir(parents=True)
    assert doctor_checks.is_running("ModemManager", tmp_path)
    assert not doctor_checks.is_running("NetworkManager", tmp_path)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"a / ext4 rw 0 0\nb {tmp_path} nfs rw 0 0\nbroken\n")
    assert doctor_checks.filesystem_type(tmp_path / "x", mounts) == "nfs"
    assert doctor_checks.filesystem_type(Path("/"), mounts) == "ext4"
    assert doctor_checks.filesystem_type(Path("/"), tmp_path / "missing") == ""
