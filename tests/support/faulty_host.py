"""A scripted host on a faulty line: it says the same whatever it hears, and notes everything."""

from __future__ import annotations

from typing import Any, NamedTuple

from firmware_sim.faults import FaultyTwin, parse_fault
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import Damage, Frame
from firmware_sim.situation import faulty_twin
from tests.support.frame_host import MS, Heard
from tests.support.twin_host import Host, biphasic, train, update

SECOND = 1000 * MS
TEN_MA = update(c1=train(biphasic(10)))


class FaultyHost(Host):
    """A host that hears damaged frames too, and keeps all bytes with their times."""

    twin: Any  # a twin with faults, which may be of any family

    def __init__(self, twin: Any) -> None:
        super().__init__(twin)
        self.damaged: list[tuple[int, str]] = []
        self.bytes: list[tuple[int, bytes]] = []

    def listen(self) -> None:
        data = self.twin.transmit()
        if data:
            self.bytes.append((self.now_us, data))
        for found in self._decoder.feed(data):
            if isinstance(found, Damage):
                self.damaged.append((self.now_us, found.kind))
            else:
                assert isinstance(found, Frame)
                self.heard.append(Heard(self.now_us, *found))

    def answers(self, command: int, since_us: int = 0) -> list[Heard]:
        """The answers to a command from a time on."""
        return [one for one in self.heard if one.command == command + 1 and one.at_us >= since_us]

    def say(self, command: int, data: bytes = b"", *, wait_us: int = 100 * MS) -> list[Heard]:
        """Send a command, wait, and return what came meanwhile."""
        before = len(self.heard)
        self.send(command, data)
        self.run_for(wait_us)
        return self.heard[before:]

    def stimulate(self, seconds: float, data: bytes = TEN_MA) -> None:
        """Keep the trains alive each quarter of a second, whatever comes back."""
        for _ in range(round(seconds * 4)):
            self.say(Command.ML_UPDATE, data, wait_us=250 * MS)

    def peak_ua(self, from_us: int, until_us: int) -> int:
        """The largest current on any channel in that time."""
        return self.ledger().peak_between_ua(from_us, until_us)


def host_with(*faults: str, **options: Any) -> FaultyHost:
    """A host of a twin that has these faults, with the mid level initialised at 100 ms."""
    host = FaultyHost(faulty_twin("p24", faults=[parse_fault(text) for text in faults], **options))
    host.say(Command.ML_INIT, b"\0")
    return host


class Session(NamedTuple):
    """What a host got in a scripted session, and the record."""

    heard: bytes
    timeline: list[tuple[int, bytes]]
    rows: list[tuple[int, dict[str, Any]]]
    changes: tuple[int, ...]

    def rows_until(self, until_us: int) -> list[dict[str, Any]]:
        """The rows that were made before a time, without those of the faults."""
        return [row for at_us, row in self.rows if at_us < until_us and row["kind"] != "fault"]

    def heard_until(self, until_us: int) -> list[tuple[int, bytes]]:
        return [(at_us, data) for at_us, data in self.timeline if at_us < until_us]


def perform(twin: Any, *, chunk: int | None = None, often: bool = True) -> Session:
    """Play a session of 27 s with every kind of command in it; `often`: wake at deadlines."""
    player = _Player(twin, chunk, often)
    player.wait(0)
    player.send(Command.ML_INIT, b"\0", 100 * MS)
    for turn in range(80):  # more than the 64 packet numbers
        player.send(Command.ML_UPDATE, TEN_MA, 125 * MS)
        player.send(
            (Command.GET_STIM_STATUS, Command.ML_GET_CURRENT_DATA)[turn % 2], b"\4", 125 * MS
        )
    player.send(Command.ML_STOP, b"", 100 * MS)
    player.send(Command.GET_DEVICE_ID, b"", 100 * MS)
    player.send(Command.ML_INIT, b"\0", 100 * MS)
    player.send(Command.ML_UPDATE, TEN_MA, 6 * SECOND)
    changes = tuple(count for _, count in twin.changes) if isinstance(twin, FaultyTwin) else ()
    timeline = player.host.bytes
    return Session(b"".join(data for _, data in timeline), timeline, player.rows, changes)


class _Player:
    def __init__(self, twin: Any, chunk: int | None, often: bool) -> None:
        self.host = FaultyHost(twin)
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self._chunk = chunk
        self._often = often

    def send(self, command: int, data: bytes, then_us: int) -> None:
        wire = self._wire(command, data)
        size = self._chunk or len(wire)
        for at in range(0, len(wire), size):
            self.host.send_bytes(wire[at : at + size])
        self.wait(then_us)

    def wait(self, time_us: int) -> None:
        host, twin = self.host, self.host.twin
        until_us = host.now_us + time_us
        while self._often and (due := twin.deadline()) is not None and due <= until_us * 1000:
            host.now_us = max(host.now_us, due // 1000)
            twin.advance(due)
            host.listen()
            self._note()
        host.now_us = until_us
        twin.advance(until_us * 1000)
        host.listen()
        self._note()

    def _note(self) -> None:
        self.rows += [(self.host.now_us, row) for row in self.host.twin.drain()]

    def _wire(self, command: int, data: bytes) -> bytes:
        from firmware_sim.firmware.sciencemode4_frames import encode

        self.host._number = (self.host._number + 1) % 64
        return encode(self.host._number, command, data)
