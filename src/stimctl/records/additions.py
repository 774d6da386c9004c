"""What is added to a session after its end: signatures, countersignatures, amendments.

They stand in a file of their own beside the journal, `SESSION.additions`, which continues its hash
chain: the first row has the number and the hash that would come next in the journal. So a closed
journal is never written again, and programs that know nothing of additions read it as before.

A signed row ends with `,"signature":"<128 hex digits>"}}` and a newline. What is signed are the
bytes `stimctl.additions/1`, a newline, and the row without that member.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from stimctl.errors import JournalError
from stimctl.records.file_lock import locked_file
from stimctl.records.journal import Anchor
from stimctl.records.rows import (
    SUFFIX,
    Row,
    RowError,
    digest_of,
    pack_row,
    unpack_row,
)
from stimctl.records.storage import LocalFileSystem
from stimctl.records.verify import Finding, Problem, out_of_order

SCHEMA: Final = "stimctl.additions/1"
ADDITIONS_SUFFIX: Final = ".additions"
_LOCK_WITHIN_S: Final = 1.0
_SIGNED: Final = re.compile(rb',"signature":"([0-9a-f]{128})"\}\}\n\Z')
_DOMAIN: Final = SCHEMA.encode("ascii") + b"\n"

Sign = Callable[[bytes], bytes]


class Added(StrEnum):
    """The kinds of rows in such a file."""

    SIGNATURE = "signature"  # the station signs what the journal was at its end
    UNSIGNED = "unsigned"  # why it could not
    COUNTERSIGNATURE = "countersignature"  # a person signs, with a meaning
    AMENDMENT = "amendment"  # what somebody has to add to the record


@dataclass(frozen=True, slots=True)
class Addition:
    """One row, and its own bytes."""

    row: Row
    line: bytes

    @property
    def is_known(self) -> bool:
        """Whether it is a kind and a schema of this program."""
        return self.row.kind in set(Added) and self.row.data.get("schema") == SCHEMA


@dataclass(frozen=True, slots=True)
class Additions:
    """All sound rows of one file, and the damage that ends them."""

    rows: tuple[Addition, ...]
    end: Anchor
    problem: Problem | None


def additions_path(journal: Path) -> Path:
    """The file beside this journal."""
    return journal.with_name(journal.name.removesuffix(SUFFIX) + ADDITIONS_SUFFIX)


def read_additions(lines: Sequence[bytes], journal: Anchor, *, strict: bool = True) -> Additions:
    """The rows that follow from the journal whose sound rows end at `journal`.

    Not `strict`: from whatever the first row says that it follows from, so that they can be read
    beside a damaged journal.
    """
    taken: list[Addition] = []
    end, offset = journal if strict else _claimed(lines, journal), 0
    for line in lines:
        try:
            row = unpack_row(line)
        except RowError as error:
            finding = Finding.UNREADABLE if line.endswith(b"\n") else Finding.TORN
            return Additions(
                tuple(taken), end, Problem(finding, end.rows, offset, f"row {end.rows}: {error}")
            )
        problem = out_of_order(row, end.rows, end.last_hash, offset)
        if problem is not None:
            return Additions(tuple(taken), end, problem)
        taken.append(Addition(row, line))
        end, offset = Anchor(row.seq + 1, row.digest), offset + len(line)
    return Additions(tuple(taken), end, None)


def _claimed(lines: Sequence[bytes], journal: Anchor) -> Anchor:
    """What the first row says that it follows from."""
    try:
        first = unpack_row(lines[0])
    except (RowError, IndexError):
        return journal
    return Anchor(first.seq, first.previous)


def lines_of(path: Path) -> list[bytes]:
    """The lines of the file; none where there is no file. Raises JournalError."""
    try:
        return io.BytesIO(path.read_bytes()).readlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _not_now(path, error) from error


def signed_part(line: bytes) -> tuple[bytes, bytes] | None:
    """What is signed, and the signature; None where the row carries none."""
    found = _SIGNED.search(line)
    if found is None:
        return None
    return _DOMAIN + line[: found.start()] + b"}}\n", bytes.fromhex(found[1].decode("ascii"))


def append(
    path: Path,
    journal: Anchor,
    now_ns: int,
    kind: Added,
    data: Mapping[str, Any],
    sign: Sign | None,
    after: str = "",
) -> Anchor:
    """Add one row, durable, and return what the file goes to now.

    `after`: the hash of the row that it has to follow, "" for whichever is the last.

    A last row without its end was never told to anybody (the power was cut while it was written);
    it gives way. Raises JournalError where the file cannot be written, or is damaged otherwise.
    """
    try:
        with locked_file(path, _LOCK_WITHIN_S, os.O_APPEND) as file:
            found = read_additions(lines_of(path), journal)
            if found.problem is not None:
                if found.problem.finding is not Finding.TORN or found.problem.offset is None:
                    raise JournalError(
                        f"nothing can be added to {path}",
                        why=found.problem.message,
                        what_to_do="look at it with: stimctl sessions verify",
                    )
                os.ftruncate(file, found.problem.offset)
            if after not in ("", found.end.last_hash):
                raise JournalError(
                    f"nothing was added to {path}",
                    why="another program has added something at the same time",
                    what_to_do="look at the session again, then repeat it",
                )
            line = _line(found.end, now_ns, kind, data, sign)
            if os.write(file, line) != len(line):
                raise OSError(0, "the row was cut short")
            os.fsync(file)
            LocalFileSystem().sync_folder(path.parent)
            return Anchor(found.end.rows + 1, digest_of(line))
    except OSError as error:
        raise _not_now(path, error) from error
    except RowError as error:
        raise JournalError(f"nothing can be added to {path}", why=str(error)) from error


def _line(
    end: Anchor, now_ns: int, kind: Added, data: Mapping[str, Any], sign: Sign | None
) -> bytes:
    told = {"schema": SCHEMA, **data}
    line = pack_row(end.rows, end.last_hash, now_ns, 0, kind.value, told)
    if sign is None:
        return line
    signature = sign(_DOMAIN + line).hex()
    return line.removesuffix(b"}}\n") + f',"signature":"{signature}"}}}}\n'.encode("ascii")


def _not_now(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"{path} cannot be read or written now",
        why=error.strerror or str(error),
        what_to_do="Check that the folder is yours, writable and not full; then try again",
    )
