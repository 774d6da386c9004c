"""Whether anybody is attached to the tmux that stands between us and a screen, and from where.

tmux answers the probe itself, so a detached session looks like a quick terminal. So tmux is asked,
every two seconds, in a thread of its own: asking starts a process, and nothing must wait for it.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Mapping

_EVERY_S = 2.0
_WITHIN_S = 1.0


class Multiplexer:
    """What tmux last said. Until then, and where it says nothing, somebody is taken to be there:
    the attendance prompt is what is left."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask
        self.attached = True
        self.remote = False

    def look(self) -> None:
        """Ask once."""
        attached, _, environment = self._ask().partition("\n")
        if attached.strip().isdigit():
            self.attached = int(attached) > 0
            self.remote = environment.startswith("SSH_CONNECTION=")

    def begin(self) -> None:
        """Ask for as long as the program runs."""
        threading.Thread(target=self._serve, name="multiplexer", daemon=True).start()

    def _serve(self) -> None:
        pause = threading.Event()
        while True:
            self.look()
            pause.wait(_EVERY_S)


def multiplexer_of(environ: Mapping[str, str]) -> Multiplexer | None:
    """The tmux we are in; None where we are in none."""
    pane = environ.get("TMUX_PANE", "")
    if not environ.get("TMUX") or not pane:
        return None
    command = ["tmux", "display-message", "-p", "-t", pane, "#{session_attached}"]
    command += [";", "show-environment", "-t", pane, "SSH_CONNECTION"]
    return Multiplexer(lambda: _said(command, {**os.environ, **environ}))


def _said(command: list[str], environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_WITHIN_S, check=False,
            stdin=subprocess.DEVNULL, env=dict(environ),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
