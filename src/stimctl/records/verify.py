"""Reads a journal back and says what is wrong with it: torn, cut, altered, unfinished, or nothing.

Everything before the first damage is always readable; nothing after it is trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from stimctl.errors import IntegrityError
from stimctl.records.journal import Anchor
from stimctl.records.rows import (
    FIRST_PREVIOUS,
    LARGEST_ROW_BYTES,
    READABLE,
    SCHEMA,
    Row,
    RowError,
    unpack_row,
)
from stimctl.session.row_base import Kind


class Finding(StrEnum):
    """What can be wrong with a journal."""

    EMPTY = "empty"
    TORN = "torn"  # the last row is incomplete: a power cut, or a cut file
    UNREADABLE = "unreadable"  # a line inside the file is not a row
    CHAIN = "chain"  # a row does not follow from the one before it
    HEADER = "header"  # row 0 is not a header of a known schema
    AFTER_END = "after-end"  # rows behind the closing row
    UNFINISHED = "unfinished"  # no closing row: still running, or the program died
    SHORTER = "shorter-than-anchor"  # rows are missing that the catalogue has seen
    ALTERED = "differs-from-anchor"  # the row the catalogue has seen is another one
    MISSING = "missing"  # the file is gone, the catalogue knows it
    SWAPPED = "swapped"  # the file has the name of another session
    ADDITIONS = "additions"  # what was added after the end does not follow
    ADDITIONS_LOST = "additions-lost"  # additions are missing that the catalogue has seen
    SIGNATURE = "signature"  # a signature is not valid


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding, where it is, and in words."""

    finding: Finding
    row: int
    offset: int | None  # bytes from the start of the file; None where it has no place
    message: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "finding": self.finding.value,
            "row": self.row,
            "offset": self.offset,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """The result for one file. `rows` and `last_hash` cover what is sound and readable."""

    path: Path
    rows: int
    last_hash: str
    header: Row | None
    end: Row | None
    anchored: Anchor | None
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """True when the file is whole, in order, closed, and as long as its anchor says."""
        return not self.problems

    @property
    def unfinished_only(self) -> bool:
        """True when nothing is wrong but the missing closing row."""
        return bool(self.problems) and all(
            problem.finding is Finding.UNFINISHED for problem in self.problems
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "file": str(self.path),
            "ok": self.ok,
            "rows": self.rows,
            "last_hash": self.last_hash,
            "ended": self.end is not None,
            "anchored_rows": self.anchored.rows if self.anchored else None,
            "problems": [problem.as_dict() for problem in self.problems],
        }


def read_rows(path: Path) -> Iterator[Row | Problem]:
    """The rows of a journal in order; a damage ends them, as a last item of type Problem.

    Raises IntegrityError when the file cannot be opened or read at all.
    """
    try:
        with path.open("rb") as file:
            yield from _rows_of(file)
    except OSError as error:
        raise IntegrityError(
            f"the journal {path} cannot be read",
            why=error.strerror or str(error),
            what_to_do="Check that the file is there and yours, or restore it from a copy",
        ) from error


def verify_journal(path: Path, anchor: Anchor | None = None) -> Verification:
    """Check every row of a file, its closing row, and the anchor kept outside it.

    Raises IntegrityError when the file cannot be opened or read at all.
    """
    reading = _Reading(anchor)
    for item in read_rows(path):
        reading.take(item)
    return reading.result(path)


def rows_in(journal: bytes) -> Iterator[Row | Problem]:
    """The same from the bytes of a journal."""
    return _rows_of(BytesIO(journal))


def verify_bytes(path: Path, journal: bytes, anchor: Anchor | None = None) -> Verification:
    """The same as `verify_journal`, of bytes that are elsewhere now."""
    reading = _Reading(anchor)
    for item in rows_in(journal):
        reading.take(item)
    return reading.result(path)


def _rows_of(file: BinaryIO) -> Iterator[Row | Problem]:
    previous, seq, offset = FIRST_PREVIOUS, 0, 0
    while line := file.readline(LARGEST_ROW_BYTES + 1):
        try:
            row = unpack_row(line)
        except RowError as error:
            finding = Finding.UNREADABLE if line.endswith(b"\n") else Finding.TORN
            yield Problem(finding, seq, offset, f"row {seq}: {error}")
            return
        problem = out_of_order(row, seq, previous, offset)
        if problem is not None:
            yield _told_apart(problem, seq, row, file.readline(LARGEST_ROW_BYTES + 1))
            return
        yield row
        previous, seq, offset = row.digest, seq + 1, offset + len(line)


def out_of_order(row: Row, seq: int, previous: str, offset: int) -> Problem | None:
    """What is wrong where `row` is to be number `seq` and to follow from `previous`; or None."""
    if row.seq != seq:
        message = f"row {seq} carries the number {row.seq}: rows are missing or were moved"
    elif row.previous != previous:
        message = f"row {seq} does not follow from row {seq - 1}: one of them was altered"
    else:
        return None
    return Problem(Finding.CHAIN, seq, offset, message)


def _told_apart(problem: Problem, seq: int, row: Row, following: bytes) -> Problem:
    """Which of two rows was altered, where the row behind them tells: it has seen the second."""
    if row.seq != seq:
        return problem
    try:
        altered = seq - 1 if unpack_row(following).previous == row.digest else seq
    except RowError:
        return problem
    message = f"row {seq} does not follow from row {seq - 1}: row {altered} was altered"
    return Problem(problem.finding, seq, problem.offset, message)


class _Reading:
    """What has been seen of one file so far."""

    def __init__(self, anchor: Anchor | None) -> None:
        self._anchor = anchor
        self._rows = 0
        self._last_hash = FIRST_PREVIOUS
        self._hash_at_anchor: str | None = None
        self._header: Row | None = None
        self._end: Row | None = None
        self._problems: list[Problem] = []

    def take(self, item: Row | Problem) -> None:
        if isinstance(item, Problem):
            self._problems.append(item)
            return
        if self._rows == 0:
            self._take_header(item)
        elif self._end is not None:
            self._add(Finding.AFTER_END, f"row {item.seq} stands behind the closing row")
        if item.kind == Kind.END and self._end is None:
            self._end = item
        self._rows += 1
        self._last_hash = item.digest
        if self._anchor is not None and self._rows == self._anchor.rows:
            self._hash_at_anchor = item.digest

    def result(self, path: Path) -> Verification:
        if self._rows == 0 and not self._problems:
            self._add(Finding.EMPTY, "the file is empty")
        if self._end is None:
            self._add(
                Finding.UNFINISHED,
                "there is no closing row: the session is still running, or it did not end orderly",
            )
        self._compare_anchor()
        return Verification(
            path=path,
            rows=self._rows,
            last_hash=self._last_hash,
            header=self._header,
            end=self._end,
            anchored=self._anchor,
            problems=tuple(self._problems),
        )

    def _take_header(self, row: Row) -> None:
        self._header = row if row.kind == Kind.HEADER else None
        schema = row.data.get("schema")
        if self._header is None:
            self._add(Finding.HEADER, "the first row is not a header")
        elif schema not in READABLE:
            self._add(Finding.HEADER, f"the schema is {schema!r}; this program reads {SCHEMA!r}")

    def _compare_anchor(self) -> None:
        anchor = self._anchor
        if anchor is None or anchor.rows == 0:
            return
        if self._rows < anchor.rows:
            self._add(
                Finding.SHORTER,
                f"{self._rows} sound rows, but the catalogue has seen {anchor.rows}",
            )
        elif self._hash_at_anchor != anchor.last_hash:
            self._add(
                Finding.ALTERED, f"row {anchor.rows - 1} is not the one the catalogue has seen"
            )

    def _add(self, finding: Finding, message: str) -> None:
        self._problems.append(Problem(finding, self._rows, None, message))
