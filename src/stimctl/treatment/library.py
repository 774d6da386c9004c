"""The protocols at hand, by name: which there are, and what is wrong with the broken ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from stimctl.errors import ProtocolFileError, UsageError
from stimctl.suggestion import meant_by
from stimctl.treatment.load import load_protocol
from stimctl.treatment.schemas import CurrentFile


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """One file of the library: its protocol, or what is wrong with it.

    `sha256` (hex) is that of the file's text in UTF-8.
    """

    name: str
    sha256: str
    protocol: CurrentFile | None
    error: ProtocolFileError | None


class Library:
    """Protocol texts by name (the file's name without `.toml`)."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, in order."""
        return tuple(sorted(self._texts))

    def list(self) -> tuple[LibraryEntry, ...]:
        """Every file in the order of names; a broken one does not hide the others."""
        return tuple(self.entry(name) for name in self.names)

    def entry(self, name: str) -> LibraryEntry:
        """The file called `name`, readable or not. Raises UsageError where there is none."""
        text = self._text(name)
        sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        try:
            return LibraryEntry(name, sha256, load_protocol(text, f"{name}.toml"), None)
        except ProtocolFileError as error:
            return LibraryEntry(name, sha256, None, error)

    def show(self, name: str) -> CurrentFile:
        """The protocol called `name`. Raises UsageError or ProtocolFileError."""
        return load_protocol(self._text(name), f"{name}.toml")

    def _text(self, name: str) -> str:
        if name in self._texts:
            return self._texts[name]
        near = meant_by(name, self.names)
        meant = f'did you mean "{near[0]}"? ' if near else ""
        raise UsageError(
            f'there is no protocol "{name}"',
            what_to_do=f"{meant}known are: {', '.join(self.names) or 'none'}",
        )
