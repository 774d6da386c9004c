"""The frames of a capture and of its twin: the same host bytes at the same times, fed in virtual
time, and what the device of either side said to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from firmware_sim.twin import LocalTwin
from stimctl.devices.family import family_row
from stimctl.errors import UsageError
from stimctl.records.captures import Capture, Kind
from stimctl.wire.dissector import Dissector, Json
from stimctl.wire.names import WIRES


class Piece(NamedTuple):
    """Bytes from a device at a time of the capture; `opening` counts how often the port opened."""

    t_ns: int
    opening: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """One frame of a device, complete at `t_ns`. `offset`: where it begins among all bytes that
    came from the device."""

    t_ns: int
    offset: int
    raw: bytes
    row: Json

    @property
    def name(self) -> str:
        """What kind of message it is."""
        return str(self.row.get("name") or f"unknown command {self.row.get('cmd')}")

    @property
    def is_damaged(self) -> bool:
        """Whether it is no frame, though meant to be one."""
        return "error" in self.row

    @property
    def key(self) -> tuple[object, ...]:
        """What two frames have in common that answer the same."""
        if self.is_damaged:
            return ("damaged", self.raw)
        if "cmd" not in self.row:
            return (self.raw,)
        return (self.row["cmd"], self.row["fields"].get("packet_number"))


@dataclass(frozen=True, slots=True)
class Frames:
    """All frames of one side, and the bytes at each end that never became one."""

    said: tuple[Said, ...]
    unfinished: tuple[Said, ...]


def dissector_of(family: str) -> Dissector:
    """The dissector of a family's wire; UsageError where there is none."""
    wire = family_row(family).wire
    if wire not in WIRES:
        raise UsageError(
            f"a capture of {family} cannot be compared field by field",
            why=f"its wire {wire!r} has no dissector in stimctl",
            what_to_do=f"give one of the wires {', '.join(WIRES)}",
        )
    return WIRES[wire]


def frames_of(pieces: Iterable[Piece], dissector: Dissector) -> Frames:
    """Put pieces together to frames. A frame does not go on after the port was opened again."""
    said: list[Said] = []
    unfinished: list[Said] = []
    reader, opening, offset, t_ns = dissector.device_reader(), 0, 0, 0

    def leave_rest() -> None:
        nonlocal offset
        if reader.rest:
            unfinished.append(Said(t_ns, offset, reader.rest, {"error": "unfinished"}))
            offset += len(reader.rest)

    for piece in pieces:
        if piece.opening != opening:
            leave_rest()
            reader, opening = dissector.device_reader(), piece.opening
        t_ns = piece.t_ns
        for raw, row in reader.feed(piece.data):
            said.append(Said(t_ns, offset, raw, row))
            offset += len(raw)
    leave_rest()
    return Frames(tuple(said), tuple(unfinished))


def pieces_of(capture: Capture) -> list[Piece]:
    """What the captured device said."""
    opening, pieces = 0, []
    for row in capture.rows:
        opening += row.kind is Kind.OPENED
        if row.kind is Kind.RECEIVED:
            pieces.append(Piece(row.t_ns, opening, row.data))
    return pieces


def replay(
    capture: Capture, twin: LocalTwin, *, shift_ns: int = 0, beyond_ns: int = 0
) -> list[Piece]:
    """Feed what the host sent to a twin, at the times of the capture; return what the twin said.

    What it says while the port is closed is among it. `shift_ns`: how long the twin has run when
    the capture begins. `beyond_ns`: how long it is heard after the end.
    """
    return _Replay(capture, twin, shift_ns).run(beyond_ns)


class _Replay:
    def __init__(self, capture: Capture, twin: LocalTwin, shift_ns: int) -> None:
        self._capture, self._twin, self._shift_ns = capture, twin, shift_ns
        self._opening = 0
        self._pieces: list[Piece] = []
        device: Any = getattr(twin, "device", twin)
        self._opened: Callable[[int], None] | None = getattr(device, "line_opened", None)

    def run(self, beyond_ns: int) -> list[Piece]:
        self._run_to(self._shift_ns - 1)
        self._pieces.clear()  # before the port was open
        for row in self._capture.rows:
            now_ns = row.t_ns + self._shift_ns
            self._run_to(now_ns)
            match row.kind:
                case Kind.SENT:
                    self._twin.receive(now_ns, row.data)
                case Kind.OPENED:
                    self._open(now_ns)
                case Kind.RESET:
                    self._reset(now_ns)
                case Kind.CLOSED:
                    self._twin.line_lost()
            self._keep(now_ns)
        self._run_to(self._capture.end_ns + self._shift_ns + beyond_ns)
        return self._pieces

    def _open(self, now_ns: int) -> None:
        self._opening += 1
        if self._capture.header.dtr_resets and self._opened is not None:
            self._opened(now_ns)

    def _reset(self, now_ns: int) -> None:
        reset = getattr(self._twin, "reset", None)
        if reset is not None:
            reset(now_ns)

    def _run_to(self, until_ns: int) -> None:
        while (due := self._twin.deadline()) is not None and due <= until_ns:
            self._twin.advance(due)
            self._keep(due)

    def _keep(self, now_ns: int) -> None:
        data = self._twin.transmit()
        if data:
            self._pieces.append(Piece(max(now_ns - self._shift_ns, 0), self._opening, data))
