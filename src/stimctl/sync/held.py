"""What the server has already: it is the same as here, and gets what was added to it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from stimctl.errors import IntegrityError
from stimctl.records.additions import additions_path, lines_of
from stimctl.records.journal import Anchor
from stimctl.records.rows import unpack_row
from stimctl.sync.outcome import Sent, trouble_from, trouble_of
from stimctl.sync.own_sessions import OwnSession
from stimctl.sync.server import Held, Server


def compare_held(
    server: Server,
    sent: Sent,
    own: Sequence[OwnSession],
    held: Mapping[str, Held],
) -> None:
    """Tell every difference in `sent`, and send every addition that is missing there."""
    for one in own:
        if one.session not in held or one.path is None:
            continue
        there = held[one.session]
        if one.entry is not None and _differs(one.entry.anchor, there.end):
            sent.troubles.append(
                trouble_of(
                    one,
                    "the session at the server is another one",
                    f"it ends with row {_row_words(there.end)}, and the catalogue here has seen "
                    f"row {_row_words(one.entry.anchor)}",
                    "do not change either; look at both: stimctl sessions verify here, stimctl "
                    "sync verify URL there",
                )
            )
            continue
        _send_additions(server, sent, one, additions_path(one.path), there.added_bytes)


def _differs(seen: Anchor, there: Anchor) -> bool:
    """A catalogue may be some rows behind a journal whose program died; it is never before it."""
    return seen.rows > there.rows or (seen.rows == there.rows and seen.last_hash != there.last_hash)


def _row_words(end: Anchor) -> str:
    return f"{end.rows - 1} ({end.last_hash[:12]})"


def _send_additions(server: Server, sent: Sent, one: OwnSession, path: Path, added: int) -> None:
    size = _size(path)
    if size == added:
        return
    if size < added:
        why = "the server has more of them than this station"
        sent.troubles.append(
            trouble_of(one, "additions are missing", why, "restore them from a backup")
        )
        return
    at = 0
    for line in lines_of(path):
        at += len(line)
        if at <= added or not line.endswith(b"\n"):
            continue
        try:
            server.add(sent.station, one.session, _seq(line), line)
        except IntegrityError as error:
            sent.troubles.append(trouble_from(one, error))
            return
        sent.additions += 1


def _seq(line: bytes) -> int:
    return unpack_row(line).seq


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
