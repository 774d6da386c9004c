"""Asks whoever sits at the terminal of the face: characters are shown there, and typed there.

The supervisor shows and reads them itself, on the terminal's own device. They never pass through
the face, so a program that speaks to the supervisor, or a loop, cannot answer.
"""

from __future__ import annotations

import os
import secrets
import select
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# No letters and digits that look alike.
_LETTERS = "ACDEFHJKLMNPRTUVWXY34679"
_LENGTH = 4
_TRIES = 3
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """How it ended: `by` says who answered, "" where nobody did; then `why` says why."""

    by: str
    why: str = ""


class Presence:
    """One question at a time, in a thread of its own. `post` takes the outcome; must not wait."""

    def __init__(self, post: Callable[[Asked], None]) -> None:
        self._post = post
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()

    @property
    def asking(self) -> bool:
        """A question is open."""
        return self._thread is not None and self._thread.is_alive()

    def ask(self, terminal: str, about: str, within_s: float) -> None:
        """Put the question to `terminal` unless one is open."""
        if self.asking:
            return
        self._cancelled.clear()
        self._thread = threading.Thread(
            target=self._run, args=(terminal, about, within_s), name="presence", daemon=True
        )
        self._thread.start()

    def cancel(self) -> None:
        """Nobody needs the answer any more."""
        self._cancelled.set()

    def _run(self, terminal: str, about: str, within_s: float) -> None:
        outcome = Asked("", "the terminal cannot be used")
        try:
            outcome = ask_at(terminal, about, within_s, cancelled=self._cancelled.is_set)
        except (OSError, termios.error) as error:
            outcome = Asked("", f"the terminal cannot be used: {error}")
        finally:
            self._post(outcome)


def ask_at(
    terminal: str, about: str, within_s: float, *, cancelled: Callable[[], bool] = lambda: False
) -> Asked:
    """Show characters on a terminal and wait until they are typed there. Raises OSError."""
    fd = os.open(terminal, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        give_up = time.monotonic() + within_s
        for _ in range(_TRIES):
            wanted = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
            termios.tcflush(fd, termios.TCIFLUSH)  # what was typed before is no answer
            left = max(0, round(give_up - time.monotonic()))
            _say(
                fd, f"\a{about}\r\nTo say that you are here type  {wanted}  and Enter ({left} s): "
            )
            typed = _line(fd, give_up, cancelled)
            if typed is None:
                _say(fd, "\r\nnobody has answered\r\n")
                return Asked("", f"nobody answered at {terminal} within {within_s:.0f} s")
            if typed.strip().upper() == wanted:
                _say(fd, "thank you\r\n")
                return Asked(f"terminal {terminal}")
        return Asked("", f"what was typed at {terminal} was wrong {_TRIES} times")
    finally:
        os.close(fd)


def _say(fd: int, text: str) -> None:
    ready = select.select([], [fd], [], 0.5)[1]
    if ready:
        os.write(fd, b"\r\n" + text.encode("ascii", "replace"))


def _line(fd: int, give_up: float, cancelled: Callable[[], bool]) -> str | None:
    """One line, in whatever mode the terminal is; None when time is over."""
    heard = b""
    while (left := give_up - time.monotonic()) > 0 and not cancelled():
        if not select.select([fd], [], [], min(left, 0.1))[0]:
            continue
        try:
            data = os.read(fd, _LONGEST_LINE)
        except BlockingIOError:
            continue
        if not data:  # Ctrl-D, or the terminal is gone
            return None
        heard = (heard + data)[-_LONGEST_LINE:]
        if b"\n" in heard or b"\r" in heard:
            return heard.replace(b"\r", b"\n").split(b"\n")[0].decode("ascii", "replace")
    return None
