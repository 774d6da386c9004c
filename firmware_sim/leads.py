"""Leads that somebody pulls off a twin and puts back while it runs in real time, by a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from .twin import LocalTwin

#: How often the file is looked at.
LOOK_NS = 50_000_000


class Leads:
    """A twin; each line of the file is a channel whose leads are off. No file: all are on."""

    def __init__(self, twin: LocalTwin, file: Path) -> None:
        self._twin = twin
        self._file = file
        self._looked_ns = 0
        self._on: dict[int, Any] = {}  # what was on the channels that are off now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._twin, name)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by now_ns, at the leads, too."""
        self._twin.advance(now_ns)
        if now_ns - self._looked_ns < LOOK_NS:
            return
        self._looked_ns = now_ns
        off = self._read()
        for channel in off - self._on.keys():
            self._on[channel] = cast("Any", self._twin).load(channel)
            self._twin.set_load(channel, None)
        for channel in self._on.keys() - off:
            self._twin.set_load(channel, self._on.pop(channel))

    def deadline(self) -> int:
        """Return when to be woken next, in ns."""
        due, look = self._twin.deadline(), self._looked_ns + LOOK_NS
        return look if due is None else min(due, look)

    def _read(self) -> set[int]:
        try:
            text = self._file.read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return set()
        return {int(line) for line in text.split() if line.isdigit() and 1 <= int(line) <= 8}
