"""Where stimctl keeps what it records, and where a user's own protocols are looked for.

Pure functions of an environment and a home folder, so that a test needs neither.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stimctl.errors import UsageError

STATE_VARIABLE = "STIMCTL_STATE_HOME"
PROTOCOLS_VARIABLE = "STIMCTL_PROTOCOLS"


def state_folder(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    platform: str = sys.platform,
) -> Path:
    """The folder for journals, rehearsals and acceptances. Nothing is created here.

    `$STIMCTL_STATE_HOME`, else `$XDG_STATE_HOME/stimctl`, else the platform's own place
    (Linux `~/.local/state/stimctl`, macOS `~/Library/Application Support/stimctl`,
    Windows `%LOCALAPPDATA%\\stimctl`). Relative XDG values are ignored, as XDG demands; a
    relative value of our own variable raises UsageError, because what is recorded somewhere else
    than its owner said is as good as lost. UsageError, too, where the user has no home folder.
    """
    environ = os.environ if environ is None else environ
    own = _own(environ, STATE_VARIABLE)
    if own is not None:
        return own
    xdg = _absolute(environ.get("XDG_STATE_HOME"))
    if xdg is not None:
        return xdg / "stimctl"
    home = home or _home(environ, STATE_VARIABLE)
    if platform == "darwin":
        return home / "Library" / "Application Support" / "stimctl"
    if platform == "win32":
        local = _absolute(environ.get("LOCALAPPDATA"))
        return (local or home / "AppData" / "Local") / "stimctl"
    return home / ".local" / "state" / "stimctl"


def journal_folder(state: Path) -> Path:
    """The folder of the journal files and their catalogue inside a state folder."""
    return state / "journal"


def user_protocol_folder(
    environ: Mapping[str, str] | None = None, *, home: Path | None = None
) -> Path:
    """Where a user's own treatment protocols are found by name.

    `$STIMCTL_PROTOCOLS`, else `$XDG_CONFIG_HOME/stimctl/protocols`, else
    `~/.config/stimctl/protocols`. Raises UsageError for a relative `$STIMCTL_PROTOCOLS`, and where
    the user has no home folder.
    """
    environ = os.environ if environ is None else environ
    own = _own(environ, PROTOCOLS_VARIABLE)
    if own is not None:
        return own
    config = _absolute(environ.get("XDG_CONFIG_HOME"))
    if config is None:
        config = (home or _home(environ, PROTOCOLS_VARIABLE)) / ".config"
    return config / "stimctl" / "protocols"


def user_protocol_folders(environ: Mapping[str, str] | None = None) -> list[Path]:
    """That folder, or nothing where the user has no home folder: then he has no protocols there."""
    environ = os.environ if environ is None else environ
    named = environ.get(PROTOCOLS_VARIABLE) or _absolute(environ.get("XDG_CONFIG_HOME"))
    return [user_protocol_folder(environ)] if named or home_folder(environ) else []


def home_folder(environ: Mapping[str, str] | None = None) -> Path | None:
    """The user's home folder: `$HOME`, else what the system's list of users says, else None."""
    environ = os.environ if environ is None else environ
    given = _absolute(environ.get("HOME"))
    if given is not None:
        return given
    try:
        import pwd

        return _absolute(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, KeyError):
        return _absolute(environ.get("USERPROFILE"))


def _home(environ: Mapping[str, str], variable: str) -> Path:
    found = home_folder(environ)
    if found is None:
        raise UsageError(
            "this user has no home folder",
            why="HOME is not set to a whole path and the system's list of users names no folder",
            what_to_do=f"set {variable} to a folder that can be written, or set HOME",
        )
    return found


def _own(environ: Mapping[str, str], variable: str) -> Path | None:
    """The folder that one of our own variables names; None where it is not set or empty."""
    value = environ.get(variable)
    found = _absolute(value)
    if value and found is None:
        whole = f"$HOME{value[1:]}" if value.startswith("~/") else f"$PWD/{value}"
        raise UsageError(
            f"{variable}={value} is not a whole path",
            why="a relative one would mean another folder in every place stimctl is started",
            what_to_do=f"Give it from the root on, such as {variable}={whole}",
        )
    return found


def _absolute(value: str | None) -> Path | None:
    return Path(value) if value and Path(value).is_absolute() else None
