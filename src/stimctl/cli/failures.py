"""Turns whatever went wrong into words, one exit code, and for bugs a report on the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shutil
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import typer

from stimctl.cli.output import put_json, say, styled
from stimctl.errors import BugError, ExitCode, StimctlError, UsageError
from stimctl.version import __version__

# What typer raises for a wrong command line: above BadParameter and UsageError stands this class,
# which has a name in typer since 0.28 only.
CommandLineError = cast("type[Exception]", typer.BadParameter.__mro__[2])
ERROR_SCHEMA = "stimctl.error/1"
_LABEL = 14  # the width of "  what to do: "
_WIDEST = 100
_CANNOT_WRITE = frozenset(
    {errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT, errno.EAGAIN}
)


def explain(error: StimctlError, *, as_json: bool) -> int:
    """Say what happened, why, and what to do, on stderr; with `as_json` also as data on stdout."""
    place = _place_of(error)
    say(f"{styled('error:', 'red', sys.stderr)} {place}{_sentence(error.what)}")
    for label, text in (("why", error.why), ("what to do", error.what_to_do)):
        if text:
            say(_labelled(label, _sentence(text)))
    if as_json:
        put_json(ERROR_SCHEMA, error.as_dict())
    return int(error.exit_code)


def explain_usage(error: Any, *, as_json: bool) -> int:
    """A mistake in the command line itself, a `CommandLineError`, as the framework found it."""
    context: Any = getattr(error, "ctx", None)
    message = error.format_message()
    say(f"{styled('error:', 'red', sys.stderr)} {message}")
    hint = "See: stimctl --help"
    if context is not None:
        hint = f"See: {context.command_path} --help"
        say(f"  {context.get_usage()}")
    say(_labelled("what to do", hint))
    if as_json:
        put_json(ERROR_SCHEMA, UsageError(message, what_to_do=hint).as_dict())
    return int(ExitCode.USAGE)


def explain_bug(error: BaseException, arguments: Sequence[str], *, as_json: bool) -> int:
    """A failure nobody foresaw: one sentence, and the path of a report with the details."""
    path = _write_report(error, arguments)
    what = f"internal error: {type(error).__name__}: {error}"
    where = f"A report is in {path}" if path else "No report could be written; see below"
    say(f"{styled('error:', 'red', sys.stderr)} {_sentence(what)}")
    say(_labelled("what to do", f"{where}. Please attach it when you report this."))
    if path is None:
        say(_report_text(error, arguments))
    if as_json:
        told = BugError(what, what_to_do=where).as_dict()
        put_json(ERROR_SCHEMA, {**told, "report": path})
    return int(ExitCode.BUG)


def output_is_lost(error: OSError) -> bool:
    """True when `error` came from writing to stdout: its reader has gone, or its disk is full.

    Whatever else is written here (journals, rehearsals, reports) turns its failure into an error
    of its own; and an error from a file that was opened by name has a file name.
    """
    return error.filename is None and error.errno in _CANNOT_WRITE


def explain_lost_output(error: OSError) -> int:
    """Nobody gets our output: say so on stderr, but not to a reader who left on purpose."""
    with contextlib.suppress(OSError):
        if not isinstance(error, BrokenPipeError):
            say(f"error: the output cannot be written: {error.strerror or error}.")
            say(_labelled("what to do", "Free some space, or send it elsewhere, and try again."))
    # Python writes what is left when it closes, and would complain again.
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
            continue
        with contextlib.suppress(OSError, ValueError):
            os.dup2(null, stream.fileno())
    return int(ExitCode.REFUSED)


def _place_of(error: StimctlError) -> str:
    file, line = getattr(error, "file", ""), getattr(error, "line", None)
    field = getattr(error, "field", "")
    place = f"{file}:{line}" if file and line is not None else file
    return "".join(f"{part}: " for part in (place, field) if part)


def _sentence(text: str) -> str:
    text = text.rstrip()
    ended = text if text.endswith((".", "?", "!", ":")) or "\n" in text else f"{text}."
    return ended.replace("\n", "\n  ")


def _labelled(label: str, text: str) -> str:
    """The text behind its label, in lines as wide as the terminal."""
    head = f"  {label + ':':<{_LABEL - 3}} "
    if "\n" in text:
        return head + text
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(
        head + text,
        max(width, 2 * _LABEL),
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _report_text(error: BaseException, arguments: Sequence[str]) -> str:
    # The verb is enough to find the place; options may hold a person's code.
    verb = next((argument for argument in arguments if not argument.startswith("-")), "")
    trace = "".join(traceback.format_exception(error))
    return (
        f"stimctl {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"verb: {verb}\n\n{trace}"
    )


def _write_report(error: BaseException, arguments: Sequence[str]) -> str | None:
    from stimctl.records.places import state_folder

    name = time.strftime("crash-%Y%m%dT%H%M%SZ", time.gmtime()) + f"-{os.getpid()}.txt"
    for folder in (_reports_in(state_folder), _temporary_folder()):
        if folder is None:
            continue
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / name
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(_report_text(error, arguments))
        except OSError:
            continue
        return str(path)
    return None


def _temporary_folder() -> Path | None:
    try:
        return Path(tempfile.gettempdir())
    except OSError:  # there is none, and what is told is the error that brought us here
        return None


def _reports_in(state_folder: Any) -> Path | None:
    try:
        folder: Path = state_folder() / "reports"
    except (RuntimeError, OSError, StimctlError):  # no home folder, or none that can be meant
        return None
    return folder
