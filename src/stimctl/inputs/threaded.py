"""A thread that asks a source without a descriptor, and a pipe that tells whoever selects."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

Said = dict[str, Any]
_MOST_WAIT = 64
"""Newest win: what nobody reads in time is old anyway."""


class ThreadedReader:
    """Reads by `poll`, which may wait a little, until it raises or this is closed."""

    def __init__(self, poll: Callable[[], Sequence[Said]], close: Callable[[], None]) -> None:
        self._poll, self._let_go = poll, close
        self._heard: deque[tuple[int, Said]] = deque(maxlen=_MOST_WAIT)
        self._lost = ""
        self._ended = threading.Event()
        self._told, self._tell = os.pipe()
        os.set_blocking(self._told, False)
        os.set_blocking(self._tell, False)
        self._thread = threading.Thread(target=self._run, name="input", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """What becomes readable."""
        return self._told

    def read(self) -> Said | None:
        """The next sample, or None: nothing more has come. EOFError where the source is lost."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._told, _MOST_WAIT)
        try:
            heard_ns, said = self._heard.popleft()
        except IndexError:
            if self._lost:
                raise EOFError(self._lost) from None
            return None
        waited_us = (time.monotonic_ns() - heard_ns) // 1_000
        return {**said, "age_us": said.get("age_us", 0) + waited_us}

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._thread.join(1.0)
        if not self._thread.is_alive():
            self._let_go()
            os.close(self._told)
            os.close(self._tell)

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                for said in self._poll():
                    self._heard.append((time.monotonic_ns(), said))
                    self._wake()
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing is read any more
            self._lost = str(error) or repr(error)
            self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # it is full, so that it is readable
            os.write(self._tell, b"\0")
