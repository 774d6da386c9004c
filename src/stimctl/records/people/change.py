"""How what is kept of people is changed: one program at a time, each file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from stimctl.codes import Code
from stimctl.errors import JournalError, StateError
from stimctl.records.file_lock import take_lock
from stimctl.records.people.keys import KEY_BYTES, is_key, new_key, person_file, person_folder
from stimctl.records.state_files import read_state, write_state
from stimctl.records.storage import FILE_MODE, FOLDER_MODE, LocalFileSystem
from stimctl.session.pin import SALT_BYTES, kept_pin
from stimctl.system_files import CAN_REMOVE_WHAT_IS_OPEN, OWN_FILE

SCHEMA: Final = "stimctl.person/2"
ERASING: Final = "erasing"
"""The field of a person's file from the first step of erasing to the last, which removes it."""
_WAIT_S: Final = 1.0  # each change takes milliseconds, and a supervisor waits for it

Told = Mapping[str, Any]


@contextlib.contextmanager
def one_program(state: Path, *, wait_s: float = _WAIT_S) -> Iterator[None]:
    """Nobody else changes what is kept of people meanwhile. Raises JournalError, StateError."""
    fd = _opened(person_folder(state) / ".lock")
    try:
        if not take_lock(fd, wait_s):
            raise StateError(
                "what is kept of people cannot be changed now",
                code=Code.PERSON_BUSY,
                why=f"another program has been changing it for {wait_s:g} s",
                what_to_do="wait for it to end, then try again",
            )
        yield
    finally:
        os.close(fd)


def change_person(
    state: Path, code: str, change: Callable[[dict[str, Any]], Told], *, key: str = ""
) -> Told:
    """What the person's file holds once `change` has been made, with a key in any case.

    `key`: the person it is about, where that is known. Raises JournalError where the file cannot be
    read or written, StateError where the person is being or was erased, and UsageError for what is
    no code.
    """
    path = person_file(state, code)
    with one_program(state):
        found = read_person(path, code)
        refuse_erasing(code, found)
        kept = str(found.get("key", ""))
        if key and kept != key:
            raise StateError(
                f"nothing more is kept of {code}",
                code=Code.PERSON_ERASED,
                why=f"{code} was erased while this program had the person open",
                what_to_do="choose the person again; the code then begins as a new person",
            )
        about = {
            "schema": SCHEMA,
            "code": code,
            "key": kept if is_key(kept) else new_key(secrets.token_bytes(KEY_BYTES)),
        }
        told = {**change(dict(found)), **about}
        told["second"] = kept_pin(str(told.get("second", "")), secrets.token_bytes(SALT_BYTES))
        if told != found:
            write_state(path, told)
            # A journal is durable; a key that a power cut takes would leave it without a person.
            LocalFileSystem().sync_folder(path.parent)
        return told


def enrol(state: Path, code: str) -> str:
    """The key of the person with this code, made where there is none yet. Raises as above."""
    return str(change_person(state, code, lambda found: found)["key"])


def change_beside(state: Path, path: Path, change: Callable[[Told], Told]) -> None:
    """The same for another file about people. Raises JournalError, StateError."""
    with one_program(state):
        write_state(path, change(read_state(path)))


def read_person(path: Path, code: str) -> Told:
    """What the file holds, {} where there is none. One that cannot be read is never taken for
    none: a new key would cut the person off from every earlier session. Raises JournalError."""
    found = read_state(path)
    if not found and path.exists():
        raise JournalError(
            f"the file of {code} cannot be read",
            why=f"{path} is damaged; without it nobody can tell which sessions are {code}'s",
            what_to_do="Put back a copy of the file. Where there is none, move it away: "
            f"{code} then begins as a new person, and earlier sessions stay without a person",
        )
    return found


def refuse_erasing(code: str, found: Told) -> None:
    """Raise StateError where erasing this person was begun."""
    if ERASING in found:
        raise StateError(
            f"{code} is being erased",
            code=Code.PERSON_ERASING,
            why="erasing was begun and has not come to its end",
            what_to_do=f"finish it: stimctl people erase {code}",
        )


class PersonInUse:
    """Says to other programs that a session of this person is open; ends with the process.

    Raises StateError where the person is being erased, JournalError where it cannot be said.
    """

    def __init__(self, state: Path, code: str) -> None:
        self._fd = _hold(_use_file(state, code), code, shared=True)

    def close(self) -> None:
        """The session is over."""
        os.close(self._fd)


@contextlib.contextmanager
def nobody_uses(state: Path, code: str) -> Iterator[None]:
    """No session of this person is open, and none begins. Raises StateError."""
    path = _use_file(state, code)
    fd = _hold(path, code, shared=False)
    try:
        yield
        if CAN_REMOVE_WHAT_IS_OPEN:  # while it is locked, so that nobody begins in between
            path.unlink(missing_ok=True)
    finally:
        os.close(fd)
    if not CAN_REMOVE_WHAT_IS_OPEN:
        with contextlib.suppress(PermissionError):  # somebody has it: theirs is the name now
            path.unlink(missing_ok=True)


def _hold(path: Path, code: str, *, shared: bool) -> int:
    while True:
        fd = _opened(path)
        if not take_lock(fd, 0.0, shared=shared):
            os.close(fd)
            raise StateError(
                f"{code} is in use",
                code=Code.PERSON_IN_USE,
                why="a session of this person is open, or another program erases the person",
                what_to_do="end the other program, then try again",
            )
        if path.exists() and os.path.samestat(path.stat(), os.fstat(fd)):
            return fd
        os.close(fd)  # it was erased between the two calls


def _use_file(state: Path, code: str) -> Path:
    return person_file(state, code).with_name(f".{code}.use")


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | OWN_FILE, FILE_MODE)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be opened",
            why=error.strerror or str(error),
            what_to_do="Make the folder writable, or set STIMCTL_STATE_HOME to one that is; "
            "`stimctl doctor` looks at it",
        ) from error
