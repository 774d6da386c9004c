"""What this station has recorded, in order, and what the order lacks. Pure, but for the listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stimctl.records.catalogue import Catalogue, Entry
from stimctl.records.numbers import last_number, number_of, order_of
from stimctl.records.rows import SUFFIX


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One session of this station. `path` is None where its file is gone."""

    session: str
    number: int
    path: Path | None
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class OwnSessions:
    """All of them, in the order in which they began, and the last number that was given out."""

    sessions: tuple[OwnSession, ...]
    last_number: int


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers of sessions, both ends included."""

    first: int
    last: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def list_own(folder: Path) -> OwnSessions:
    """Files and catalogue together. Reads no journal. Raises IntegrityError, JournalError."""
    known: Mapping[str, Entry] = {}
    if folder.is_dir():
        known = {entry.session: entry for entry in Catalogue(folder).entries()}
    files = {path.name.removesuffix(SUFFIX): path for path in folder.glob("*" + SUFFIX)}
    sessions = tuple(
        OwnSession(name, number_of(name), files.get(name), known.get(name))
        for name in sorted(known.keys() | files.keys(), key=order_of)
    )
    return OwnSessions(sessions, last_number(folder))


def gap_before(number: int, complete_to: int) -> Span | None:
    """The numbers that are missing before this one, where the server has all up to `complete_to`.

    A session from before there were numbers has the number 0, and nothing is missing before it.
    """
    return Span(complete_to + 1, number - 1) if number > complete_to + 1 else None


def is_explained(number: int, absences: Iterable[Span]) -> bool:
    """Whether somebody has said why this number is missing."""
    return any(number in one for one in absences)


def parse_span(text: str) -> Span | None:
    """`7` or `7-9`; None for anything else."""
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        return None
    span = Span(int(first), int(last or first))
    return span if 1 <= span.first <= span.last else None
