"""What a report says of the record itself: chain, anchor, signature, and what was added later."""

from __future__ import annotations

from dataclasses import replace

from stimctl.records.additions import Added
from stimctl.records.evidence import AddedRow, Evidence, Signature, SignatureSays
from stimctl.report.model import Integrity, Note, SessionReport

_MADE = {
    "at-end": "when the session ended",
    "at-recovery": "later, because the program had died before it could",
    "later": "later than the end of the session",
}
_NOT_WHOLE = "the rows follow from each other, but they are not what was signed or seen before"


def with_evidence(report: SessionReport, found: Evidence) -> SessionReport:
    """The report with signature and additions; a session that is not sound is told as that."""
    told = report.integrity
    words = told.words if found.ok or not told.ok else _NOT_WHOLE
    integrity: Integrity = replace(
        told,
        ok=found.ok,
        words=words,
        problems=tuple(problem.message for problem in found.problems),
        signature=_signature(found.signature),
        station_key=found.signature.key,
        station_public_key=found.signature.public_key,
        signed_by=tuple(_countersigned(one) for one in found.added if one.kind != Added.AMENDMENT),
    )
    amendments = tuple(_amendment(one) for one in found.added if one.kind == Added.AMENDMENT)
    return replace(report, integrity=integrity, amendments=amendments)


def _signature(signature: Signature) -> str:
    if signature.says is SignatureSays.VALID:
        return f"signed by the station at {_second(signature.at)}, {_MADE[signature.made]}"
    if signature.says is SignatureSays.NOT_SIGNED:
        return f"not signed: {signature.why}"
    return f"NOT VALID ({signature.says}): {signature.why}"


def _countersigned(one: AddedRow) -> str:
    return f"{one.text} by {one.by} at {_second(one.at)}, key {one.person_key}{_worth(one)}"


def _amendment(one: AddedRow) -> Note:
    about = "" if one.about_row is None else f" on row {one.about_row}"
    who = f" by {one.by}" if one.by else ""
    return Note(one.at, f"amendment{about}{who}", f"{one.text}{_worth(one)}")


def _worth(one: AddedRow) -> str:
    return "" if one.says is SignatureSays.VALID else f" [{one.says}: {one.why}]"


def _second(utc: str) -> str:
    return f"{utc[:19]}Z"
