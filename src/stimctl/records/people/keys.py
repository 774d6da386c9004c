"""A person's key: all that a journal holds of a person, random, and tied to a code in one file.

Whoever has the journals alone cannot tell whose they are; without that file nobody can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from stimctl.records.person import check_person_code, is_person_code
from stimctl.records.state_files import read_state

KEY_BYTES: Final = 8
_FORM: Final = re.compile(r"person-[0-9a-f]{16}")
ERASED: Final = "erased"
"""Shown in a code's place; it has no digit, so it is no code."""


def new_key(random: bytes) -> str:
    """A key of `KEY_BYTES` random bytes. It is too long to be taken for a code."""
    return f"person-{random.hex()}"


def is_key(text: str) -> bool:
    """Whether this has the form of a key."""
    return _FORM.fullmatch(text) is not None


def person_folder(state: Path) -> Path:
    """The folder of the people files, one for each code."""
    return state / "persons"


def person_file(state: Path, code: str) -> Path:
    """The file of one person. Raises UsageError for what is no person's code."""
    return person_folder(state) / f"{check_person_code(code)}.json"


def key_of(state: Path, code: str) -> str:
    """The key of the person with this code; "" where there is none yet."""
    key = str(read_state(person_file(state, code)).get("key", "")) if code else ""
    return key if is_key(key) else ""


def people_files(state: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every code with what its file holds, {} where it cannot be read; in the order of codes."""
    folder = person_folder(state)
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if is_person_code(path.stem):
            yield path.stem, read_state(path)


class PersonNames:
    """Codes for what the journals of one folder say of persons. Read once, when first needed."""

    def __init__(self, journals: Path) -> None:
        self._journals = journals
        self._codes: dict[str, str] | None = None
        self._erased: frozenset[str] = frozenset()

    def of(self, session: str, recorded: str) -> str:
        """The code of a key; of an erased person `ERASED`; what is recorded where neither is known,
        as of journals that another computer has written, or an older program."""
        if self._codes is None:
            self._codes = {
                str(told["key"]): code
                for code, told in people_files(self._journals.parent)
                if "key" in told
            }
            self._erased = erased_sessions(self._journals)
        return ERASED if session in self._erased else self._codes.get(recorded, recorded)


def erased_file(journals: Path) -> Path:
    """The list of the sessions whose person was erased; it lies with the journals."""
    return journals / "erased.json"


def erased_sessions(journals: Path) -> frozenset[str]:
    """The sessions whose person was erased: nobody's now, whatever code their rows have."""
    try:
        sessions = json.loads(erased_file(journals).read_bytes())["sessions"]
        return frozenset(map(str, sessions))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return frozenset()
