"""The twin as a program: its line, its record, its signals, and what it refuses."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial

import firmware_sim.__main__ as program
from firmware_sim import serve as serving
from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.row_kinds import flaws_in
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from firmware_sim.ledger import Ledger
from firmware_sim.line import LinkRefusedError, TcpLine
from firmware_sim.process import TwinProcess
from firmware_sim.pty_line import PtyLine
from tests.support.twin_host import biphasic, pulse, train, update

TRAIN = update(c1=train(biphasic(20)))


@contextmanager
def client(url: str, **options: Any) -> Iterator[serial.SerialBase]:
    port = serial.serial_for_url(url, timeout=20, write_timeout=20, **options)
    try:
        yield port
    finally:
        port.close()


def ask(port: serial.SerialBase, command: int, data: bytes = b"", number: int = 1) -> Frame:
    port.write(encode(number, command, data))
    decoder = FrameDecoder()
    while byte := port.read(1):
        for found in decoder.feed(byte):
            assert isinstance(found, Frame)
            assert (found.packet_number, found.command) == (number, command + 1)
            return found
    raise AssertionError("no answer")


def expired(rows: list[dict[str, Any]]) -> bool:
    return any(row.get("event") == "keep-alive expired" for row in rows)


@pytest.mark.pty
def test_a_twin_on_a_pty_stimulates_expires_and_ends_cleanly(tmp_path: Path) -> None:
    link, record = tmp_path / "p24", tmp_path / "record.jsonl"
    with TwinProcess("--link", str(link), "--seed", "7", record=record, device="p24") as twin:
        assert twin.url == str(link)
        options: dict[str, Any] = {"baudrate": 3_000_000, "stopbits": 2, "rtscts": True}
        with client(twin.url, **options) as port:
            assert ask(port, Command.GET_DEVICE_ID).data == b"\0SIM0000007"
            assert ask(port, Command.ML_INIT, b"\0").data == b"\0"
            assert ask(port, Command.ML_UPDATE, TRAIN).data == b"\0"
            rows = twin.wait_for(lambda rows: any(row["kind"] == "train_open" for row in rows))
            assert rows[-1]["kind"] != "train"  # on disk while it runs
            rows = twin.wait_for(expired)
        assert twin.end() == 0
        assert not link.is_symlink()
    assert [flaw for row in rows for flaw in flaws_in(row)] == []
    line = [row for row in rows if row["kind"] == "line"]
    assert len(line) == 1
    del line[0]["at_us"]
    assert line[0] == {
        "kind": "line", "baud": 3_000_000, "csize": 8, "parity": "N", "stop_bits": 2,
        "rtscts": True,
    }  # fmt: skip
    assert "line: 3000000 baud 8N2, RTS/CTS" in twin.errors
    ledger = twin.ledger()
    assert ledger[1].pulses == 100
    assert ledger[1].rms_worst_second_ma == pytest.approx(20 * (0.4 / 20) ** 0.5)
    started = next(row["at_us"] for row in rows if row["kind"] == "output")
    assert ledger.last_output_us == started + 99 * 20_000 + 500
    assert twin.rows()[-1]["event"] == "power off"
    now_us = time.monotonic_ns() / 1000
    assert ledger.monotonic_us(0) < ledger.monotonic_us(started) < now_us


@pytest.mark.pty
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_output_completes_the_record_and_removes_the_link(
    number: signal.Signals, tmp_path: Path
) -> None:
    link = tmp_path / "p24"
    with TwinProcess("--link", str(link), record=tmp_path / "r.jsonl", device="p24") as twin:
        with client(twin.url) as port:
            ask(port, Command.ML_INIT, b"\0")
            ask(port, Command.ML_UPDATE, TRAIN)
            twin.process.send_signal(number)
            assert twin.process.wait(20) == 0
        assert not link.is_symlink()
        rows = twin.rows()
    assert rows[-1]["event"] == "power off"
    assert not Ledger(rows).running
    assert [row["on"] for row in rows if row["kind"] == "output"] == [True, False]


@pytest.mark.pty
def test_the_record_of_a_killed_twin_shows_the_open_train(tmp_path: Path) -> None:
    with TwinProcess(record=tmp_path / "r.jsonl", device="p24") as twin:
        with client(twin.url) as port:
            ask(port, Command.ML_INIT, b"\0")
            ask(port, Command.ML_UPDATE, TRAIN)
        twin.process.kill()
        twin.process.wait(20)
        assert twin.ledger().running
        assert twin.ledger().current_after(10**12) == 20_000


@pytest.mark.pty
def test_tcp_serves_one_client_after_the_other_and_turns_away_a_second(tmp_path: Path) -> None:
    with TwinProcess("--tcp", "0", "--wiretap", record=tmp_path / "r.jsonl", device="p24") as twin:
        assert twin.url.startswith("socket://127.0.0.1:")
        with client(twin.url) as port:
            assert ask(port, Command.GET_STIM_STATUS).data == b"\0\0\1"
            address = ("127.0.0.1", int(twin.url.rpartition(":")[2]))
            with socket.create_connection(address, 20) as second:
                assert second.recv(10) == b""
            ask(port, Command.LL_INIT, b"\0")
            port.write(encode(1, Command.LL_STOP, b"")[:-1])
        with client(twin.url) as port:
            # The device went on; the half frame went with the line it came from.
            assert ask(port, Command.GET_STIM_STATUS).data == b"\0\1\6"
            assert ask(port, Command.LL_CHANNEL_CONFIG, pulse(biphasic(20))).data == b"\0\0\0"
        twin.wait_for(lambda rows: any(row["kind"] == "pulse" for row in rows))
        assert any(row["kind"] == "rx" for row in twin.rows())


@pytest.mark.pty
def test_other_machines_reach_a_twin_only_where_that_was_asked_for() -> None:
    with TwinProcess("--tcp", "0.0.0.0:0", "--allow-remote", device="p24") as twin:
        assert twin.url.startswith("socket://0.0.0.0:")
        with client(twin.url.replace("0.0.0.0", "127.0.0.1")) as port:
            assert ask(port, Command.GET_STIM_STATUS).data == b"\0\0\1"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("0.0.0.0:0", "add --allow-remote if that is meant"),
        ("192.0.2.7:0", "add --allow-remote if that is meant"),
        ("localhost", "give PORT as 0 to 65535"),
        ("127.0.0.1:70000", "give PORT as 0 to 65535"),
        ("twins.example.org:0", "give HOST as an IPv4 address"),
        ("::1:0", "give HOST as an IPv4 address"),
    ],
)
def test_a_place_that_is_not_of_this_machine_alone_is_refused(
    place: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        code = program.main(["p24", "--tcp", place])
    except SystemExit as usage:
        code = int(usage.code or 0)
    assert code == 2
    assert why in capfd.readouterr().err


@pytest.mark.pty
def test_left_alone_it_outlives_its_watchdog_and_then_exits(tmp_path: Path) -> None:
    with TwinProcess("--idle-exit", "0.05", record=tmp_path / "r.jsonl", device="p24") as twin:
        with client(twin.url) as port:
            port.write(encode(1, Command.ML_INIT, b"\0") + encode(2, Command.ML_UPDATE, TRAIN))
            assert twin.process.wait(30) == 0
        assert expired(twin.rows())
        assert twin.ledger()[1].pulses == 100


@pytest.mark.parametrize("make", [PtyLine, lambda: TcpLine(0)])
def test_a_silent_client_that_holds_the_line_is_no_reason_to_leave(
    make: Any, tmp_path: Path
) -> None:
    line = make()
    try:
        assert not line.held()
        with client(line.url, exclusive=True):
            line.read(select.select(line.read_fds(), [], [], 1)[0] if make is not PtyLine else [])
            assert line.held()
        line.read(line.read_fds())
        assert not line.held()
    finally:
        line.close()


@pytest.mark.pty
def test_a_twin_stays_with_a_silent_client_and_leaves_after_it(tmp_path: Path) -> None:
    with TwinProcess("--idle-exit", "0.5", record=tmp_path / "r.jsonl", device="p24") as twin:
        with client(twin.url, exclusive=True), pytest.raises(subprocess.TimeoutExpired):
            twin.process.wait(1.2)
        assert twin.process.wait(30) == 0


@pytest.mark.pty
def test_nobody_reading_its_output_does_not_hold_it_up(tmp_path: Path) -> None:
    record = tmp_path / "r.jsonl"
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, bytes(4096))
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    link = tmp_path / "p24"
    arguments = [sys.executable, "-m", "firmware_sim", "p24", "--link", str(link)]
    process = subprocess.Popen(
        [*arguments, "--record", str(record)], stdout=writer, stderr=writer, stdin=writer
    )
    try:
        limit = time.monotonic() + 30
        while not link.is_symlink():
            assert time.monotonic() < limit
            time.sleep(0.01)
        with client(str(link), stopbits=2) as port:
            assert ask(port, Command.GET_STIM_STATUS).data == b"\0\0\1"
    finally:
        process.terminate()
        assert process.wait(30) == 0
        os.close(reader)
        os.close(writer)


@pytest.mark.pty
def test_answers_nobody_reads_do_not_stop_the_device() -> None:
    line = PtyLine()
    twin = P24Twin(turnaround_us=0)
    server = serving.Server(twin, line, serving.ServeOptions(), time.monotonic_ns())
    reader, writer = os.pipe()
    slave = os.open(line.url, os.O_RDWR | os.O_NOCTTY)
    try:
        question = encode(1, Command.GET_EXTENDED_VERSION, b"") * 20
        for _ in range(300):  # 150 KB of answers into a buffer of a few
            os.write(slave, question)
            server._turn(reader)
        assert len(server._output) <= serving.OUTPUT_LIMIT
        assert os.read(slave, 1) == b"\xf0"
        while server._output:
            server._turn(reader)
            os.read(slave, 65_536)
    finally:
        for fd in (slave, reader, writer):
            os.close(fd)
        line.close()


BAD_OPTIONS = [
    ([], "DEVICE"),
    (["p25"], "p25"),
    (["p24", "--load", "0"], "10000000 (ohm), or open"),
    (["p24", "--load", "-5"], "--load"),
    (["p24", "--load", "500.0"], "--load"),
    (["p24", "--tcp", "65536"], "0 to 65535"),
    (["p24", "--tcp", "x"], "0 to 65535"),
    (["p24", "--tcp", "0", "--link", "x"], "not allowed with"),
    (["p24", "--seed", "x"], "--seed"),
    (["p24", "--idle-exit", "0"], "above 0"),
    (["p24", "--idle-exit", "nan"], "above 0"),
    (["p24", "--idle-exit", "soon"], "above 0"),
    (["p24", "--turnaround", "-1"], "--turnaround"),
    (["p24", "--turnaround", "99999999"], "0 to 10000000"),
    (["p24", "--record", "/nowhere/at/all"], "--record: /nowhere/at/all: No such file"),
    (["p24", "--link", "/nowhere/at/all"], "--link /nowhere/at/all: No such file"),
    (["p24", "--surprise"], "--surprise"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_OPTIONS)
def test_bad_options_end_in_a_clear_message_and_2(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        code = program.main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else -1
    assert code == 2
    captured = capfd.readouterr()
    assert message in captured.err
    assert "ready" not in captured.out


def test_a_port_that_is_taken_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert program.main(["p24", "--tcp", str(port)]) == 2
    assert f"--tcp {port}: Address already in use" in capfd.readouterr().err


def test_a_record_is_never_written_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "r.jsonl"
    record.write_text("{}\n")
    assert program.main(["p24", "--record", str(record)]) == 2
    assert "holds a record already" in capfd.readouterr().err
    assert record.read_text() == "{}\n"


def test_a_record_that_cannot_be_written_ends_the_twin(
    capfd: pytest.CaptureFixture[str],
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    assert program.main(["p24", "--record", str(full)]) == 1
    assert os.strerror(errno.ENOSPC) in capfd.readouterr().err


def test_only_a_dangling_link_is_replaced(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert program.main(["p24", "--link", str(taken)]) == 2
    assert "is not a link" in capfd.readouterr().err
    assert taken.read_text() == "mine"
    used = tmp_path / "used"
    used.symlink_to(taken)
    with pytest.raises(LinkRefusedError, match="already points to"):
        PtyLine(used)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "gone")
    line = PtyLine(dangling)
    assert line.url == str(dangling)
    assert dangling.samefile(os.ttyname(line._slave))
    # A link that somebody turned elsewhere meanwhile is not ours to remove.
    dangling.unlink()
    dangling.symlink_to(taken)
    line.close()
    assert dangling.is_symlink()


def test_a_stale_link_to_the_very_terminal_that_is_ours_now_is_taken_over(
    tmp_path: Path,
) -> None:
    link = tmp_path / "p24"
    first = PtyLine(link)
    first._make_link(link)
    assert link.is_symlink()
    first.close()
    assert not link.is_symlink()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (termios.CS7 | termios.PARENB, (7, "E", 1)),
        (termios.CS8 | termios.PARENB | termios.PARODD | termios.CSTOPB, (8, "O", 2)),
        (termios.CS8 | termios.PARENB | 0o10000000000, (8, "S", 1)),
        (termios.CS8 | termios.PARENB | termios.PARODD | 0o10000000000, (8, "M", 1)),
    ],
)
def test_line_settings_are_read_as_the_client_set_them(
    flags: int, expected: tuple[int, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = PtyLine()
    attributes = [0, 0, flags, termios.ECHONL, 0, termios.B115200, []]
    monkeypatch.setattr(termios, "tcgetattr", lambda fd: attributes)
    settings = line.settings()
    line.close()
    assert settings is not None
    assert settings["baud"] == 115_200
    assert (settings["csize"], settings["parity"], settings["stop_bits"]) == expected


@pytest.mark.pty
def test_a_client_that_asks_for_parity_is_admitted_every_time(tmp_path: Path) -> None:
    with TwinProcess(device="rehastim2", record=tmp_path / "r.jsonl") as twin:
        for parity in "EEEENEOESME":
            with serial.Serial(twin.url, 460_800, parity=parity) as port:
                give_up = time.monotonic() + 20  # the twin looks for clients every 10 ms
                while not termios.tcgetattr(port.fileno())[3] & termios.ECHONL:
                    assert time.monotonic() < give_up
                port.write(b"\x0f")


@pytest.mark.pty
def test_a_pty_line_has_nothing_to_read_until_something_came() -> None:
    line = PtyLine()
    assert line.read([]) == (b"", False)
    assert line.read(line.read_fds()) == (b"", False)
    line.close()


def test_a_tcp_line_survives_a_client_that_resets() -> None:
    line = TcpLine(0)
    port = int(line.url.rpartition(":")[2])
    assert line.write(b"to nobody") == 9
    assert line.settings() is None
    assert line.write_fds() == []
    rude = socket.create_connection(("127.0.0.1", port), 20)
    select.select(line.read_fds(), [], [], 20)
    line.read(line.read_fds())
    assert line.read(line.read_fds()) == (b"", False)
    assert len(line.write_fds()) == 1
    linger = (1).to_bytes(4, sys.byteorder) + bytes(4)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    rude.close()
    fds = line.read_fds()[1:]
    select.select(fds, [], [], 20)
    assert line.read(fds) == (b"", True)
    line.close()


def test_a_tcp_client_that_does_not_read_takes_no_more() -> None:
    line = TcpLine(0)
    port = int(line.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 20) as lazy:
        select.select(line.read_fds(), [], [], 20)
        line.read(line.read_fds())
        while line.write(bytes(1_000_000)):
            pass
        linger = (1).to_bytes(4, sys.byteorder) + bytes(4)
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    select.select(line.read_fds()[1:], [], [], 20)
    assert line.write(b"abc") == 3  # into the void; the next read says so
    assert line.read(line.read_fds()[1:])[1]
    line.close()


def test_saying_something_to_a_closed_stream_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    serving.say(writer, "hello")
    os.close(writer)
    serving.say(writer, "hello")


def test_a_twin_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="give PORT as 0 to 65535"):
        TwinProcess("--tcp", "-1", device="p24")
    with TwinProcess("--load", "open", device="p24") as twin:
        assert twin.rows() == []
        with pytest.raises(TimeoutError):
            twin.wait_for(lambda rows: rows, within_s=0)


def test_the_program_in_this_process_leaves_its_caller_as_it_was(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(number) for number in serving.SIGNALS]
    record = tmp_path / "r.jsonl"
    assert program.main(["p24", "--idle-exit", "0.01", "--record", str(record)]) == 0
    assert program.main(["p24", "--idle-exit", "0.01", "--tcp", "0"]) == 0
    assert [signal.getsignal(number) for number in serving.SIGNALS] == before
    assert capfd.readouterr().out.count("ready ") == 2
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["clock", "log"]
