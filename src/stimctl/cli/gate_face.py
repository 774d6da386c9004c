"""The line-mode face of `stimctl gate`: one person at the keyboard, one hand on the unit's switch.

It beats from its own loop: where that loop stops, the session does. SPACE on a terminal, an empty
line, and Ctrl-C are STOP.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from stimctl.cli.gate_words import GateWords
from stimctl.cli.output import put
from stimctl.errors import StimctlError
from stimctl.keyboard import is_ours
from stimctl.quantity import format_intensity
from stimctl.records.delivered import HOW, Delivered, describe
from stimctl.supervisor.view import SessionView

if TYPE_CHECKING:
    from stimctl.supervisor.client import SupervisorClient

_LOOP_S = 0.05
_STOP_BYTES = frozenset(b" \x03\x18")
HELP = (
    "1, 2: which channel. up, down: one percent. zero: that channel off. pause, resume, link, "
    "unlink, felt, found SITE, leads-checked, attend, status, arm, go (after a stop: go-on with "
    "what is left, or go-anew), acknowledge WHY, quit. SPACE or an empty line: STOP"
)


_START_FROM = {"go-anew": "beginning", "go-on": "what-is-left"}


class GateFace:
    """Reads words, beats, and says what happens, until the session or the person ends it."""

    def __init__(self, client: SupervisorClient, words: GateWords, channels: list[int]) -> None:
        self._client = client
        self._words = words
        self._view = SessionView()
        self.delivered = Delivered()
        self._channels = channels
        self._channel = channels[0]
        self._line = b""
        self.leaving = False
        self._plain: dict[str, str] = {
            "arm": "arm", "go": "start", "pause": "pause", "resume": "resume", "unlink": "unlink",
            "attend": "attend", "leads-checked": "leads_checked",
        }  # fmt: skip
        self._own: dict[str, Callable[[], None]] = {
            "up": lambda: self._step(1), "down": lambda: self._step(-1), "zero": self._zero,
            "link": lambda: self._ask("link", channels=self._channels), "quit": self._quit,
            "felt": lambda: self._ask("felt", channel=self._channel), "status": self._status,
            "help": lambda: put(HELP), "stop": self.stop, "": self.stop,
        }  # fmt: skip

    def run(self) -> None:
        """Until it is left or the supervisor has ended."""
        with _keys() as typed:
            while not self.leaving and self._client.exit_code is None:
                self._client.beat()
                self._show()
                if typed and not is_ours():
                    self._lost_keyboard()
                    break
                ready, _, _ = select.select([0], [], [], _LOOP_S)
                if ready:
                    self._read(typed=typed)
            self._show()

    def _lost_keyboard(self) -> None:
        put("STOP: the keyboard is another program's now")
        self.stop()
        self.leaving = True

    def stop(self) -> None:
        """Everything off."""
        self._line = b""
        self._ask("stop", reason="operator")

    def put_acknowledged(self) -> None:
        """What the device has acknowledged, once the session is over."""
        self._show()
        for channel, told in self.delivered.by_channel.items():
            put(f"channel {channel} acknowledged: {describe(told)}, {HOW}")

    def _show(self) -> None:
        for row in self._client.rows(0.001):
            self._view.take(row)
            self.delivered.take(row["kind"], row)
            said = self._words.of(row)
            if said:
                put(said)
        sys.stdout.flush()

    def _read(self, *, typed: bool) -> None:
        data = os.read(0, 4096)
        if not data:
            self.stop()
            self.leaving = True
        for byte in data:
            if typed and byte in _STOP_BYTES and not (byte == 0x20 and self._line):
                self.stop()
            elif byte in b"\r\n":
                line, self._line = self._line.decode("utf-8", "replace").strip(), b""
                self.obey(line)
            elif byte in b"\x7f\x08":
                self._line = self._line[:-1]
            else:
                self._line = (self._line + bytes((byte,)))[-200:]

    def obey(self, line: str) -> None:
        """One typed line."""
        word, _, rest = line.partition(" ")
        if word.isdigit() and int(word) in self._channels:
            self._channel = int(word)
            put(f"channel {word}")
        elif word in self._plain:
            self._ask(self._plain[word])
        elif word in _START_FROM:
            self._ask("start", **{"from": _START_FROM[word]})
        elif word == "acknowledge":
            self._ask("acknowledge", reason=rest)
        elif word == "found":
            self._ask("found", channel=self._channel, site=rest.strip())
        elif word in self._own:
            self._own[word]()
        else:
            put(f"{word!r} is no word. {HELP}")

    def _ask(self, do: str, **fields: Any) -> None:
        try:
            self._client.ask(do, 2.0, **fields)
        except StimctlError as error:
            put(f"refused: {error}")

    def _step(self, by: int) -> None:
        to = max(0, self._view.plateau(self._channel) + by)
        known = {"since": self._view.model.newest_event} if by > 0 else {}
        do = "raise" if by > 0 else "lower"
        self._ask(do, channel=self._channel, level=format_intensity(to), **known)

    def _zero(self) -> None:
        self._ask("lower", channel=self._channel, level="0 %")

    def _status(self) -> None:
        put(f"{self._client.state}, link and echo as told above")
        for channel in self._channels:
            now = self._view.plateau(channel) if self._client.state != "unknown" else None
            told = "not known" if now is None else self._words.percent(channel, now)
            put(f"channel {channel}: {told}")

    def _quit(self) -> None:
        self.stop()
        self.leaving = True


@contextlib.contextmanager
def _keys() -> Iterator[bool]:
    """On a terminal: keys as they come, so that SPACE is a stop. Yields whether it is one."""
    if not os.isatty(0):
        yield False
        return
    before = termios.tcgetattr(0)
    raw: list[Any] = termios.tcgetattr(0)
    raw[3] &= ~termios.ICANON
    try:
        termios.tcsetattr(0, termios.TCSANOW, raw)
        yield True
    finally:
        with contextlib.suppress(termios.error):
            if is_ours():  # else it is another program's terminal now
                termios.tcsetattr(0, termios.TCSANOW, before)
