"""The only form in which a person enters a record: a short pseudonym code.

The key that says who is behind a code belongs elsewhere, not in stimctl.
"""

from __future__ import annotations

import re
from pathlib import Path

from stimctl.errors import UsageError
from stimctl.records.state_files import read_state

_FORM = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
_LONGEST = 16
_MOST_LETTERS_IN_A_ROW = 4  # [POLICY] enough for a study prefix, too short for most names
_MOST_DIGITS_IN_A_ROW = 5  # [POLICY] a date of birth has six or eight


def check_person_code(code: str) -> str:
    """`code` unchanged when it is a pseudonym like K-17; UsageError when it may be a person's data.

    1 to 16 letters, digits, '-' or '_', with at least one digit, at most four letters in a
    row and at most five digits in a row [POLICY]: that keeps names, dates of birth and
    insurance numbers out by form.
    """
    why = _objection(code)
    if why:
        raise UsageError(
            "this is not a code for a person",
            why=why,
            what_to_do="Give a pseudonym such as K-17, and keep the key to it elsewhere",
        )
    return code


def is_person_code(text: str) -> bool:
    """Whether `check_person_code` takes it."""
    return not _objection(text)


def second_identifier(state: Path, code: str) -> str:
    """What is kept of the four digits that the person can tell (`stimctl.session.pin`), or ""."""
    return str(read_state(state / "persons" / f"{code}.json").get("second", "")) if code else ""


def _objection(code: str) -> str:
    if not 1 <= len(code) <= _LONGEST:
        return f"a code has 1 to {_LONGEST} characters"
    if not code.isascii() or not _FORM.fullmatch(code):
        return "a code has only letters A-Z, digits, and single '-' or '_' between them"
    if not re.search(r"[0-9]", code):
        return "a code has at least one digit, so that it cannot be a name"
    if re.search(rf"[A-Za-z]{{{_MOST_LETTERS_IN_A_ROW + 1}}}", code):
        return f"more than {_MOST_LETTERS_IN_A_ROW} letters in a row may be a name"
    if re.search(rf"[0-9]{{{_MOST_DIGITS_IN_A_ROW + 1}}}", code):
        return f"more than {_MOST_DIGITS_IN_A_ROW} digits in a row may be a date or a number"
    return ""
