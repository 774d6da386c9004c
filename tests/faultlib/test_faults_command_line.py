"""The command line: what there is, what is refused, and faults of a real line in real time."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from firmware_sim import __main__ as command_line
from firmware_sim.devices import BUILT_IN
from firmware_sim.faults import SPECS, FaultError
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from firmware_sim.line import TcpLine
from firmware_sim.process import TwinProcess
from firmware_sim.pty_line import PtyLine
from firmware_sim.scenarios import SCENARIOS
from firmware_sim.situation import faulty_twin
from tests.support.faulty_host import TEN_MA

WITHIN_S = 30.0
TWINS = [row.name for row in BUILT_IN]


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = command_line.main(["p24", *arguments])
    except SystemExit as exit_:
        code = int(str(exit_.code))
    out, err = capfd.readouterr()
    return code, out, err


def test_scenarios_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capfd, "--scenario", "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(SCENARIOS)


def test_faults_are_listed_with_their_parameters(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capfd, "--fault", "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(SPECS)
    assert "permille=200,direction=both,for_us=0s" in out
    assert "(not for p24: a P24 has no patient button)" in out


@pytest.mark.parametrize("device", TWINS)
def test_the_list_says_which_faults_a_device_cannot_have(
    device: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main([device, "--fault", "list"]) == 0
    listed = {line.split()[0]: line for line in capfd.readouterr().out.splitlines()}
    for name, line in listed.items():
        unfit = "(not " in line
        try:
            faulty_twin(device, faults=[f"{name}@1h"])
        except FaultError:
            assert unfit, line
        else:
            assert not unfit, line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scenario", "nix"], "normal-tens, normal-nmes"),
        (["--fault", "nix@1s"], "ack-only, baud-mismatch"),
        (["--fault", "mute"], "NAME@TIME"),
        (["--fault", "mute@5"], "unit"),
        (["--fault", "mute@1s,volume=3"], "it has: direction, for_us"),
        (
            ["--fault", "patient-button@1s"],
            "not applicable to any twin: a P24 has no patient button",
        ),
        (["--lock-step", "--tcp", "0"], "not allowed with"),
        (["--lock-step", "--idle-exit", "5"], "stdin ends"),
        (["--scenario", "lead-off", "--load", "500"], "not allowed with"),
    ],
)
def test_what_cannot_be_is_refused_with_words(
    arguments: list[str], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capfd, *arguments)
    assert (code, out) == (2, "")
    assert says in err


def test_a_healthy_twin_does_not_load_faults() -> None:
    code = "import sys, firmware_sim.__main__; print('firmware_sim.faults' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"


class Port:
    """A raw client of a pseudo terminal."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.decoder = FrameDecoder()

    def ask(self, command: int, data: bytes = b"") -> Frame | None:
        """Ask, and return the answer; None where the port has gone."""
        end = time.monotonic() + WITHIN_S
        try:
            os.write(self.fd, encode(1, command, data))
            while time.monotonic() < end:
                if select.select([self.fd], [], [], 0.05)[0]:
                    read = os.read(self.fd, 4096)
                    if not read:
                        return None
                    for found in self.decoder.feed(read):
                        assert isinstance(found, Frame)
                        return found
        except OSError:
            return None
        raise TimeoutError("no answer")

    def ask_until_gone(self, command: int, data: bytes = b"") -> None:
        end = time.monotonic() + WITHIN_S
        while self.ask(command, data) is not None:
            assert time.monotonic() < end, "the port never goes"
            time.sleep(0.05)

    def close(self) -> None:
        os.close(self.fd)


def wait_for(path: Path) -> None:
    end = time.monotonic() + WITHIN_S
    while not path.exists():
        assert time.monotonic() < end, f"{path} never comes"
        time.sleep(0.01)


@pytest.mark.pty
def test_unplugged_the_port_is_gone_and_comes_back_at_the_same_link(tmp_path: Path) -> None:
    link, record = tmp_path / "tty", tmp_path / "record"
    with TwinProcess(
        "--link", str(link), "--fault", "unplug@1s,for=1s", record=record, device="p24"
    ) as twin:
        port = Port(twin.url)
        port.ask_until_gone(Command.GET_STIM_STATUS)
        port.close()
        twin.wait_for(lambda rows: any(row.get("event") == "plugged in" for row in rows))
        wait_for(link)
        again = Port(str(link))
        answer = again.ask(Command.GET_STIM_STATUS)
        assert answer is not None
        assert answer.data == b"\0\0\1"
        again.close()
        assert twin.end() == 0


@pytest.mark.pty
def test_plugged_in_elsewhere_it_has_another_link(tmp_path: Path) -> None:
    link, record = tmp_path / "tty", tmp_path / "record"
    with TwinProcess(
        "--link",
        str(link),
        "--fault",
        "replug-elsewhere@300ms,for=300ms",
        record=record,
        device="p24",
    ) as twin:
        wait_for(tmp_path / "tty-2")
        assert not link.exists()
        port = Port(str(tmp_path / "tty-2"))
        assert port.ask(Command.GET_STIM_STATUS) is not None
        port.close()
        assert twin.end() == 0


@pytest.mark.pty
def test_output_ends_by_the_dead_man_when_the_cable_is_pulled(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with TwinProcess("--fault", "unplug@1500ms", record=record, device="p24") as twin:
        port = Port(twin.url)
        assert port.ask(Command.ML_INIT, b"\0") is not None
        port.ask_until_gone(Command.ML_UPDATE, TEN_MA)
        port.close()
        twin.wait_for(lambda rows: any(row.get("event") == "keep-alive expired" for row in rows))
        last_us = twin.ledger().last_output_us
        assert last_us is not None
        assert 2_000_000 < last_us < 1_500_000 + 2_000_000 + 50_000


@pytest.mark.pty
def test_a_device_that_hangs_lets_the_buffer_of_the_host_fill(tmp_path: Path) -> None:
    with TwinProcess("--fault", "hang@0s", device="p24") as twin:
        port = Port(twin.url)
        data = encode(1, Command.GET_STIM_STATUS, b"") * 100
        written = 0
        while select.select([], [port.fd], [], 0.2)[1] and written < 1_000_000:
            written += os.write(port.fd, data)
        assert written < 1_000_000
        port.close()


@pytest.mark.pty
def test_a_scenario_runs_in_real_time(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with TwinProcess(
        "--scenario", "watchdog-short", "--seed", "7", record=record, device="p24"
    ) as twin:
        port = Port(twin.url)
        answer = port.ask(Command.GET_DEVICE_ID)
        assert answer is not None
        assert answer.data == b"\0SIM0000007"
        port.ask(Command.ML_INIT, b"\0")
        port.ask(Command.ML_UPDATE, TEN_MA)
        twin.wait_for(lambda rows: any(row.get("event") == "keep-alive expired" for row in rows))
        ledger = twin.ledger()
        assert ledger[1].pulses == 25
        port.close()


@pytest.mark.parametrize("make", [PtyLine, lambda: TcpLine(0)])
def test_an_unplugged_line_takes_nothing_and_gives_nothing(make: Any) -> None:
    line = make()
    before = line.url
    line.unplug()
    assert (line.read_fds(), line.settings(), line.write(b"lost")) == ([], None, 4)
    assert line.read([]) == (b"", False)
    line.plug_in(elsewhere=False)
    assert len(line.read_fds()) == 1
    if isinstance(line, TcpLine):
        assert line.url == before
    line.unplug()
    line.plug_in(elsewhere=True)
    assert len(line.read_fds()) == 1
    line.close()
    line.close()
