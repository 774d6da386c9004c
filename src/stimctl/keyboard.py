"""Whether what is typed into the terminal comes to this program.

It does where the program is in the foreground. In the background (`&`, Ctrl-Z and `bg`), or in a
session of its own (`setsid`), keys go to another program, STOP too, and a read stops this one.
"""

from __future__ import annotations

import os

from stimctl.errors import UsageError


def is_ours(fd: int = 0) -> bool:
    """True where this process is in the foreground of the terminal at `fd`."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def is_elsewhere(fd: int = 0) -> bool:
    """True where `fd` is a terminal whose keys go to another program."""
    try:
        return os.isatty(fd) and not is_ours(fd)
    except OSError:
        return False


def need_keyboard(what: str) -> None:
    """Raise `UsageError` where there is a keyboard, and it is another program's."""
    if is_elsewhere():
        raise UsageError(
            f"{what} needs the keyboard, and it is another program's",
            why="it runs in the background (&, bg) or in a session of its own (setsid), so no key "
            "that is typed here would reach it, STOP neither",
            what_to_do="start it in the foreground",
        )
