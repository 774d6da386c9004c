"""A name is a link, and the link is led to another device, or removed, while a session lives."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess
from stimctl.records.additions import additions_path
from stimctl.records.verify import verify_journal
from stimctl.supervisor.locks import abstract_sockets
from stimctl.supervisor.name_watch import NAME_MOVED
from stimctl.supervisor.peer import peer_of
from stimctl.supervisor.port_names import device_key, port_key, port_keys
from stimctl.supervisor.stop import stop_named
from stimctl.supervisor.stop_outcome import StopOutcome
from tests.support.broad import broad
from tests.support.broken_places import NO_TRIP, TRAIN, until
from tests.support.fault_rig import Face, Rig, kill

pytestmark = pytest.mark.pty


class Names:
    """Two twins; names in a folder of their own, and sessions on them."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.folder = folder
        folder.mkdir()
        self.twins = [
            TwinProcess("--seed", str(seed), record=folder / f"{seed}.jsonl", device="p24")
            for seed in (1, 2)
        ]

    def end(self) -> None:
        for twin in self.twins:
            twin.end()

    def lead(self, name: Path, target: str | Path) -> None:
        """At once, as udev does it."""
        fresh = name.with_name(".fresh")
        fresh.symlink_to(target)
        fresh.replace(name)

    def session(self, name: str | Path) -> Face:
        face = self.rig.face(f"p24:{name}", NO_TRIP)
        face.wait_for("ack", lambda row: row["channels"] == {"1": 1000})
        return face

    def is_on(self, index: int) -> bool:
        return self.twins[index].ledger().running

    def switch_on(self, index: int) -> None:
        """Its output is on, and nobody has a session with it."""
        fd = os.open(self.twins[index].url, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, encode(1, Command.ML_INIT, b"\0") + encode(2, Command.ML_UPDATE, TRAIN))
        until(lambda: self.is_on(index))
        os.close(fd)

    def stops_heard(self, index: int) -> int:
        """How many stop commands it has received, by its own record."""
        *whole, _ = (self.folder / f"{index + 1}.jsonl").read_text().split("\n")
        rows = map(json.loads, whole)
        heard = bytes.fromhex("".join(row["hex"] for row in rows if row["kind"] == "rx"))
        frames = (one for one in FrameDecoder().feed(heard) if isinstance(one, Frame))
        return sum(one.command == Command.ML_STOP for one in frames)

    def zero_after_ms(self, index: int, since_ns: int) -> float:
        until(lambda: not self.is_on(index))
        ledger = Ledger.from_file(self.folder / f"{index + 1}.jsonl")
        assert ledger.last_output_us is not None
        return (ledger.monotonic_us(ledger.last_output_us) * 1000 - since_ns) / 1e6


@pytest.fixture
def names(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", rig.environment["XDG_RUNTIME_DIR"])
    made = Names(rig, tmp_path / "names")
    yield made
    made.end()


def stopped(name: str | Path) -> dict[int, StopOutcome]:
    """Outcomes by the session that held the device; every one is verified."""
    outcomes = stop_named(str(name), "p24")
    assert {one.verdict for one in outcomes} == {"verified"}, outcomes
    assert len({one.session for one in outcomes}) == len(outcomes)
    return {one.session: one for one in outcomes}


@pytest.mark.hazard("H61")
def test_a_stop_by_a_name_that_was_led_elsewhere_stops_both_devices(names: Names) -> None:
    port = names.folder / "port"
    names.lead(port, names.twins[0].url)
    face = names.session(port)
    names.switch_on(1)
    names.lead(port, names.twins[1].url)
    outcomes = stopped(port)
    assert not names.is_on(0)
    assert not names.is_on(1)
    assert set(outcomes) == {face.supervisor, 0}
    assert outcomes[face.supervisor].node == os.path.realpath(names.twins[0].url)
    assert outcomes[0].serial == "SIM0000002"
    assert "No session held it" in str(outcomes[0])


def test_a_stop_by_such_a_name_stops_the_sessions_of_both_devices(names: Names) -> None:
    port = names.folder / "port"
    names.lead(port, names.twins[0].url)
    first = names.session(port)
    second = names.session(names.twins[1].url)
    names.lead(port, names.twins[1].url)
    outcomes = stopped(port)
    assert set(outcomes) == {first.supervisor, second.supervisor}
    assert not names.is_on(0)
    assert not names.is_on(1)


def test_a_stop_by_a_name_that_was_removed_reaches_the_session(names: Names) -> None:
    port = names.folder / "port"
    names.lead(port, names.twins[0].url)
    face = names.session(port)
    port.unlink()
    assert set(stopped(port)) == {face.supervisor}
    assert not names.is_on(0)


def test_a_frozen_session_whose_name_was_led_elsewhere_is_ended_and_its_device_stopped(
    names: Names,
) -> None:
    port = names.folder / "port"
    names.lead(port, names.twins[0].url)
    face = names.session(port)
    kill(face.pid, signal.SIGSTOP)  # or it would stop the device, too, and read half the answers
    kill(face.supervisor, signal.SIGSTOP)
    names.lead(port, names.twins[1].url)
    outcomes = stopped(port)
    assert set(outcomes) == {face.supervisor, 0}
    assert outcomes[face.supervisor].serial == "SIM0000001"
    assert not names.is_on(0)


@pytest.mark.parametrize(
    "by", broad(["first", "second", "folder", "other spelling", "node"], every=4)
)
def test_a_stop_by_any_name_on_the_way_reaches_the_session(names: Names, by: str) -> None:
    real = names.folder / "real"
    real.mkdir()
    names.lead(real / "second", names.twins[0].url)
    names.lead(names.folder / "linked", real)
    first = names.folder / "linked" / "first"
    names.lead(first, "second")
    face = names.session(first)
    names.lead(real / "second", names.twins[1].url)
    spelled: dict[str, str | Path] = {
        "first": first,
        "second": real / "second",
        "folder": real / "first",
        "other spelling": f"{names.folder}//linked/./first",
        "node": os.path.realpath(names.twins[0].url),
    }
    assert face.supervisor in stopped(spelled[by])
    assert not names.is_on(0)


@pytest.mark.broad
@pytest.mark.hazard("H61")
@pytest.mark.parametrize("how", broad(["led elsewhere", "removed", "a file"], every=3))
def test_a_session_whose_name_means_something_else_ends_at_verified_zero(
    names: Names, how: str
) -> None:
    port = names.folder / "port"
    names.lead(port, names.twins[0].url)
    face = names.session(port)
    moved_ns = time.monotonic_ns()
    if how == "led elsewhere":
        names.lead(port, names.twins[1].url)
    else:
        port.unlink()
        if how == "a file":
            port.touch()
    bye = face.wait_for("bye")
    assert (bye["reason"], bye["zero_verified"], bye["exit_code"]) == (NAME_MOVED, True, 3)
    assert names.zero_after_ms(0, moved_ns) <= 1500, "or its own watchdog did it"
    (journal,) = names.rig.journal.glob("*.jsonl")
    assert NAME_MOVED in journal.read_text()
    assert verify_journal(journal).ok
    assert b'"kind":"signature"' in additions_path(journal).read_bytes()


@pytest.mark.hazard("H03", "H61")
def test_a_face_whose_supervisor_dies_stops_the_device_it_had_not_the_name(names: Names) -> None:
    port = names.folder / "port"
    names.lead(port, names.twins[0].url)
    face = names.session(port)
    # It looks after its name, and would stop the device for that; a stopped one sees nothing.
    os.kill(face.supervisor, signal.SIGSTOP)
    before = [names.stops_heard(index) for index in (0, 1)]
    names.lead(port, names.twins[1].url)
    killed_ns = kill(face.supervisor)
    assert names.zero_after_ms(0, killed_ns) <= 300
    face.wait_for("zero_verified", lambda row: row.get("source") == "face")
    # Not by its watchdog, however late this process has got to the kill.
    until(lambda: names.stops_heard(0) > before[0])
    assert names.stops_heard(1) == before[1]


@pytest.mark.hazard("H61")
def test_a_session_that_lost_its_device_is_not_asked_for_the_next_device_of_that_number(
    names: Names,
) -> None:
    port = names.folder / "port"
    names.lead(port, names.twins[0].url)
    lost = names.session(port)
    keys = (device_key(names.twins[0].url), port_key(os.path.realpath(names.twins[0].url)))
    assert answers_at(keys) == {lost.supervisor}
    names.twins[0].end()
    lost.wait_for("state", lambda row: row["state"] == "unknown")
    # By now a test beside this one may have got that number for a twin of its own.
    assert lost.supervisor not in answers_at(keys)
    assert lost.supervisor in answers_at(port_keys(str(port)))


def answers_at(keys: Iterable[str]) -> set[int]:
    """The processes that listen under these keys without a folder."""
    found = set()
    for address in abstract_sockets(keys):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            if line.connect_ex(address) == 0:
                found.add(peer_of(line)[0])
    return found
