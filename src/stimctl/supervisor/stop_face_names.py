"""How a stop face is named: `pedal:/dev/input/by-id/X`, `line:/dev/ttyUSB1:dsr[:normally-open]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stimctl.errors import UsageError

PEDAL, LINE = "pedal", "line"
DSR, CTS = "dsr", "cts"
DCD, RI = "dcd", "ri"
"""Lines of inputs only."""
_STOP_FACE = "stop face"
NORMALLY_OPEN, NORMALLY_CLOSED = "normally-open", "normally-closed"
_EXAMPLES = (
    "Write pedal:/dev/input/by-id/NAME for a USB pedal, or line:/dev/ttyUSB1:dsr for a button on a "
    "serial port; `stimctl stop-face list` shows what is there"
)


class StopFaceName(NamedTuple):
    """One stop face. `signal` and `normally_open` are of a line only. `role`: what it is for, where
    the same line is read for another purpose."""

    kind: str
    path: str
    signal: str = ""
    normally_open: bool = False
    role: str = _STOP_FACE

    def __str__(self) -> str:
        """The name in records and messages, which `parse_stop_face` reads again."""
        wiring = f":{NORMALLY_OPEN}" if self.normally_open else ""
        return f"{self.kind}:{self.path}" + (f":{self.signal}{wiring}" if self.signal else "")


def parse_stop_face(text: str) -> StopFaceName:
    """Take the name of a stop face apart. Raises `UsageError` that shows the right form."""
    kind, _, rest = text.strip().partition(":") if isinstance(text, str) else ("", "", "")
    name = StopFaceName(PEDAL, rest) if kind == PEDAL else _line(rest) if kind == LINE else None
    if name is None or not name.path.startswith("/") or "\0" in name.path:
        raise UsageError(
            f"{text!r} does not name a stop face",
            why="it is a kind (pedal or line), an absolute path and, for a line, dsr or cts",
            what_to_do=_EXAMPLES,
        )
    return name


def stop_face_options(texts: Sequence[str]) -> list[str]:
    """The options of a supervisor for these. Raises `UsageError` for a name that is none."""
    return [word for name in parse_stop_faces(texts) for word in ("--stop-face", str(name))]


def pressed(name: str) -> str:
    """The reason of a stop, as the record has it."""
    return f"{_STOP_FACE} {name} was pressed"


def parse_stop_faces(texts: Sequence[str]) -> tuple[StopFaceName, ...]:
    """All of them, each once. Raises `UsageError` for a name that is none."""
    return tuple(dict.fromkeys(parse_stop_face(text) for text in texts))


def _line(rest: str) -> StopFaceName | None:
    # From the right: a path may have colons of its own (/dev/serial/by-path).
    head, _, last = rest.rpartition(":")
    wiring = NORMALLY_CLOSED
    if last in (NORMALLY_OPEN, NORMALLY_CLOSED):
        wiring, (head, _, last) = last, head.rpartition(":")
    if last not in (DSR, CTS):
        return None
    return StopFaceName(LINE, head, last, wiring == NORMALLY_OPEN)
