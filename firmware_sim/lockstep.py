"""A twin in lock-step on stdin and stdout: commands as lines in, JSON lines out.

The contract is docs/how-to/lock-step.md. Time moves only on `run`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from .firmware.recorder import Row
from .twin import Twin

#: Version of the contract, told in the first line.
CONTRACT = "firmware_sim.lockstep/1"
#: Longest command line in bytes: far more than any frame (1200 bytes) needs.
LONGEST_LINE = 65_536
#: Longest step: 100 days, beyond the wrap of a 32-bit millisecond clock.
LONGEST_RUN_US = 100 * 86_400 * 1_000_000

Line = dict[str, Any]


class RefusedError(Exception):
    """A command that cannot be obeyed; nothing has changed."""


class LockStep:
    """Obeys command lines on behalf of one twin. Times are us from 0."""

    def __init__(self, twin: Twin, device: str, keep: Callable[[Row], None] | None = None) -> None:
        """`keep`: takes every record row besides (a file)."""
        self._twin = twin
        self._device = device
        self._keep = keep
        self._now = 0
        self._commands: dict[str, Callable[[list[str]], Iterator[Line]]] = {
            "run": self._run,
            "tx": self._tx,
            "load": self._load,
            "reset": self._reset,
            "gone": self._gone,
            "off": self._off,
        }

    def hello(self) -> Line:
        """Return what is told once, before any command."""
        return {"t_us": 0, "hello": CONTRACT, "device": self._device}

    def obey(self, line: bytes) -> Iterator[Line]:
        """Obey one line; the last answer has "ok" or "error"."""
        try:
            word, *arguments = _words(line)
            command = self._commands.get(word)
            if command is None:
                raise RefusedError(f"{word[:40]!r}: give one of {', '.join(self._commands)}")
            yield from command(arguments)
        except RefusedError as refused:
            yield {"t_us": self._now, "error": str(refused)}
            return
        deadline = self._twin.deadline()
        yield {
            "t_us": self._now,
            "ok": True,
            "next_us": None if deadline is None else deadline // 1000,
            "stimulating": self._twin.stimulating,
        }

    def _run(self, arguments: list[str]) -> Iterator[Line]:
        until = self._now + _number(_only(arguments, "run <us>"), LONGEST_RUN_US)
        while (deadline := self._twin.deadline()) is not None and deadline <= until * 1000:
            self._now = max(self._now, deadline // 1000)
            yield from self._advance()
        self._now = until
        yield from self._advance()

    def _advance(self) -> Iterator[Line]:
        self._twin.advance(self._now * 1000)
        yield from self._told()

    def _tx(self, arguments: list[str]) -> Iterator[Line]:
        text = _only(arguments, "tx <hex>")
        try:
            data = bytes.fromhex(text)
        except ValueError as error:
            raise RefusedError(f"{text[:40]!r} is not hexadecimal: {error}") from error
        self._twin.receive(self._now * 1000, data)
        yield from self._told()

    def _load(self, arguments: list[str]) -> Iterator[Line]:
        if len(arguments) != 2:
            raise RefusedError("give: load <channel> <ohm or open>")
        channel, ohm = arguments
        load = None if ohm == "open" else _number(ohm, 10**9)
        try:
            self._twin.set_load(_number(channel, 10**9), load)
        except ValueError as error:
            raise RefusedError(str(error)) from error
        yield from self._told()

    def _reset(self, arguments: list[str]) -> Iterator[Line]:
        _nothing(arguments, "reset")
        reset = getattr(self._twin, "reset", None)
        if reset is None:
            raise RefusedError("no line of this device restarts it")
        reset(self._now * 1000)
        yield from self._told()

    def _gone(self, arguments: list[str]) -> Iterator[Line]:
        _nothing(arguments, "gone")
        self._twin.line_lost()
        yield from self._told()

    def _off(self, arguments: list[str]) -> Iterator[Line]:
        _nothing(arguments, "off")
        self._twin.power_off(self._now * 1000)
        yield from self._told()

    def _told(self) -> Iterator[Line]:
        """What the twin has to tell now: its rows, then its bytes."""
        out = self._twin.transmit()  # first, because with a wiretap it makes a row
        for row in self._twin.drain():
            if self._keep is not None:
                self._keep(row)
            yield {"t_us": self._now, "record": row}
        if out:
            yield {"t_us": self._now, "rx": out.hex()}


def serve_lockstep(lockstep: LockStep, source: BinaryIO, sink: BinaryIO) -> None:
    """Obey lines from `source` until it ends; OSError where `sink` does not take the answers."""
    _say(sink, lockstep.hello())
    sink.flush()
    while line := source.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = source.readline(LONGEST_LINE)
            line = b"\xff"  # answered as what it is: no command
        for answer in lockstep.obey(line):
            _say(sink, answer)
        sink.flush()


def _say(sink: BinaryIO, answer: Line) -> None:
    sink.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")


def _words(line: bytes) -> list[str]:
    try:
        words = line.decode("ascii").split()
    except UnicodeDecodeError as error:
        raise RefusedError("not a line of plain ASCII of reasonable length") from error
    if not words:
        raise RefusedError("an empty line")
    return words


def _only(arguments: list[str], form: str) -> str:
    if len(arguments) != 1:
        raise RefusedError(f"give: {form}")
    return arguments[0]


def _nothing(arguments: list[str], form: str) -> None:
    if arguments:
        raise RefusedError(f"give: {form}, alone")


def _number(text: str, highest: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > highest:
        raise RefusedError(f"{text[:40]!r}: give an integer from 0 to {highest}")
    return int(text)
