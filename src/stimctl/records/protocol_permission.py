"""Whether a protocol file may run on this station: the one rule, for every face and the supervisor.

Its own lock stands in the file, and readiness sees it. Here is what the file itself cannot say.
"""

from __future__ import annotations

from pathlib import Path

from stimctl.codes import Code
from stimctl.errors import StateError, StimctlError
from stimctl.records.library_station import Station, station
from stimctl.records.protocol_files import GATED, ProtocolText, shipped_folder
from stimctl.records.signed_library import (
    SignedLibrary,
    changed_file,
    check_files,
    library_folder,
    open_library,
)
from stimctl.records.text_files import read_text_file
from stimctl.session.needs import Permission, Unsigned
from stimctl.treatment.load import load_any
from stimctl.treatment.lock import Lock
from stimctl.treatment.schema import ProtocolBase


def permission_of(text: ProtocolText, protocol: ProtocolBase, state: Path) -> Permission:
    """What this station says of a protocol as it was read."""
    set_here, lock = station(state), _lock_of_parent(protocol)
    if not set_here.only_signed:
        return Permission(lock)
    try:
        library = "shipped" if _runs_shipped(text, set_here) else str(signed(text, set_here))
    except StimctlError as error:
        unsigned = Unsigned(str(error.code), error.what, error.why, error.what_to_do)
        return Permission(lock, unsigned)
    return Permission(lock, library=library)


def signed(text: ProtocolText, set_here: Station) -> SignedLibrary:
    """The trusted library that has exactly this text. Raises StateError."""
    folder = library_folder(text.path)
    try:
        library = open_library(folder)
    except StateError as error:
        if error.code == Code.LIBRARY_UNSIGNED:
            error.what = f"{text.name} is not of a signed library"
        raise
    if library.fingerprint not in set_here.trusted:
        raise StateError(
            f"the library {library.name} is not trusted here",
            code=Code.LIBRARY_UNTRUSTED,
            why=f"it was signed by {library.fingerprint}, which this station does not know",
            what_to_do="compare the fingerprint with the clinic's, then: "
            f"stimctl protocols trust {library.fingerprint}",
        )
    check_files(folder, library)
    name = text.path.resolve().relative_to(folder).as_posix()
    # The bytes that were read and compiled, whatever is in the file by now.
    if library.files.get(name) != text.sha256:
        raise changed_file(folder, name, "was changed")
    return library


def _runs_shipped(text: ProtocolText, set_here: Station) -> bool:
    if not text.shipped:
        return False
    if set_here.with_shipped:
        return True
    raise StateError(
        f"{text.name} is shipped with stimctl, and not of the clinic's library",
        code=Code.LIBRARY_ONLY,
        why="this station runs protocols of its signed library only",
        what_to_do="choose one of the library, or have a fork of this one signed with it",
    )


def _lock_of_parent(protocol: ProtocolBase) -> Lock | None:
    """A lock cannot be taken off by making a copy: that of the shipped parent holds."""
    if protocol.parent is None or protocol.locked is not None:
        return None
    folder = shipped_folder()
    for path in (
        folder / f"{protocol.parent.id}.toml",
        folder / GATED / f"{protocol.parent.id}.toml",
    ):
        if path.is_file():
            return load_any(read_text_file(path, "protocol").text, path.name).locked
    return None
