"""The escapes of both ScienceMode generations: the bytes a body may not hold, and how it says them.

Imports nothing, because `stimctl stop` must put its first byte on the line within 60 ms of process
start, and frames of its own need no more than this.

Sources: the P24 Instructions for Use v1.1 [IFU] and the ScienceMode2 protocol 1.24 [DOC] for the
constants and the stuffing (both M+).
"""

from __future__ import annotations

START = 0xF0
STOP = 0x0F
STUFF = 0x81
KEY = 0x55

START_BYTE = bytes((START,))
STUFF_BYTE = bytes((STUFF,))
STOP_BYTE = bytes((STOP,))
STOP_BYTES = bytes((STOP, STOP))
"""Ends whatever half frame came before: the first may be swallowed as an escaped byte, the second
then ends that frame. Between frames a stop byte means nothing [POLICY]."""

_STUFF_STUFFED = bytes((STUFF, STUFF ^ KEY))
_START_STUFFED = bytes((STUFF, START ^ KEY))
_STOP_STUFFED = bytes((STUFF, STOP ^ KEY))


def stuffed(plain: bytes) -> bytes:
    """Return `plain` with each START, STOP and STUFF as a marker and the byte XOR KEY."""
    # The marker goes first, or the markers put in for the other two would be escaped again.
    return (
        plain.replace(STUFF_BYTE, _STUFF_STUFFED)
        .replace(START_BYTE, _START_STUFFED)
        .replace(STOP_BYTE, _STOP_STUFFED)
    )


def unstuffed(body: bytes) -> bytes:
    """Undo the escapes. Any byte may follow a marker; a marker at the very end is dropped."""
    plain = bytearray()
    taken = 0
    while (marker := body.find(STUFF_BYTE, taken)) >= 0:
        plain += body[taken:marker]
        plain += bytes(byte ^ KEY for byte in body[marker + 1 : marker + 2])
        taken = marker + 2
    return bytes(plain + body[taken:])


def refused(what: str, why: str) -> Exception:
    """Return the error for what does not fit a frame."""
    # Imported late: the error tree is needed only where something is wrong.
    from stimctl.errors import WireFormatError

    return WireFormatError(what, why=why)
