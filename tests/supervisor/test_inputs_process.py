"""The process of the inputs and its socket: tokens, garbage, a sender that dies (real pty)."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from firmware_sim.ledger import Ledger
from stimctl.errors import UsageError
from stimctl.inputs.bindings import Binding, check_bindings, parse_binding
from stimctl.inputs.udp import LONGEST_BYTES, UdpReader, sample_in
from stimctl.session.facts import InputSample
from stimctl.supervisor.inbox import Inbox
from stimctl.supervisor.input_socket import InputSocket, sample_of
from tests.support.functional_world import ACTIVATION, PHASE, functional_plan, functional_text

TOKEN = "abcdefgh12345678"
SAYS = ACTIVATION + 'from = "90 deg", to = "270 deg"'
BY_UDP = PHASE.replace('["api"]', '["api", "udp"]')
PATIENCE_S = 10.0


def until(condition: Any) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "not in time"
        time.sleep(0.01)


@contextmanager
def listening(*, simulated: bool = True) -> Iterator[tuple[InputSocket, list[InputSample]]]:
    heard: list[InputSample] = []
    yield InputSocket(heard.append, lambda: simulated), heard


def connected(door: InputSocket, token: str) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.connect(os.fspath(door.path))
    except OSError:
        line.close()
        raise
    line.sendall(token.encode() + b"\n")
    return line


def row(seq: int, **more: Any) -> bytes:
    return json.dumps({"input": "in", "seq": seq, "source": "udp", **more}).encode() + b"\n"


@pytest.mark.hazard("H82")
def test_only_who_has_the_token_is_heard_and_the_token_counts_once() -> None:
    with listening() as (door, heard):
        assert stat.S_IMODE(door.path.stat().st_mode) == 0o600
        with connected(door, "0" * len(door.token)) as wrong:
            assert wrong.recv(1) == b""  # let go
        with connected(door, door.token) as right:
            right.sendall(row(1, value=3.0))
            until(lambda: heard)
            until(lambda: not door.path.exists())
            with pytest.raises(OSError, match=r"refused|No such"):
                connected(door, door.token)
            right.sendall(row(2, value=4.0))
            until(lambda: len(heard) == 2)
    assert [one.value for one in heard] == [3.0, 4.0]


def test_what_is_no_sample_is_let_go() -> None:
    no_names: list[Any] = [[], {}, [[]], 3, None, True]
    no_ages: list[Any] = [[], {}, "3", None, 1.5, True]
    for bad in (
        b"", b"{", b"[]", b'"x"', b"[" * 200, row(1, value="7"), row(1, value=[1]),
        row(1, value=True), b"x" * 5_000,
        json.dumps({"input": "in", "seq": "1", "source": "udp"}).encode(),
        json.dumps({"input": "in", "seq": 1, "source": "api"}).encode(),
        json.dumps({"input": "in", "seq": 1, "source": "key"}).encode(),
        json.dumps({"input": 3, "seq": 1, "source": "udp"}).encode(),
        *(row(1, source=other) for other in no_names),
        *(row(1, age_us=other) for other in no_ages),
        b"{" + b'"a":{' * 40, b'{"input":"\xff"}', b"9" * 250, b"\x00" * 99,
    ):  # fmt: skip
        assert sample_of(bad.rstrip(b"\n")) is None, bad
    assert sample_of(row(7, value=1.5, age_us=3).rstrip()) == InputSample(
        "in", 7, 1.5, age_us=3, source="udp"
    )


@pytest.mark.hazard("H82")
def test_the_socket_goes_on_after_any_line() -> None:
    chance = Random(7)
    words: list[Any] = [[], {}, [[]], None, True, -1, 1e308, float("nan"), 10**40, "udp", "\ud800"]
    with listening() as (door, heard), connected(door, door.token) as line:
        line.sendall(b'{"input":"a","seq":1,"source":[]}\n')
        for _ in range(300):
            keys = ("input", "seq", "source", "value", "age_us", "beat", "at_ns")
            said = {key: chance.choice(words) for key in keys}
            line.sendall(json.dumps(said).encode() + b"\n" + chance.randbytes(20) + b"\n")
        line.sendall(row(2, value=1.0))
        until(lambda: any(one.input == "in" for one in heard))


@pytest.mark.hazard("H82")
def test_a_made_up_sensor_reaches_no_device_with_current() -> None:
    for simulated in (False, True):
        with listening(simulated=simulated) as (door, heard), connected(door, door.token) as line:
            line.sendall(json.dumps({"input": "in", "seq": 1, "source": "sim"}).encode() + b"\n")
            line.sendall(row(2, value=1.0))
            until(lambda heard=heard: heard and heard[-1].seq == 2)
            assert len(heard) == 1 + simulated


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xfe", b"{}", b"[]", b"3", b"null", b"[" * 190, b"x" * (LONGEST_BYTES + 1),
        json.dumps({"input": "in", "seq": 1, "value": 2, "token": "wrong"}).encode(),
        json.dumps({"input": "in", "seq": 1, "value": 2}).encode(),
        json.dumps({"input": "other", "seq": 1, "token": TOKEN}).encode(),
        json.dumps({"input": "in", "seq": 1.5, "token": TOKEN}).encode(),
    ],
)  # fmt: skip
def test_a_datagram_without_token_number_or_sense_is_let_go(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        sample_in(data, Binding("in", "udp", 5005, TOKEN))


def test_a_sender_can_only_make_a_sample_older() -> None:
    binding = Binding("in", "udp", 5005, TOKEN)
    for age_ms, age_us in ((5, 5_000), (-5, None), ("5", None), (1e300, None)):
        said = {"input": "in", "seq": 1, "value": 2, "token": TOKEN, "age_ms": age_ms}
        assert sample_in(json.dumps(said).encode(), binding).get("age_us") == age_us


@pytest.mark.skipif(sys.platform != "linux", reason="the system says when a datagram came")
@pytest.mark.hazard("H82")
def test_a_datagram_grows_old_while_nobody_reads_it() -> None:
    """K12: read 300 ms after it came, by a clock that is handed in."""
    late_ns = 300_000_000
    reader = UdpReader(Binding("in", "udp", port := free_port(), TOKEN),
                       lambda: time.time_ns() + late_ns)  # fmt: skip
    said = {"input": "in", "seq": 1, "value": 2, "token": TOKEN, "age_ms": 5}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(json.dumps(said).encode(), ("127.0.0.1", port))
    found: list[Any] = []
    until(lambda: found.append(reader.read()) or found[-1])
    reader.close()
    assert found[-1]["age_us"] >= 305_000


def test_a_sample_has_the_time_at_which_it_was_read_or_an_earlier_one() -> None:
    """K12."""
    for more, arrived_ns in (({}, 900), ({"at_ns": 700}, 700), ({"at_ns": 1_500}, 900),
                             ({"at_ns": "700"}, 900)):  # fmt: skip
        found = sample_of(row(1, value=1.0, **more).rstrip(), 900)
        assert found is not None
        assert found.arrived_ns == arrived_ns
    inbox = Inbox()
    before_ns = time.monotonic_ns()
    inbox.put(InputSample("in", 1, 1.0))
    one = inbox.get(0)
    assert isinstance(one, InputSample)
    assert one.arrived_ns is not None
    assert one.arrived_ns >= before_ns


def test_bindings_are_checked_against_the_file(tmp_path: Path) -> None:
    plan = functional_plan({"one": SAYS}, BY_UDP)
    good = parse_binding("in=udp:5005")
    check_bindings(plan, (good,), simulation=True)
    assert len(good.token) >= 16
    (tmp_path / "token").write_text(TOKEN + "\n", "utf-8")
    assert parse_binding(f"in=udp:5005:{tmp_path / 'token'},15ms").token == TOKEN
    for text, says in (
        ("in", "cannot be used"), ("in=udp:80", "a port is"), ("in=serial:x", "cannot be used"),
        ("in=udp:5005:/nowhere", "token cannot be read"), ("in=udp:5005,fast", "cannot be used"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            parse_binding(text)
        assert says in f"{caught.value}"
    for bindings, simulation, says in (
        ((), True, "has no source"),
        ((good, good), True, "bound twice"),
        ((good, Binding("x", "udp", 5006, TOKEN)), True, 'no input "x"'),
        ((Binding("in", "sim", sensor="crank@50rpm"),), False, "simulated devices"),
        ((Binding("in", "udp", 5005, TOKEN, latency_us=60_000),), True, "K15"),
    ):
        with pytest.raises(UsageError) as caught:
            check_bindings(plan, bindings, simulation=simulation)
        assert says in f"{caught.value}"


class Crank(threading.Thread):
    """Sends where it is by UDP each 10 ms; others without the token send nonsense beside it."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.alive, self.died_us = port, True, 0

    def run(self) -> None:
        began = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            for seq in range(1_000_000):
                angle = (time.monotonic() - began) * 300 % 360
                said = {"input": "in", "seq": seq, "value": round(angle, 2), "token": TOKEN}
                line.sendto(json.dumps(said).encode(), ("127.0.0.1", self.port))
                foreign = {**said, "value": 180.0, "seq": seq + 10**9, "token": "guessed-token"}
                line.sendto(json.dumps(foreign).encode(), ("127.0.0.1", self.port))
                line.sendto(b"\x00\xffgarbage", ("127.0.0.1", self.port))
                if not self.alive:
                    self.died_us = time.monotonic_ns() // 1_000
                    return
                time.sleep(0.01)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H82")
def test_a_sender_that_dies_is_zero_within_its_time_and_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K11 over a real line: stale after 100 ms, ramp 100 ms, 60 ms; by the twin's record."""
    record, port = tmp_path / "twin.jsonl", free_port()
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(record))
    text = functional_text(
        {"one": SAYS}, BY_UDP, lasts="30 s",
        session='shortest = "40 s", longest = "40 s", stretch = "use"',
        tune='cycle = { on = "4 s", off = "2 s", ramp_up = "1 s", ramp_down = "1 s" }',
    ).replace('duration = "1 min"', 'duration = "10 s"')  # fmt: skip
    (tmp_path / "sample.toml").write_text(text, "utf-8")
    (tmp_path / "token").write_text(TOKEN, "utf-8")
    crank = Crank(port)
    crank.start()
    command = [
        sys.executable, "-m", "stimctl", "run", str(tmp_path / "sample.toml"), "--device",
        "sim:p24", "--amplitude", "1=3mA", "--area", "1=25cm2", "--json",
        "--input", f"in=udp:{port}:{tmp_path / 'token'}",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as run:
        assert run.stdout is not None
        told = (json.loads(line) for line in run.stdout if line.startswith(b"{"))
        full = (r for r in told if r.get("kind") == "activation_ended" and r["acked"] >= 1_500)
        assert next(full)
        crank.alive = False
        crank.join()
        rest = list(told)
    assert run.returncode == 1  # not completed, zero verified
    assert any(one.get("code") == "input-stale" for one in rest)
    ledger = Ledger.from_file(record)
    last_us = max(ledger.monotonic_us(one.last_start_us) for one in ledger[1].runs if one.peak_ua)
    assert last_us <= crank.died_us + 260_000
