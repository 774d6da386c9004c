"""The content of an export, from a folder of journals: checked, and with what it is signed with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stimctl.errors import IntegrityError
from stimctl.export.content import Added, SessionContent, content_of
from stimctl.export.signature import Signature
from stimctl.records import additions
from stimctl.records.checked import evidence_of_file
from stimctl.records.evidence import Evidence, SignatureSays
from stimctl.records.rows import Row
from stimctl.records.sessions import SessionState, find_session
from stimctl.records.signers import signers
from stimctl.records.station_keys import known_keys
from stimctl.records.verify import Finding, Problem, read_rows

_CUT_SHORT: Final = frozenset({Finding.UNFINISHED, Finding.TORN})
"""The program died, or the power went: what stands before is whole."""
_NOT_JUDGED: Final = frozenset(
    {SignatureSays.UNKNOWN_KEY, SignatureSays.RETIRED_KEY, SignatureSays.NOT_CHECKED}
)
"""The signature may be good; who reads the export is told what a check said here."""


def recorded_content(folder: Path, name: str) -> SessionContent:
    """By id, by the beginning of one, or by the word `last`. Raises UsageError; IntegrityError
    where the record is damaged: a figure of it would leave its warning behind."""
    path, entry = find_session(folder, name)
    state = path.parent.parent  # the folder that has this journal folder has the keys
    found = evidence_of_file(path, entry, known_keys(state), signers(state))
    if damages := _damages(found):
        raise IntegrityError(
            f"the record of {found.session} is damaged and is not exported",
            why="; ".join(problem.message for problem in damages),
            what_to_do="Restore the journal from a copy, and check it: stimctl sessions verify. "
            "`stimctl sessions report` shows what stands before the damage",
        )
    whole = found.verification.ok
    rows = [item for item in read_rows(path) if isinstance(item, Row)]
    return content_of(
        rows,
        found.verification,
        (SessionState.COMPLETE if whole else SessionState.UNFINISHED).value,
        Added(signature_of(found), _amendments(found)),
    )


def signature_of(found: Evidence) -> Signature | None:
    """What the station has signed of this session; None where nothing is signed."""
    told = found.signature
    return Signature(told.says.value, told.public_key, told.key) if told.public_key else None


def _amendments(found: Evidence) -> int:
    return sum(one.kind == additions.Added.AMENDMENT for one in found.added)


def _damages(found: Evidence) -> Sequence[Problem]:
    not_judged = found.signature.says in _NOT_JUDGED
    return [
        one
        for one in found.problems
        if one.finding not in _CUT_SHORT and not (not_judged and one.finding is Finding.SIGNATURE)
    ]
