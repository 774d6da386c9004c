"""Where stimctl keeps what it records, and where a user's own protocols are looked for.

Pure functions of an environment and a home folder, so that a test needs neither.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

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
    Windows `%LOCALAPPDATA%\\stimctl`). Relative values are ignored, as XDG demands.
    """
    environ = os.environ if environ is None else environ
    own = _absolute(environ.get(STATE_VARIABLE))
    if own is not None:
        return own
    xdg = _absolute(environ.get("XDG_STATE_HOME"))
    if xdg is not None:
        return xdg / "stimctl"
    home = home or Path.home()
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
    `~/.config/stimctl/protocols`.
    """
    environ = os.environ if environ is None else environ
    own = _absolute(environ.get(PROTOCOLS_VARIABLE))
    if own is not None:
        return own
    config = _absolute(environ.get("XDG_CONFIG_HOME"))
    return (config or (home or Path.home()) / ".config") / "stimctl" / "protocols"


def _absolute(value: str | None) -> Path | None:
    return Path(value) if value and Path(value).is_absolute() else None
