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
    home = home or home_folder(environ)
    if platform == "win32":
        local = _local_folder(environ, home)
        if local is not None:
            return local
    if home is None:
        raise _no_home(STATE_VARIABLE)
    if platform == "darwin":
        return home / "Library" / "Application Support" / "stimctl"
    return home / ".local" / "state" / "stimctl"


def journal_folder(state: Path) -> Path:
    """The folder of the journal files and their catalogue inside a state folder."""
    return state / "journal"


def config_folder(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    platform: str = sys.platform,
) -> Path | None:
    """The folder of what a user sets up, his protocols and keys; None where he has no home folder.

    `$XDG_CONFIG_HOME/stimctl`, else `~/.config/stimctl`, on Windows `%LOCALAPPDATA%\\stimctl`.
    """
    environ = os.environ if environ is None else environ
    xdg = _absolute(environ.get("XDG_CONFIG_HOME"))
    if xdg is not None:
        return xdg / "stimctl"
    if platform == "win32":
        return _local_folder(environ, home or home_folder(environ))
    home = home or home_folder(environ)
    return None if home is None else home / ".config" / "stimctl"


def user_protocol_folder(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    platform: str = sys.platform,
) -> Path:
    """Where a user's own treatment protocols are found by name.

    `$STIMCTL_PROTOCOLS`, else `protocols` in `config_folder`. Raises UsageError for a relative
    `$STIMCTL_PROTOCOLS`, and where the user has no home folder.
    """
    environ = os.environ if environ is None else environ
    own = _own(environ, PROTOCOLS_VARIABLE)
    if own is not None:
        return own
    found = config_folder(environ, home=home, platform=platform)
    if found is None:
        raise _no_home(PROTOCOLS_VARIABLE)
    return found / "protocols"


def user_protocol_folders(environ: Mapping[str, str] | None = None) -> list[Path]:
    """That folder, or nothing where the user has no home folder: then he has no protocols there."""
    environ = os.environ if environ is None else environ
    named = environ.get(PROTOCOLS_VARIABLE) or config_folder(environ)
    return [user_protocol_folder(environ)] if named else []


def home_folder(environ: Mapping[str, str] | None = None) -> Path | None:
    """The user's home folder: `$HOME`, else what the system's list of users says, else None."""
    environ = os.environ if environ is None else environ
    given = _absolute(environ.get("HOME"))
    if given is not None:
        return given
    try:
        import pwd
    except ImportError:  # Windows
        return _absolute(environ.get("USERPROFILE"))
    try:
        return _absolute(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def _local_folder(environ: Mapping[str, str], home: Path | None) -> Path | None:
    """Our folder among those that Windows keeps for programs of one user on one computer."""
    local = _absolute(environ.get("LOCALAPPDATA"))
    if local is None and home is not None:
        local = home / "AppData" / "Local"
    return None if local is None else local / "stimctl"


def _no_home(variable: str) -> UsageError:
    return UsageError(
        "this user has no home folder",
        why="HOME is not set to a whole path and the system's list of users names no folder",
        what_to_do=f"set {variable} to a folder that can be written, or set HOME",
    )


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
