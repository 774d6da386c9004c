"""`stimctl sessions verify|sign|amend`: is it what was recorded, who signed it, what was added."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli import completion
from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say, styled
from stimctl.cli.session_list import journals
from stimctl.cli.sessions import Session
from stimctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stimctl.records.evidence import AddedRow, Evidence
    from stimctl.records.signers import Signer

_GOOD = frozenset({"whole", "agrees", "valid"})
_BAD = frozenset({"damaged", "missing", "differs", "invalid", "unknown-key", "retired-key"})
By = Annotated[
    str,
    typer.Option("--as", metavar="CODE", help="Who does it: a code such as P-04, never a name."),
]


def register(group: typer.Typer) -> None:
    group.command("verify")(verify)
    group.command("sign")(sign)
    group.command("amend")(amend)


def verify(
    session: Annotated[
        str | None,
        typer.Argument(
            metavar="[SESSION]",
            help="An id, the beginning of one, or `last`; all sessions if left out.",
            autocompletion=completion.sessions,
        ),
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="A session without a valid signature is a fault, too.")
    ] = False,
    key: Annotated[
        str,
        typer.Option(
            "--key",
            metavar="FINGERPRINT",
            help="Each session has to be signed by this key; type it from a copy that is kept "
            "outside this machine.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Check the hash chain, the anchor and the signature. Exit code 7 when anything is wrong."""
    sound, told, count = True, [], 0
    for found in _evidence(session):
        why = _lacks(found, signed=signed, key=key)
        sound &= found.ok and not why
        count += 1
        if as_json:
            told.append({**found.as_dict(), "lacks": why})
        else:
            _put_evidence(found, why)
    if as_json:
        put_json("stimctl.verification/1", {"ok": sound, "sessions": told})
    elif not count:
        say(f"There is no session yet in {journals()}")
    if not sound:
        raise typer.Exit(int(ExitCode.INTEGRITY))


def sign(
    session: Session = "last",
    by: By = "",
    meaning: Annotated[
        str,
        typer.Option("--meaning", metavar="WORD", help="What is signed for: performed, reviewed."),
    ] = "",
    pin_file: Annotated[
        str,
        typer.Option(
            "--pin", metavar="@FILE", help="Where the PIN is, or - for the input; asked otherwise."
        ),
    ] = "",
) -> None:
    """Sign a session: by the station, or with --as by a person, with a meaning and a PIN.

    The first signature of a person makes a key under the PIN that is chosen then. Code and PIN are
    the two parts of the signature; the journal holds the code only.
    """
    from stimctl.records.places import state_folder
    from stimctl.records.sessions import find_session
    from stimctl.records.signing import Meaning, countersign, sign_session

    path, _ = find_session(journals(), session)
    state = state_folder()
    if not by and not meaning:
        sign_session(state, path, time.time_ns())
        put(f"signed by the station: {path.stem}")
        return
    if not by or meaning not in {one.value for one in Meaning}:
        raise UsageError(
            "a person signs with a code and a meaning",
            what_to_do="add: --as P-04 --meaning performed, or --meaning reviewed",
        )
    signer = _signer(state, by, pin_file)
    countersign(state, path, time.time_ns(), signer, Meaning(meaning))
    put(f"signed by {by} as {meaning}: {path.stem}")
    say(f"{by} signs with the key {signer.fingerprint}")


def amend(
    session: Session = "last",
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="What is to be added; no names.")
    ] = "",
    row: Annotated[
        int | None, typer.Option("--row", metavar="N", help="The row that it is about.")
    ] = None,
    by: By = "",
) -> None:
    """Add a note to a session that has ended. What is on record is not changed."""
    from stimctl.records.person import check_person_code
    from stimctl.records.places import state_folder
    from stimctl.records.sessions import find_session
    from stimctl.records.signing import amend as add

    path, _ = find_session(journals(), session)
    code = check_person_code(by) if by else ""
    add(state_folder(), path, time.time_ns(), note, code, row)
    put(f"amended: {path.stem}")


def describe_added(one: AddedRow) -> str:
    """An amendment or a countersignature on one line."""
    who = one.by or "somebody"
    about = "" if one.about_row is None else f" (about row {one.about_row})"
    what = f"amended by {who}{about}: {one.text}"
    if one.kind == "countersignature":
        what = f"signed by {who} as {one.text}, key {one.person_key}"
    worth = "" if one.says == "valid" else f"  [{one.says}: {one.why}]"
    return f"{one.at[:19]}Z  row {one.row}, {what}{worth}"


def _evidence(session: str | None) -> Iterator[Evidence]:
    from stimctl.records.checked import evidence_of_all, evidence_of_session
    from stimctl.records.places import state_folder

    folder, state = journals(), state_folder()
    if session is not None:
        yield evidence_of_session(folder, state, session)
    elif folder.is_dir():
        yield from evidence_of_all(folder, state)


def _lacks(found: Evidence, *, signed: bool, key: str) -> str:
    """What was asked for and is not so; "" where nothing is missing."""
    is_valid = found.signature.says == "valid"
    if (signed or key) and not is_valid:
        return "it has no valid signature, which was asked for"
    if key and found.signature.key != key.strip().lower():
        return f"it was signed by {found.signature.key}, not by the key that was asked for"
    return ""


def _put_evidence(found: Evidence, lacks: str) -> None:
    rows = found.verification.rows
    word = _word(found, lacks)
    signature = found.signature
    put(f"{styled(word, 'green' if word == 'ok' else 'red')}  {found.session}  {rows} rows")
    made = {"at-end": "", "": ""}.get(signature.made, f", made {signature.made}")
    detail = f" by {signature.key}{made}" if signature.key else f": {signature.why}"
    put(
        f"        chain {_shown(found.chain)}, anchor {_shown(found.anchor)}, "
        f"signature {_shown(signature.says)}{detail}"
    )
    for one in found.added:
        put(f"        {describe_added(one)}")
    for problem in found.problems:
        put(f"        {problem.finding.value}: {problem.message}")
    if lacks:
        put(f"        {lacks}")


def _word(found: Evidence, lacks: str) -> str:
    if found.ok:
        return "FAULT" if lacks else "ok"
    unfinished = found.verification.unfinished_only and len(found.problems) == 1
    return "unfinished" if unfinished else "DAMAGED"


def _shown(value: str) -> str:
    text = str(value)
    return styled(text, "green" if text in _GOOD else "red" if text in _BAD else "yellow")


def _signer(state: Path, code: str, pin_file: str) -> Signer:
    from stimctl.records.signers import has_signer, make_signer, open_signer

    if has_signer(state, code):
        return open_signer(state, code, _pin(pin_file, f"PIN of {code}: "))
    pin = _pin(pin_file, f"Choose a PIN for {code}, at least 6 characters: ")
    if not pin_file and pin != _pin("", "Once more: "):
        raise UsageError("the PIN was typed differently", what_to_do="try again")
    return make_signer(state, code, pin)


def _pin(given: str, prompt: str) -> str:
    """Never from the command line, which every user of the computer can read."""
    if not given:
        import getpass

        return getpass.getpass(prompt)
    if given != "-" and not given.startswith("@"):
        raise UsageError(
            "a PIN is not typed on the command line",
            why="other users of this computer can read it there",
            what_to_do="leave --pin out to be asked, or write: --pin @FILE, --pin -",
        )
    from stimctl.cli.person_code import code_from

    return code_from(given)
