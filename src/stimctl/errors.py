"""The error tree: every error says what happened, why, and what to do, and has an exit code.

This module is on the stop path, so it imports nothing but `enum`.
"""

from __future__ import annotations

from enum import IntEnum

# Recognised by name by the type checker; the real constant would import all of `typing`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class ExitCode(IntEnum):
    """What a stimctl process tells the shell."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NO_DEVICE = 3
    LIMIT = 4
    DEVICE_FAULT = 5
    NOT_CONFIRMED_ZERO = 6
    INTEGRITY = 7
    NOT_ON_THIS_SYSTEM = 69
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class StimctlError(Exception):
    """Base of every error stimctl raises on purpose.

    `what` happened, `why` (may be empty) and `what_to_do` (may be empty) are plain sentences
    without a final full stop. `str(error)` joins them: "what: why. what to do".
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    code = "error"
    """What a program compares; the words are for people. Some classes have one code for each
    cause (`StateError`), the others one for all of theirs."""

    def __init__(self, what: str, *, why: str = "", what_to_do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.what_to_do = what_to_do

    def __str__(self) -> str:
        if self.why and self.what_to_do:
            return f"{self.what}: {self.why}. {self.what_to_do}"
        rest = self.why or self.what_to_do
        return f"{self.what}: {rest}" if rest else self.what

    def as_dict(self) -> dict[str, Any]:
        """The error as JSON-able values."""
        return {
            "error": type(self).__name__,
            "code": str(self.code),
            "what": self.what,
            "why": self.why,
            "what_to_do": self.what_to_do,
            "exit_code": int(self.exit_code),
        }


class QuantityError(StimctlError):
    """A text is not an exact quantity with a known unit."""

    code = "quantity"
    exit_code = ExitCode.USAGE


class UsageError(StimctlError):
    """The request itself is wrong: unknown name, missing option, bad combination."""

    code = "usage"
    exit_code = ExitCode.USAGE


class WireFormatError(StimctlError):
    """A message or frame does not keep its wire specification."""

    code = "wire-format"
    exit_code = ExitCode.USAGE


class ProtocolFileError(StimctlError):
    """A treatment protocol file is wrong; says in which file, line and field."""

    code = "protocol-file"
    exit_code = ExitCode.USAGE

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        what_to_do: str = "",
        file: str = "",
        line: int | None = None,
        field: str = "",
    ) -> None:
        super().__init__(what, why=why, what_to_do=what_to_do)
        self.file = file
        self.line = line
        self.field = field

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [part for part in (place, self.field, super().__str__()) if part]
        return ": ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "file": self.file, "line": self.line, "field": self.field}


class NoDeviceError(StimctlError):
    """The device asked for is not there, or is not the device it should be."""

    code = "no-device"
    exit_code = ExitCode.NO_DEVICE


class PortBusyError(NoDeviceError):
    """Somebody else holds the port; `holder` says who."""

    code = "port-busy"

    def __init__(self, what: str, *, why: str = "", what_to_do: str = "", holder: str = "") -> None:
        super().__init__(what, why=why, what_to_do=what_to_do)
        self.holder = holder

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "holder": self.holder}


class LinkError(NoDeviceError):
    """The line to the device failed."""

    code = "link-failed"


class NotOnThisSystemError(StimctlError):
    """This operating system has not what it needs; elsewhere the same works."""

    code = "not-on-this-system"
    exit_code = ExitCode.NOT_ON_THIS_SYSTEM


class LimitRefusedError(StimctlError):
    """A limit forbids what was asked; `refusal` is the safety layer's answer, if there is one."""

    code = "limit-refused"
    exit_code = ExitCode.LIMIT

    def __init__(
        self, what: str, *, why: str = "", what_to_do: str = "", refusal: Any = None,
        code: str = "",
    ) -> None:  # fmt: skip
        super().__init__(what, why=why, what_to_do=what_to_do)
        self.refusal = refusal
        self.code = code or self.code

    def as_dict(self) -> dict[str, Any]:
        refusal = None if self.refusal is None else self.refusal.as_dict()
        return {**super().as_dict(), "refusal": refusal}


class StateError(StimctlError):
    """Not possible in the present state; `code` says for which cause (`stimctl.codes.Code`)."""

    exit_code = ExitCode.REFUSED

    def __init__(self, what: str, *, code: str, why: str = "", what_to_do: str = "") -> None:
        super().__init__(what, why=why, what_to_do=what_to_do)
        self.code = code


class ImplausibleError(StateError):
    """Likelier a slip than a wish; a person who means it acknowledges H18."""

    def __init__(
        self, what: str, *, code: str = "implausible", why: str = "", what_to_do: str = ""
    ) -> None:
        super().__init__(what, code=code, why=why, what_to_do=what_to_do)


class NotReadyError(StateError):
    """Output on hardware lacks something; `needs` are the codes of all that is missing."""

    def __init__(
        self, what: str, *, why: str = "", what_to_do: str = "", needs: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, code="not-ready", why=why, what_to_do=what_to_do)
        self.needs = needs

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "needs": list(self.needs)}


class DeviceFaultError(StimctlError):
    """The device reports a fault, or does not do what was commanded."""

    code = "device-fault"
    exit_code = ExitCode.DEVICE_FAULT


class OutputUnknownError(StimctlError):
    """Zero output could not be confirmed."""

    code = "output-unknown"
    exit_code = ExitCode.NOT_CONFIRMED_ZERO


class JournalError(StimctlError):
    """The journal cannot be written or read."""

    code = "journal-error"
    exit_code = ExitCode.INTEGRITY


class CaptureError(StimctlError):
    """A capture of a link cannot be written, or a file is no whole capture."""

    code = "capture"
    exit_code = ExitCode.USAGE


class IntegrityError(StimctlError):
    """A record is not what was recorded."""

    code = "integrity"
    exit_code = ExitCode.INTEGRITY


class ServerError(StimctlError):
    """The server that collects the records of many stations cannot be used now."""

    code = "server"
    exit_code = ExitCode.REFUSED


class KeyFileError(StimctlError):
    """A key that signs cannot be read or made, or must not be used."""

    code = "key-file"
    exit_code = ExitCode.INTEGRITY


class BugError(StimctlError):
    """Something that cannot happen has happened."""

    code = "bug"
    exit_code = ExitCode.BUG
