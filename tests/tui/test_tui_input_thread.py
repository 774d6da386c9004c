"""Bytes of a keyboard in the input thread, however they come apart: STOP is read there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Event
from types import SimpleNamespace

import pytest
from textual import events
from textual.message import Message

from stimctl.tui.stop_driver import StopDriver


class _Thread:
    """A driver's input thread without a terminal: it reads these bytes, then the terminal goes."""

    def __init__(self, fileno: int, parts: Iterator[bytes]) -> None:
        self.fileno, self.exit_event, self._debug = fileno, Event(), False
        self._parts = parts
        self.ended: list[str] = []
        self.seen: list[Message] = []
        self._face = SimpleNamespace(
            stop_line=SimpleNamespace(stop=self.ended.append), terminal_gone=lambda: None
        )

    def _read(self) -> bytes:
        return next(self._parts, b"")

    def process_message(self, message: Message) -> None:
        self.seen.append(message)


def keys_of(*parts: bytes) -> tuple[list[str | None], list[str]]:
    """The characters that the input thread hears, and what ended it."""
    reader, writer = os.pipe()
    try:
        os.write(writer, b"there is something to read")
        thread = _Thread(reader, iter(parts))
        StopDriver.run_input_thread(thread)  # type: ignore[arg-type]
    finally:
        os.close(reader)
        os.close(writer)
    return [one.character for one in thread.seen if isinstance(one, events.Key)], thread.ended


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("text", ["é", "中", "𝛀", "aé ", " é"])
def test_a_character_that_comes_in_pieces_ends_neither_the_keys_nor_stop(text: str) -> None:
    pieces = [bytes([one]) for one in text.encode()]
    heard, ended = keys_of(*pieces, b" ")
    assert heard == [*text, " "]
    assert ended == ["the terminal has gone"]


def test_bytes_that_are_no_text_are_told_as_such_and_the_next_key_is_heard() -> None:
    heard, _ = keys_of(b"\xff", b"\xc3", b" ", b"\xe4\xb8", b" ")
    assert heard.count(" ") == 2
