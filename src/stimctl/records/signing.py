"""Signs closed sessions and adds to them: signature, countersignature, amendment.

Nothing in here is in the way of a session: a key that cannot be used is told in a row of its own
("unsigned", with the reason), and the session is signed when that is mended.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from stimctl.errors import IntegrityError, StimctlError, UsageError
from stimctl.records.additions import (
    ADDITIONS_SUFFIX,
    Added,
    additions_path,
    append,
    lines_of,
    read_additions,
)
from stimctl.records.catalogue import Catalogue
from stimctl.records.journal import Anchor
from stimctl.records.numbers import order_of
from stimctl.records.rows import (
    FIRST_PREVIOUS,
    LARGEST_ROW_BYTES,
    SUFFIX,
    RowError,
    unpack_row,
    utc_text,
)
from stimctl.records.signers import Signer
from stimctl.records.station_keys import StationKey, open_key
from stimctl.records.storage import is_being_written
from stimctl.records.verify import Verification, verify_journal

LONGEST_NOTE: Final = 2_000
_CATALOGUE_WITHIN_S: Final = 0.25


class Made(StrEnum):
    """When the station has signed."""

    AT_END = "at-end"
    AT_RECOVERY = "at-recovery"  # the program died before it could; signed as it was found
    LATER = "later"


class Meaning(StrEnum):
    """What a person signs for."""

    PERFORMED = "performed"
    REVIEWED = "reviewed"


def sign_at_end(state: Path, journal: Path, end: Anchor, now_ns: int) -> str:
    """Sign a session whose closing row has just been written; "" or why it is not signed.

    `end`: its row count and last hash, from the writer. Raises nothing that stimctl knows of.
    """
    about = _about(journal, end, "")
    try:
        key = _usable_key(state, now_ns)
    except (StimctlError, OSError, ImportError) as error:
        # Without the path of the key: it may hold the name of a user.
        reason = getattr(error, "why", "") or getattr(error, "strerror", "") or str(error)
        try:
            _add(journal, end, now_ns, Added.UNSIGNED, {**about, "reason": reason}, None)
        except (StimctlError, OSError) as worse:
            return f"{error}; {worse}"
        return str(error)
    try:
        _sign(journal, end, now_ns, Made.AT_END, about, key)
    except (StimctlError, OSError) as error:
        return str(error)
    return ""


def sign_session(state: Path, journal: Path, now_ns: int) -> None:
    """Sign a session as it stands, if it is sound and no longer written.

    Raises IntegrityError, KeyFileError, JournalError, UsageError.
    """
    found, tail = _sound(journal)
    end = Anchor(found.rows, found.last_hash)
    if _has_signature(journal):
        raise UsageError("the session is signed already")
    made = Made.LATER if found.end is not None else Made.AT_RECOVERY
    _sign(journal, end, now_ns, made, _about(journal, end, tail), _usable_key(state, now_ns))


def sign_what_was_left(state: Path, folder: Path, now_ns: int, most: int) -> int:
    """Sign sessions that ended without a signature since there is a station key: after a crash.

    The newest `most` at once; returns how many. A session from before there was a key stays as it
    is: a signature made years later would say nothing. Raises KeyFileError.
    """
    key = _usable_key(state, now_ns)
    newest = sorted(folder.glob("*" + SUFFIX), key=lambda path: order_of(path.stem), reverse=True)
    signed = 0
    for journal in newest[: 10 * most]:
        if signed == most or _began(journal) < key.public.since:
            break
        with contextlib.suppress(StimctlError, OSError):  # damaged, or still running
            if not _has_signature(journal):
                sign_session(state, journal, now_ns)
                signed += 1
    return signed


def _began(journal: Path) -> str:
    """When, as UTC text; "" where that cannot be read."""
    try:
        with journal.open("rb") as file:
            return unpack_row(file.readline(LARGEST_ROW_BYTES)).t
    except (OSError, RowError):
        return ""


def amend(
    state: Path,
    journal: Path,
    now_ns: int,
    note: str,
    by: str = "",
    about_row: int | None = None,
) -> None:
    """Add a note to a session. What stands is not touched.

    Raises UsageError, IntegrityError, KeyFileError, JournalError.
    """
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise UsageError(
            "this is no amendment",
            why=f"a note has 1 to {LONGEST_NOTE} characters",
            what_to_do="say in it what is right, and why",
        )
    found, tail = _sound(journal)
    if about_row is not None and not 0 <= about_row < found.rows:
        raise UsageError(
            f"there is no row {about_row}", why=f"the rows of the session are 0 to {found.rows - 1}"
        )
    end = Anchor(found.rows, found.last_hash)
    data = {**_about(journal, end, tail), "by": by, "note": note, "about_row": about_row}
    key = _usable_key(state, now_ns)
    _sign_if_missing(journal, found, now_ns, tail, key)
    _add(journal, end, now_ns, Added.AMENDMENT, data, key)


def countersign(state: Path, journal: Path, now_ns: int, signer: Signer, meaning: Meaning) -> None:
    """A person signs the session and everything added so far.

    Raises UsageError, IntegrityError, KeyFileError, JournalError.
    """
    from stimctl.records.evidence import person_statement

    found, tail = _sound(journal)
    end = Anchor(found.rows, found.last_hash)
    key = _usable_key(state, now_ns)
    _sign_if_missing(journal, found, now_ns, tail, key)
    before = read_additions(lines_of(additions_path(journal)), end).end.last_hash
    data: dict[str, Any] = {
        **_about(journal, end, tail),
        "by": signer.code,
        "meaning": meaning.value,
        "at": utc_text(now_ns),
        "person_key": signer.fingerprint,
        "person_public_key": signer.public.hex(),
    }
    data["person_signature"] = signer.sign(person_statement(data, before)).hex()
    _add(journal, end, now_ns, Added.COUNTERSIGNATURE, data, key, after=before)


def _has_signature(journal: Path) -> bool:
    """Whether a row says so; what it is worth is another question."""
    lines = lines_of(additions_path(journal))
    rows = read_additions(lines, Anchor(0, FIRST_PREVIOUS), strict=False).rows
    return any(one.row.kind == Added.SIGNATURE for one in rows)


def tail_sha256(journal: Path, found: Verification) -> str:
    """SHA-256 (hex) of what stands behind the last sound row; "" for nothing."""
    offset = next((one.offset for one in found.problems if one.offset is not None), None)
    if offset is None:
        return ""
    with journal.open("rb") as file:
        file.seek(offset)
        rest = file.read()
    return hashlib.sha256(rest).hexdigest() if rest else ""


def _sound(journal: Path) -> tuple[Verification, str]:
    """Its check. IntegrityError where it is damaged, UsageError where it is still written."""
    if is_being_written(journal):
        raise UsageError(
            "the session is still running", what_to_do="end it first, then sign or amend it"
        )
    found = verify_journal(journal)
    torn = {problem.finding.value for problem in found.problems} <= {"torn", "unfinished"}
    if not torn or found.rows == 0 or found.last_hash == FIRST_PREVIOUS:
        raise IntegrityError(
            f"the session {journal.name.removesuffix(SUFFIX)} is damaged",
            why=found.problems[0].message,
            what_to_do="restore it from a copy; a damaged record is not signed",
        )
    return found, tail_sha256(journal, found)


def _usable_key(state: Path, now_ns: int) -> StationKey:
    return open_key(state, utc_text(now_ns))


def _about(journal: Path, end: Anchor, tail: str) -> dict[str, Any]:
    """Which session, and what of it: in every row that is added."""
    session = journal.name.removesuffix(SUFFIX)
    return {
        "session": session, "rows": end.rows, "last_hash": end.last_hash, "tail_sha256": tail,
    }  # fmt: skip


def _sign(
    journal: Path, end: Anchor, now_ns: int, made: Made, about: Mapping[str, Any], key: StationKey
) -> None:
    _add(journal, end, now_ns, Added.SIGNATURE, {**about, "made": made.value}, key)


def _sign_if_missing(
    journal: Path, found: Verification, now_ns: int, tail: str, key: StationKey
) -> None:
    if not _has_signature(journal):
        end = Anchor(found.rows, found.last_hash)
        made = Made.LATER if found.end is not None else Made.AT_RECOVERY
        _sign(journal, end, now_ns, made, _about(journal, end, tail), key)


def _add(
    journal: Path,
    end: Anchor,
    now_ns: int,
    kind: Added,
    data: Mapping[str, Any],
    key: StationKey | None,
    after: str = "",
) -> None:
    named = {} if key is None else _names(key)
    sign = None if key is None else key.sign
    path = additions_path(journal)
    added = append(path, end, now_ns, kind, {**data, **named}, sign, after)
    # The file is what counts. A catalogue that another program keeps learns of it later.
    try:
        catalogue = Catalogue(journal.parent, busy_s=_CATALOGUE_WITHIN_S)
        catalogue.add(path.name.removesuffix(ADDITIONS_SUFFIX), added)
    except StimctlError:
        return


def _names(key: StationKey) -> dict[str, str]:
    return {"key": key.public.fingerprint, "public_key": key.public.public_key}
