"""Whether anybody is attached to the tmux, screen, zellij... that is between us and a screen.

A multiplexer answers the probe itself, so a detached session looks like a quick terminal. So each
is asked, every two seconds, in a thread of its own: asking starts a process, and nothing must wait
for it. They may be nested: somebody has to be attached to every one of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_EVERY_S = 2.0
_WITHIN_S = 1.0
_OUTSIDE = "arm outside it, or in tmux, screen or zellij, which can be asked"
#: What detaches and cannot be asked, by the name of the process that our terminal belongs to
#: (15 characters are all that the system keeps), or by a variable that it sets.
_DEAF = {
    "dtach": "dtach", "abduco": "abduco", "mosh-server": "mosh", "shpool": "shpool",
    "etterminal": "Eternal Terminal", "wezterm-mux-ser": "a WezTerm multiplexer", "ttyd": "ttyd",
    "gotty": "gotty", "diss": "diss", "atch": "atch", "tmate": "tmate",
}  # fmt: skip
_DEAF_VARIABLES = {
    "ABDUCO_SESSION": "abduco", "SHPOOL_SESSION_NAME": "shpool", "DTACH_SOCKET": "dtach",
    "MOSH_SERVER_PID": "mosh",
}  # fmt: skip
_ASKED = {"tmux": "tmux", "screen": "screen", "zellij": "zellij"}


class Answer(NamedTuple):
    """What a multiplexer says: how many look at it, and whether one of them does over SSH."""

    attached: int
    remote: bool = False


class Multiplexer:
    """What one of them last said. Where one falls silent that has spoken, somebody is taken to be
    there still: the attendance prompt is what is left. Before it has spoken, nothing is armed."""

    def __init__(
        self, ask: Callable[[], str], name: str = "tmux",
        read: Callable[[str], Answer | None] | None = None,
    ) -> None:  # fmt: skip
        self._ask = ask
        self._read = read or read_tmux
        self.name = name
        self.answers = False
        self.attached = True
        self.remote = False

    def look(self) -> None:
        """Ask once."""
        answer = self._read(self._ask())
        self.answers = answer is not None
        if answer is not None:
            self.attached, self.remote = answer.attached > 0, answer.remote

    @property
    def left(self) -> str:
        """Why output has to stop; "" where somebody is attached, or it does not say."""
        return "" if self.attached else f"nobody is attached to this {self.name}"

    @property
    def refusal(self) -> str:
        """Why nothing is armed on a device; "" where somebody is known to be attached."""
        if not self.answers:
            return f"{self.name} does not say whether anybody is attached: {_OUTSIDE}"
        return self.left


class Multiplexers:
    """All of them, innermost or outermost alike. `deaf`: the names of those nobody can ask."""

    def __init__(self, asked: Sequence[Multiplexer], deaf: Sequence[str] = ()) -> None:
        self._asked = asked
        self._deaf = deaf

    @property
    def remote(self) -> bool:
        """Somebody looks over SSH."""
        return any(one.remote for one in self._asked)

    @property
    def left(self) -> str:
        """Why output has to stop; "" where somebody is attached to each."""
        return next((one.left for one in self._asked if one.left), "")

    @property
    def refusal(self) -> str:
        """Why nothing is armed on a device; "" where it may be."""
        if self._deaf:
            return f"this runs inside {self._deaf[0]}, which nobody can ask who watches: {_OUTSIDE}"
        return next((one.refusal for one in self._asked if one.refusal), "")

    def look(self) -> None:
        """Ask each once."""
        for one in self._asked:
            one.look()

    def begin(self, on_left: Callable[[str], None] = lambda _why: None) -> None:
        """Ask for as long as the program runs; `on_left` is called, in a thread, whenever nobody is
        attached any more."""
        if self._asked:
            threading.Thread(
                target=self._serve, args=(on_left,), name="multiplexer", daemon=True
            ).start()

    def _serve(self, on_left: Callable[[str], None]) -> None:
        pause, told = threading.Event(), ""
        while True:
            self.look()
            told, before = self.left, told
            if told and not before:
                on_left(told)
            pause.wait(_EVERY_S)


def multiplexers_of(
    environ: Mapping[str, str], ancestors: Sequence[str] | None = None
) -> Multiplexers | None:
    """Those that we are in, by the environment and by our ancestors' names; None where in none."""
    asked = [one for one in (_tmux(environ), _screen(environ), _zellij(environ)) if one is not None]
    names = [one.name for one in asked]
    above = ancestor_names() if ancestors is None else ancestors
    found = [_DEAF[name] for name in above if name in _DEAF]
    found += [_DEAF_VARIABLES[name] for name in _DEAF_VARIABLES if environ.get(name)]
    for name in above:  # one that we are in although its variable is gone: it cannot be addressed
        word = name.partition(":")[0].lower()
        if word in _ASKED and word not in names:
            found.append(f"a {word} whose variable is not in the environment")
    return Multiplexers(asked, found) if asked or found else None


def ancestor_names() -> list[str]:
    """The names of the processes above this one, the nearest first; empty without /proc."""
    names: list[str] = []
    pid = os.getppid()
    while pid > 1 and len(names) < 64:
        try:
            text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        except OSError:
            break
        name, _, rest = text.partition("(")[2].rpartition(")")
        names.append(name)
        pid = int(rest.split()[1])
    return names


def _tmux(environ: Mapping[str, str]) -> Multiplexer | None:
    pane = environ.get("TMUX_PANE", "")
    if not environ.get("TMUX") or not pane:
        return None
    command = ["tmux", "display-message", "-p", "-t", pane, "#{session_attached}"]
    command += [";", "show-environment", "-t", pane, "SSH_CONNECTION"]
    return Multiplexer(lambda: _said(command, environ))


def read_tmux(said: str) -> Answer | None:
    """The number of clients, then a variable of the session's environment."""
    attached, _, environment = said.partition("\n")
    if not attached.strip().isdigit():
        return None
    return Answer(int(attached), environment.startswith("SSH_CONNECTION="))


def _screen(environ: Mapping[str, str]) -> Multiplexer | None:
    session = environ.get("STY", "")
    if not session:
        return None
    command = ["screen", "-ls", session]
    return Multiplexer(
        lambda: _said(command, environ), "screen", lambda said: read_screen(said, session)
    )


def read_screen(said: str, session: str) -> Answer | None:
    """`screen -ls`: the line of the session ends in (Attached), (Multi, attached), (Detached)..."""
    for line in said.splitlines():
        words = line.split()
        if words and words[0] == session:
            states = re.findall(r"\(([^()]*)\)", line)
            state = states[-1].lower() if states else ""
            if "detached" in state:
                return Answer(0)
            return Answer(1) if "attached" in state else None
    return None


def _zellij(environ: Mapping[str, str]) -> Multiplexer | None:
    session = environ.get("ZELLIJ_SESSION_NAME", "")
    if not session and "ZELLIJ" not in environ:
        return None
    command = ["zellij", *(["--session", session] if session else []), "action", "list-clients"]
    return Multiplexer(lambda: _said(command, environ), "zellij", read_zellij)


def read_zellij(said: str) -> Answer | None:
    """`zellij action list-clients`: a heading, and a line for each client."""
    heading, *clients = said.strip().splitlines() or [""]
    if "CLIENT_ID" not in heading:
        return None
    return Answer(len([line for line in clients if line.strip()]))


def _said(command: list[str], environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_WITHIN_S,
            check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, **environ, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
