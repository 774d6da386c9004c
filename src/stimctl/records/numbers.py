"""Which session came after which: a counter, because a wall clock may be wrong for a while.

The number is part of a session's name, so that the files alone are in order, also where the
catalogue was made again from them. The file `counter` keeps it where journals are moved away.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from stimctl.records.file_lock import locked_file
from stimctl.records.rows import SUFFIX
from stimctl.system_files import OWN_FILE, read_at, write_at

FILE_NAME: Final = "counter"
_NUMBER: Final = re.compile(r"Z-n(\d{1,12})-")
_NONSENSE: Final = 10**9  # nobody has had so many sessions
_LOCK_WITHIN_S: Final = 0.2


def number_of(session: str) -> int:
    """The number in a session's name; 0 for one from before there were numbers."""
    found = _NUMBER.search(session)
    return int(found[1]) if found else 0


def order_of(session: str) -> tuple[int, str]:
    """The key by which sessions are in the order in which they began."""
    return number_of(session), session


def next_number(folder: Path) -> int:
    """A number above every one given out in `folder` so far.

    Where the counter cannot be used, the names of the files decide; the session begins all the
    same.
    """
    try:
        with locked_file(folder / FILE_NAME, _LOCK_WITHIN_S) as counter:
            number = max(_told(counter), _newest(folder)) + 1
            # In one write of one length: a crash leaves the old number or the new.
            write_at(counter, b"%020d\n" % number, 0)
            os.ftruncate(counter, 21)
            os.fsync(counter)
            return number
    except OSError:
        return _newest(folder) + 1


def last_number(folder: Path) -> int:
    """The highest number given out in `folder` so far, as the counter and the files say."""
    told = 0
    with contextlib.suppress(OSError):
        counter = os.open(folder / FILE_NAME, os.O_RDONLY | OWN_FILE)
        try:
            told = _told(counter)
        finally:
            os.close(counter)
    return max(told, _newest(folder))


def _told(counter: int) -> int:
    text = read_at(counter, 64, 0).strip()
    number = int(text) if text.isdigit() else 0
    return number if number < _NONSENSE else 0


def _newest(folder: Path) -> int:
    return max((number_of(name) for name in _names(folder)), default=0)


def _names(folder: Path) -> Iterable[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        return [one.name for one in found if one.name.endswith(SUFFIX)]
    return []
