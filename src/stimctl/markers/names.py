"""How a marker output is named: `lsl`, `lsl:NAME`, `line:/dev/ttyUSB1:rts` or `...:dtr`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from stimctl.errors import UsageError

LSL: Final = "lsl"
LINE: Final = "line"
RTS: Final = "rts"
DTR: Final = "dtr"
DEFAULT_STREAM: Final = "stimctl"


class MarkerName(NamedTuple):
    """One marker output. `where`: a stream's name or a port's path. `signal`: of a line only."""

    kind: str
    where: str
    signal: str = ""

    def __str__(self) -> str:
        """The name as `parse_marker` reads it again."""
        return f"{self.kind}:{self.where}" + (f":{self.signal}" if self.signal else "")


def parse_marker(text: str) -> MarkerName:
    """Take the name of a marker output apart. Raises `UsageError` that shows the right form."""
    kind, _, rest = text.strip().partition(":") if isinstance(text, str) else ("", "", "")
    name: MarkerName | None = None
    if kind == LSL:
        name = MarkerName(LSL, rest or DEFAULT_STREAM)
    elif kind == LINE:
        path, _, signal = rest.rpartition(":")  # a path may have colons of its own
        if signal.lower() in (RTS, DTR) and path.startswith("/") and "\0" not in path:
            name = MarkerName(LINE, path, signal.lower())
    if name is None:
        raise UsageError(
            f"{text!r} does not name a marker output",
            why="it is lsl, lsl:NAME, or line with an absolute path and rts or dtr",
            what_to_do="Write lsl, or line:/dev/ttyUSB1:rts",
        )
    return name


def parse_markers(texts: Sequence[str]) -> tuple[MarkerName, ...]:
    """All of them, each once. Raises `UsageError` for a name that is none."""
    return tuple(dict.fromkeys(parse_marker(text) for text in texts))
