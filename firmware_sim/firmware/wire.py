"""What a fault must know of a wire to treat its frames as a whole; each family has one such row.

The frames of both ScienceModes begin, end and are stuffed alike (`frames`), and what lies inside
differs; where text is spoken, a line is a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: This many first bytes of a frame tell its length.
HEAD = 6


class Chance(Protocol):
    """Where numbers by chance come from."""

    def randrange(self, stop: int, /) -> int:
        """One of 0 .. stop - 1."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Where things are in a frame.

    body_at: offset of its stuffed body; checksum_at: of a byte of its checksum whose lowest bit
    may be anything. command: its command, from the first two plain bytes of the body. length: of
    the whole frame, from its first HEAD bytes. stops: the commands that end all output.
    other: what another program would write, by chance and by the number of a command (which a wire
    with other commands does not use).
    text: lines in place of frames; stop_begins: with what the one that ends all output begins.
    lacks: faults that mean nothing on this wire, and why.
    """

    body_at: int
    checksum_at: int
    command: Callable[[int, int], int]
    length: Callable[[bytes], int]
    stops: frozenset[int]
    other: Callable[[Chance, int], bytes]
    text: bool = False
    stop_begins: bytes = b""
    lacks: Mapping[str, str] = field(default_factory=dict)
