"""Random changes of a stored, signed session: what accidents do, and what somebody could do."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stimctl.records.additions import additions_path
from stimctl.records.rows import FIRST_PREVIOUS, digest_of

Lines = list[bytes]


@dataclass(frozen=True)
class Stored:
    """The two files of one session, line by line."""

    journal: tuple[bytes, ...]
    additions: tuple[bytes, ...]

    @classmethod
    def read(cls, journal: Path) -> Stored:
        files = (journal, additions_path(journal))
        return cls(*(tuple(file.read_bytes().splitlines(keepends=True)) for file in files))

    def write(self, journal: Path) -> None:
        journal.write_bytes(b"".join(self.journal))
        additions_path(journal).write_bytes(b"".join(self.additions))


@dataclass(frozen=True)
class Forged:
    """A changed session, and the row that has to be named; None where no row is another's."""

    what: str
    stored: Stored
    row: int | None


def change_a_byte(chance: random.Random, lines: Sequence[bytes]) -> tuple[Lines, int]:
    row = chance.randrange(len(lines))
    line = bytearray(lines[row])
    at = chance.randrange(len(line))
    line[at] ^= 1 << chance.randrange(8)
    return [*lines[:row], bytes(line), *lines[row + 1 :]], row


def change_a_digit(chance: random.Random, lines: Sequence[bytes]) -> tuple[Lines, int]:
    """It stays a row of good form: only its hash knows."""
    row = chance.randrange(len(lines))
    line = bytearray(lines[row])
    at = chance.choice([at for at, one in enumerate(line) if chr(one) in "123456789"])
    line[at] = ord(chance.choice([digit for digit in "123456789" if ord(digit) != line[at]]))
    return [*lines[:row], bytes(line), *lines[row + 1 :]], row


def take_a_row(chance: random.Random, lines: Sequence[bytes]) -> tuple[Lines, int]:
    row = chance.randrange(len(lines))
    return [*lines[:row], *lines[row + 1 :]], row


def double_a_row(chance: random.Random, lines: Sequence[bytes]) -> tuple[Lines, int]:
    row = chance.randrange(len(lines))
    return [*lines[: row + 1], *lines[row:]], row + 1


def swap_two_rows(chance: random.Random, lines: Sequence[bytes]) -> tuple[Lines, int]:
    first, second = sorted(chance.sample(range(len(lines)), 2))
    changed = list(lines)
    changed[first], changed[second] = changed[second], changed[first]
    return changed, first


def cut_the_tail(chance: random.Random, lines: Sequence[bytes]) -> tuple[Lines, int]:
    row = chance.randrange(len(lines))
    return [*lines[:row], lines[row][: chance.randrange(len(lines[row]))]], row


ACCIDENTS: tuple[Callable[[random.Random, Sequence[bytes]], tuple[Lines, int]], ...] = (
    change_a_byte, change_a_digit, take_a_row, double_a_row, swap_two_rows, cut_the_tail,
)  # fmt: skip


def accident(chance: random.Random, stored: Stored, *, journal_only: bool = False) -> Forged:
    """One random change in one of the two files, and the row it is in."""
    change = chance.choice(ACCIDENTS)
    is_journal = journal_only or chance.random() < 0.8
    lines, row = change(chance, stored.journal if is_journal else stored.additions)
    if is_journal:
        return Forged(change.__name__, Stored(tuple(lines), stored.additions), row)
    forged = Stored(stored.journal, tuple(lines))
    return Forged(f"{change.__name__} of the additions", forged, len(stored.journal) + row)


def rewritten(chance: random.Random, stored: Stored) -> Forged:
    """A value in one row is another, and every hash behind it is made again, with the additions."""
    row = chance.randrange(1, len(stored.journal))
    told = json.loads(stored.journal[row])
    line = json.dumps({**told, "data": {**told["data"], "level": -1}}).encode("ascii")
    lines = rechained([*stored.journal[:row], line, *stored.journal[row + 1 :]])
    added = rechained([*lines, *stored.additions])[len(lines) :]
    return Forged("rewritten with recomputed hashes", Stored(tuple(lines), tuple(added)), None)


def shortened(chance: random.Random, stored: Stored) -> Forged:
    """The rows before the closing row are taken away, and every hash behind them is made again."""
    keep = chance.randrange(1, len(stored.journal) - 1)
    lines = rechained([*stored.journal[:keep], stored.journal[-1]])
    added = rechained([*lines, *stored.additions])[len(lines) :]
    return Forged("removed tail with recomputed hashes", Stored(tuple(lines), tuple(added)), None)


def rechained(lines: Sequence[bytes]) -> Lines:
    """Numbers and hashes as a chain of these rows has them."""
    chained: Lines = []
    previous = FIRST_PREVIOUS
    for seq, line in enumerate(lines):
        row = {**json.loads(line), "seq": seq, "prev": previous}
        chained.append(json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n")
        previous = digest_of(chained[-1])
    return chained
