"""Whether a session is still what was recorded: chain, anchor and signature, told apart.

* chain: every row follows from the one before it. It finds accidents; who owns the file can make
  all hashes again.
* anchor: the catalogue has seen the same rows. It finds a removed tail and a rewritten chain, where
  the catalogue was not rewritten as well.
* signature: a station key that is known here has signed what the journal was at its end. It finds
  every change by who has not got that key.

Pure: rows and keys come in. `stimctl.records.checked` hands them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from stimctl.records.additions import Added, Addition, Additions, signed_part
from stimctl.records.catalogue import BY_FILE
from stimctl.records.journal import Anchor
from stimctl.records.station_keys import PublicKey, fingerprint_of
from stimctl.records.verify import Finding, Problem, Verification

_OF_THE_ANCHOR: Final = frozenset({Finding.SHORTER, Finding.ALTERED, Finding.MISSING})
KEY_MEMBERS: Final = ("key", "public_key")


class Chain(StrEnum):
    """What the rows of the journal say by themselves."""

    WHOLE = "whole"
    UNFINISHED = "unfinished"  # nothing is wrong but the missing closing row
    DAMAGED = "damaged"
    MISSING = "missing"  # the file is gone


class AnchorSays(StrEnum):
    """What the catalogue says of the journal and of what was added to it."""

    AGREES = "agrees"
    READ_LATER = "read-later"  # agrees, but it was read from the file after the session
    NONE = "none"  # the catalogue does not know the session
    DIFFERS = "differs"


class SignatureSays(StrEnum):
    """What a signature is worth."""

    VALID = "valid"
    NOT_SIGNED = "not-signed"
    INVALID = "invalid"  # not made by the key that it names, or over something else
    UNKNOWN_KEY = "unknown-key"  # made by a key that is not known here
    RETIRED_KEY = "retired-key"  # said to be made after the key was retired
    NOT_CHECKED = "not-checked"  # the package that checks it cannot be loaded


BAD: Final = frozenset(
    {SignatureSays.INVALID, SignatureSays.UNKNOWN_KEY, SignatureSays.RETIRED_KEY,
     SignatureSays.NOT_CHECKED}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signature:
    """What the station has signed of one session. `made`: at-end, at-recovery, later."""

    says: SignatureSays
    why: str = ""
    key: str = ""
    public_key: str = ""
    at: str = ""
    made: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "says": self.says.value,
            "why": self.why,
            "key": self.key,
            "public_key": self.public_key,
            "at": self.at,
            "made": self.made,
        }


@dataclass(frozen=True, slots=True)
class AddedRow:
    """An amendment or a countersignature, and what its signatures are worth."""

    row: int
    kind: Added
    at: str
    by: str
    says: SignatureSays
    why: str
    text: str  # the note of an amendment, the meaning of a countersignature
    about_row: int | None = None
    person_key: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "kind": self.kind.value,
            "at": self.at,
            "by": self.by,
            "says": self.says.value,
            "why": self.why,
            "text": self.text,
            "about_row": self.about_row,
            "person_key": self.person_key,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """The three of one session, what was added to it, and every problem in words."""

    session: str
    verification: Verification
    chain: Chain
    anchor: AnchorSays
    signature: Signature
    added: tuple[AddedRow, ...]
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Nothing is wrong. A session without a signature is not wrong; see `signature`."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.verification.as_dict(),
            "session": self.session,
            "ok": self.ok,
            "chain": self.chain.value,
            "anchor": self.anchor.value,
            "signature": self.signature.as_dict(),
            "added": [one.as_dict() for one in self.added],
            "problems": [problem.as_dict() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What the catalogue has of one session: `origin` of the journal's anchor, and how far the
    additions went."""

    origin: str
    additions: Anchor


def evidence_of(
    session: str,
    found: Verification,
    additions: Additions,
    keys: Mapping[str, PublicKey],
    signers: Mapping[str, str],
    seen: Seen | None = None,
    tail_sha256: str = "",
) -> Evidence:
    """What is to be said of a session.

    `found`: its verified journal; `additions`: the rows beside it; `keys`: the public
    keys that are known here, by fingerprint; `signers`: the
    fingerprint of each person's key, by code; `seen`: what the catalogue has of it; `tail_sha256`:
    of what stands behind the last sound row of the journal, "" for nothing.
    """
    problems = list(found.problems)
    named = found.header.data.get("session") if found.header is not None else session
    if named != session:
        message = f"row 0 is of the session {named}: the file was given another's name"
        problems.append(Problem(Finding.SWAPPED, 0, 0, message))
    chain = _chain(problems)
    problems += _of_additions(additions, found)
    lost = _lost_additions(additions, seen)
    if lost is not None:
        problems.append(lost)
    signature, bad = _signature(session, found, additions, keys, tail_sha256)
    added = tuple(
        _added(one, session, keys, signers)
        for one in additions.rows
        if one.is_known and one.row.kind in (Added.COUNTERSIGNATURE, Added.AMENDMENT)
    )
    problems += bad
    problems += [
        _bad(one.row, f"row {one.row} ({one.kind}): {one.why}") for one in added if one.says in BAD
    ]
    return Evidence(
        session, found, chain, _anchor(problems, found, seen), signature, added, tuple(problems)
    )


def _chain(problems: list[Problem]) -> Chain:
    told = {problem.finding for problem in problems}
    if Finding.MISSING in told:
        return Chain.MISSING
    own = told - _OF_THE_ANCHOR
    if not own:
        return Chain.WHOLE
    return Chain.UNFINISHED if own == {Finding.UNFINISHED} else Chain.DAMAGED


def _anchor(problems: list[Problem], found: Verification, seen: Seen | None) -> AnchorSays:
    told = {problem.finding for problem in problems}
    if told & (_OF_THE_ANCHOR | {Finding.ADDITIONS_LOST}):
        return AnchorSays.DIFFERS
    if found.anchored is None or found.anchored.rows == 0:
        return AnchorSays.NONE
    return AnchorSays.READ_LATER if seen and seen.origin == BY_FILE else AnchorSays.AGREES


def _of_additions(additions: Additions, found: Verification) -> list[Problem]:
    """Whether they follow from the journal, and from each other."""
    told: list[Problem] = []
    if additions.rows:
        first = additions.rows[0].row
        if (first.seq, first.previous) != (found.rows, found.last_hash):
            message = f"row {found.rows}, the first addition, does not follow from the journal"
            if first.seq != found.rows:
                message += f": it carries the number {first.seq}"
            told.append(Problem(Finding.ADDITIONS, found.rows, 0, message))
    if additions.problem is not None:
        damage = additions.problem
        message = f"in the additions, {damage.message}"
        told.append(Problem(Finding.ADDITIONS, damage.row, damage.offset, message))
    return told


def _lost_additions(additions: Additions, seen: Seen | None) -> Problem | None:
    """The catalogue has seen additions that are not there any more, or others."""
    if seen is None or seen.additions.rows == 0:
        return None
    here = {one.row.seq + 1: one.row.digest for one in additions.rows}
    last = seen.additions.rows - 1
    if here.get(seen.additions.rows) == seen.additions.last_hash:
        return None
    what = "is another one" if seen.additions.rows in here else "is gone"
    message = f"row {last}, an addition that the catalogue has seen, {what}"
    return Problem(Finding.ADDITIONS_LOST, last, None, message)


def _signature(
    session: str,
    found: Verification,
    additions: Additions,
    keys: Mapping[str, PublicKey],
    tail_sha256: str,
) -> tuple[Signature, list[Problem]]:
    """The first good signature of the station, or what is wrong with the last one."""
    signature = Signature(SignatureSays.NOT_SIGNED, "the record has no signature")
    problems: list[Problem] = []
    for one in additions.rows:
        data = one.row.data
        if not one.is_known:
            problems.append(_bad(one.row.seq, f"row {one.row.seq} is no addition that is known"))
        elif one.row.kind == Added.UNSIGNED and signature.says is SignatureSays.NOT_SIGNED:
            signature = Signature(SignatureSays.NOT_SIGNED, str(data.get("reason", "")))
        elif one.row.kind == Added.SIGNATURE:
            says, why = _worth(one, session, keys)
            if says is SignatureSays.VALID and not _covers(data, found, tail_sha256):
                says, why = SignatureSays.INVALID, _what_differs(data, found)
            if says in BAD:
                problems.append(_bad(one.row.seq, f"signature (row {one.row.seq}): {why}"))
            if signature.says is SignatureSays.VALID:
                continue
            signature = Signature(
                says, why, str(data.get("key", "")), str(data.get("public_key", "")),
                one.row.t, str(data.get("made", "")),
            )  # fmt: skip
    return signature, problems


def _covers(data: Mapping[str, Any], found: Verification, tail_sha256: str) -> bool:
    signed = (data.get("rows"), data.get("last_hash"), data.get("tail_sha256"))
    return signed == (found.rows, found.last_hash, tail_sha256)


def _what_differs(data: Mapping[str, Any], found: Verification) -> str:
    if data.get("rows") != found.rows:
        return f"{data.get('rows')} rows were signed, {found.rows} are there"
    if data.get("last_hash") != found.last_hash:
        return f"row {found.rows - 1} is not the one that was signed"
    return f"what stands behind row {found.rows - 1} is not what was signed"


def _worth(one: Addition, session: str, keys: Mapping[str, PublicKey]) -> tuple[SignatureSays, str]:
    """What the station's signature under one row is worth, and why."""
    name, public = (str(one.row.data.get(member, "")) for member in KEY_MEMBERS)
    part = signed_part(one.line)
    if part is None:
        return SignatureSays.INVALID, "it carries no signature"
    try:
        raw = bytes.fromhex(public)
        from stimctl.records import ed25519
    except ValueError:
        return SignatureSays.INVALID, "it names no public key"
    except ImportError as error:
        return SignatureSays.NOT_CHECKED, f"the package cryptography cannot be loaded ({error})"
    if fingerprint_of(raw) != name or not ed25519.is_signed(raw, *part):
        return SignatureSays.INVALID, "the row is not what the key has signed"
    if one.row.data.get("session") != session:
        return SignatureSays.INVALID, f"it is of the session {one.row.data.get('session')}"
    key = keys.get(name)
    if key is None:
        return SignatureSays.UNKNOWN_KEY, f"the key {name} is not known here"
    if key.retired and one.row.t > key.retired:
        return SignatureSays.RETIRED_KEY, f"the key {name} was retired at {key.retired}"
    return SignatureSays.VALID, ""


def _added(
    one: Addition, session: str, keys: Mapping[str, PublicKey], signers: Mapping[str, str]
) -> AddedRow:
    data = one.row.data
    says, why = _worth(one, session, keys)
    if says is SignatureSays.VALID and one.row.kind == Added.COUNTERSIGNATURE:
        says, why = _persons_part(one, signers)
    about = data.get("about_row")
    return AddedRow(
        row=one.row.seq,
        kind=Added(one.row.kind),
        at=one.row.t,
        by=str(data.get("by", "")),
        says=says,
        why=why,
        text=str(data.get("meaning" if one.row.kind == Added.COUNTERSIGNATURE else "note", "")),
        about_row=about if isinstance(about, int) else None,
        person_key=str(data.get("person_key", "")),
    )


def _persons_part(one: Addition, signers: Mapping[str, str]) -> tuple[SignatureSays, str]:
    """What the person's own signature inside the row is worth."""
    from stimctl.records import ed25519

    data = one.row.data
    try:
        public = bytes.fromhex(str(data.get("person_public_key")))
        signature = bytes.fromhex(str(data.get("person_signature")))
    except ValueError:
        return SignatureSays.INVALID, "it names no key of a person"
    known = fingerprint_of(public) == data.get("person_key")
    text = person_statement(data, one.row.previous)
    if not known or not ed25519.is_signed(public, text, signature):
        return SignatureSays.INVALID, "it is not what the person's key has signed"
    if signers.get(str(data.get("by"))) != data.get("person_key"):
        return SignatureSays.UNKNOWN_KEY, f"the key {data.get('person_key')} is not known here"
    return SignatureSays.VALID, ""


def person_statement(data: Mapping[str, Any], previous: str) -> bytes:
    """What a person signs: one line for each member, then the hash of the row before."""
    members = ("session", "rows", "last_hash", "by", "meaning", "at")
    told = [f"{name}: {data.get(name)}" for name in members]
    return "\n".join(["stimctl.countersignature/1", *told, f"after: {previous}", ""]).encode()


def _bad(row: int, message: str) -> Problem:
    return Problem(Finding.SIGNATURE, row, None, message)
