"""Textual's terminal driver, with STOP caught in its input thread before any message is made.

A busy event loop delays actions by up to 200 ms; the input thread sees a key within milliseconds.
An end of file on the terminal is a stop too (Textual's own loop would spin on it).
"""

from __future__ import annotations

import os
import re
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Any, Protocol, cast

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from stimctl.tui.model.guards import Taps
from stimctl.tui.model.stopping import StopLine

_LOOK_EVERY_S = 0.1
_MOST_BYTES = 4096
#: The kitty keyboard protocol: report repeats and releases too, besides what Textual asks for.
_REPORT_EVENT_TYPES = "\x1b[=2;2u"
_REPEATED, _RELEASED = "2", "3"
_EVENT_TYPE = re.compile(r"(\x1b\[[\d:]*;\d*):([1-3])((?:;[\d:]*)?[u~A-HPQS])")


class StoppableApp(Protocol):
    """What the driver needs of its app; all of it safe from the input thread."""

    stop_line: StopLine
    stop_keys: frozenset[str]
    taps: Taps

    def output_may_be_on(self) -> bool:
        """Whether a paste is a reason to stop."""

    def takes_space(self) -> bool:
        """An open text field takes a space, at zero only."""

    def terminal_gone(self) -> None:
        """Nobody can see or type any more."""

    def terminal_answered(self, at_ns: int) -> None:
        """The terminal has answered the probe's question."""


def key_time_ns(message: Message) -> int:
    """When a message was made, on the monotonic clock."""
    return int(message.time * 1e9)


class KeyEvent(events.Key):
    """A key that is held or was let go, told by the terminal (kitty keyboard protocol)."""

    def __init__(self, key: events.Key, kind: str) -> None:
        super().__init__(key.key, key.character)
        self.kind = kind


class EventTypeParser(XTermParser):
    """Textual's parser, which knows presses only; other types of key events it would choke on."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        told = _EVENT_TYPE.fullmatch(sequence)
        if told is None:
            yield from super()._sequence_to_key_events(sequence, alt)
            return
        for key in super()._sequence_to_key_events(told[1] + told[3], alt):
            yield key if told[2] not in (_REPEATED, _RELEASED) else KeyEvent(key, told[2])


class StopDriver(LinuxDriver):
    """`LinuxDriver` for a `StoppableApp`."""

    @property
    def _face(self) -> StoppableApp:
        return cast("StoppableApp", self._app)

    def process_message(self, message: Message) -> None:
        """In the input thread: STOP first, then what Textual does with the message."""
        if isinstance(message, events.CursorPosition):
            self._face.terminal_answered(key_time_ns(message))
            return
        if isinstance(message, KeyEvent):
            if message.kind == _RELEASED:
                self._face.taps.released(message.key, key_time_ns(message))
                return
            message = events.Key(message.key, message.character)  # of a list, or down: it counts
            self._face.taps.repeated(message.key, key_time_ns(message))
        if isinstance(message, events.Key) and self._stops(message.key):
            self._face.stop_line.key(message.key, key_time_ns(message))
        elif isinstance(message, events.Paste) and self._face.output_may_be_on():
            self._face.stop_line.stop("paste into the terminal")
        super().process_message(message)

    def _stops(self, key: str) -> bool:
        """A space is text in an open field while everything is at zero, and STOP otherwise."""
        return key in self._face.stop_keys and not (key == "space" and self._face.takes_space())

    def start_application_mode(self) -> None:
        """Ask for releases, too: with them a held key is told from taps."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if not constants.DISABLE_KITTY_KEY:
            self.write(_REPORT_EVENT_TYPES)
            self.flush()

    def run_input_thread(self) -> None:
        """Read keys until the app ends or the terminal goes."""
        selector = selectors.SelectSelector()
        selector.register(self.fileno, selectors.EVENT_READ)
        parser = EventTypeParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        try:
            while not self.exit_event.is_set():
                if selector.select(_LOOK_EVERY_S):
                    data = self._read()
                    if not data:
                        self._face.stop_line.stop("the terminal has gone")
                        self._face.terminal_gone()
                        return
                    # Half a character is no text yet, and no text would be the parser's end.
                    for event in parser.feed(text) if (text := decode(data)) else ():
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
        finally:
            selector.close()

    def terminal_size(self) -> Size:
        """The terminal's size now, whether or not it told of a change."""
        return Size(*self._get_terminal_size())

    def _get_terminal_size(self) -> tuple[int, int]:
        # The terminal itself: COLUMNS and LINES in the environment stay what they were when it
        # is resized, and Textual would believe them.
        try:
            size = os.get_terminal_size(self.fileno)
        except OSError:
            return super()._get_terminal_size()
        return size.columns, size.lines

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _MOST_BYTES)
        except OSError:
            return b""

    def _sigtstp_application(self, *arguments: Any) -> None:
        """A face that is put to sleep stops first; its beats would end half a second later."""
        self._face.stop_line.stop("SIGTSTP")
        super()._sigtstp_application(*arguments)
