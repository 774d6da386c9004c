"""The openEMSstim and the RehaStim2 as programs: opening, closing, strictness, lock-step."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import serial

import firmware_sim.__main__ as program
from firmware_sim.dtr import DtrPtyLine
from firmware_sim.firmware.frames import Frame
from firmware_sim.firmware.sciencemode2_frames import FrameDecoder, encode
from firmware_sim.process import TwinProcess
from firmware_sim.pty_line import PtyLine
from tests.support.openemsstim_host import wv
from tests.support.rehastim2_host import pulse, setup

READY = b"SETUP DONE (LED 13 WILL BE ON)\r\n"


def named(rows: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("event") == event]


@pytest.mark.broad
@pytest.mark.pty
def test_opening_the_port_boots_the_board_anew_each_time(tmp_path: Path) -> None:
    link, record = tmp_path / "ems", tmp_path / "r.jsonl"
    options = ("--link", str(link), "--boot", "100000")
    with TwinProcess(*options, device="openemsstim", record=record) as twin:
        for times in (1, 2):
            with serial.Serial(twin.url, 19_200, timeout=20) as port:
                assert port.read_until(READY).startswith(b"\nSETUP:\r\n")
                port.write(wv("C0I50T5000G"))
                assert port.read_until(b"C0I50T5000G\r\n")
                rows = twin.wait_for(
                    lambda rows, n=times: (
                        sum(row["kind"] == "relay" and row["on"] for row in rows) == n
                    )  # type: ignore[misc]
                )
            assert len(named(rows, "reset")) == times
            # As on a real port, a board that is opened before it saw the close sees one opening.
            twin.wait_for(lambda rows, n=times: len(named(rows, "line closed")) == n)  # type: ignore[misc]
        # The line is closed, and nobody notices: the burst goes on to its own end.
        rows = twin.wait_for(
            lambda rows: [row["on"] for row in rows if row["kind"] == "relay"][2:] == [True, False]
        )
    relays = [row for row in rows if row["kind"] == "relay"]
    assert relays[1]["at_us"] == named(rows, "reset")[1]["at_us"]
    assert 5_040_000 < relays[3]["at_us"] - relays[2]["at_us"] < 5_200_000
    line = next(row for row in rows if row["kind"] == "line")
    assert (line["wanted"], line["baud_fits"]) == ("19200 8N1", True)


@pytest.mark.pty
def test_over_tcp_a_new_client_resets_the_board() -> None:
    with TwinProcess("--tcp", "0", "--boot", "50000", device="openemsstim") as twin:
        for _ in range(2):
            host, _, number = twin.url.removeprefix("socket://").partition(":")
            # Not by pyserial, which drops what has come while it opens: some of the banner.
            with socket.create_connection((host, int(number)), timeout=20) as line:
                said = b""
                while not said.endswith(READY):
                    more = line.recv(1)
                    assert more, said
                    said += more
                assert said.count(b"SETUP:") == 1


@pytest.mark.pty
@pytest.mark.no_invariant("it provokes a defect of the firmware, to see the twin end")
def test_a_strict_twin_ends_with_a_failure(tmp_path: Path) -> None:
    record = tmp_path / "r.jsonl"
    options = ("--strict", "--dialect", "a", "--boot", "50000")
    with TwinProcess(*options, device="openemsstim", record=record) as twin:
        with serial.Serial(twin.url, 19_200, timeout=20) as port:
            port.read_until(READY)
            port.write(b"C0I50T40000G\n")
            assert twin.process.wait(20) == program.EXIT_FAILED
        rows = twin.rows()
        assert twin.end() == program.EXIT_FAILED
    assert "the host provoked a defect: 5.2: T40000 is no limit at all" in twin.errors
    assert [row["section"] for row in rows if row["kind"] == "defect"] == ["5.2"]
    assert rows[-1]["event"] == "power off"


@pytest.mark.pty
def test_a_wrong_rate_is_reported(tmp_path: Path) -> None:
    with (
        TwinProcess(device="rehastim2", record=tmp_path / "r.jsonl") as twin,
        serial.Serial(twin.url, 115_200),
    ):
        rows = twin.wait_for(lambda rows: any(row["kind"] == "line" for row in rows))
    (line,) = (row for row in rows if row["kind"] == "line")
    assert (line["baud"], line["wanted"], line["baud_fits"]) == (115_200, "460800 8E1", False)
    assert "(the device has 460800 8E1)" in twin.errors


def test_a_client_that_comes_and_goes_between_two_looks_is_noticed(tmp_path: Path) -> None:
    line = DtrPtyLine(tmp_path / "link")
    try:
        assert line.read_fds() == []
        assert not line.opened()
        assert line.write(b"gone") == 4
        assert line.read([]) == (b"", False)
        client = os.open(line.url, os.O_RDWR | os.O_NOCTTY)
        os.write(client, b"x")
        os.close(client)
        (fd,) = line.read_fds()
        assert line.opened()
        assert not line.opened()
        assert line.read([fd]) == (b"x", False)
        assert line.read([fd]) == (b"", True)
        assert line.read_fds() == []
        client = os.open(line.url, os.O_RDWR | os.O_NOCTTY)
        assert line.read_fds() == [fd]
        assert line.opened()
        assert line.write(b"hello\n") == 6
        assert os.read(client, 10) == b"hello\n"
        line.unplug()
        os.close(client)
        assert line.read_fds() == line.write_fds() == []
        assert line.read([]) == (b"", False)
        assert line.settings() is None
        line.plug_in(elsewhere=False)
        assert not line.opened()
    finally:
        line.close()
    held = PtyLine()
    assert not held.opened()
    held.close()


def test_a_board_is_held_by_a_silent_client_and_not_by_one_that_has_gone(tmp_path: Path) -> None:
    """Its host says nothing for the 11 s of its start; after 10 s the twin left."""
    line = DtrPtyLine(tmp_path / "link")
    try:
        assert not line.held()
        client = os.open(line.url, os.O_RDWR | os.O_NOCTTY)
        assert line.held()
        assert line.held()
        os.close(client)
        line.read(line.read_fds())
        assert not line.held()
        line.unplug()
        assert not line.held()
    finally:
        line.close()


def lock_step(device: str, *lines: str, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "firmware_sim", device, "--lock-step", *options],
        input="".join(line + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_both_run_in_lock_step() -> None:
    answers = lock_step(
        "rehastim2",
        "run 1000",
        f"tx {encode(0, 2, bytes(1)).hex()}",
        f"tx {encode(1, 30, setup()).hex()}",
        "run 20000",
        f"tx {encode(2, 32, pulse(20)).hex()}",
        "load 1 open",
        "run 20000",
    )
    assert answers[0]["device"] == "rehastim2"
    heard = FrameDecoder().feed(b"".join(bytes.fromhex(a["rx"]) for a in answers if "rx" in a))
    assert [frame.command for frame in heard if isinstance(frame, Frame)] == [1, 31, 33, 38]
    answers = lock_step(
        "openemsstim", "run 1000000", f"tx {wv('C0I50T100G').hex()}", "run 1000000", "load 1 500",
        options=("--boot", "0"),
    )  # fmt: skip
    relays = [a["record"]["on"] for a in answers if a.get("record", {}).get("kind") == "relay"]
    assert relays == [True, False]
    assert "not modelled" in answers[-1]["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["openemsstim", "--scenario", "list"],
        ["openemsstim", "--load", "500"],
        ["openemsstim", "--dialect", "c"],
    ],
)
def test_what_a_device_has_not_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    assert ended.value.code == program.EXIT_USAGE


def test_a_taken_port_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert program.main(["openemsstim", "--tcp", str(taken.getsockname()[1])]) == 2
