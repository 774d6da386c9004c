"""Opens the terminal UI: which face, which theme, who stops what, and the exit code at the end."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial

from stimctl.errors import ExitCode, UsageError
from stimctl.keyboard import need_keyboard
from stimctl.records.places import state_folder
from stimctl.supervisor.platform_support import need_session
from stimctl.supervisor.stop_face_names import stop_face_options
from stimctl.tui.model.bedside import Bedside
from stimctl.tui.model.clock import SystemClock
from stimctl.tui.model.keymap import read_keymap
from stimctl.tui.model.opening import Wishes, make_client, remote_refusal
from stimctl.tui.model.stopping import StopLine
from stimctl.tui.model.theme_names import THEME_NAMES, check_theme
from stimctl.tui.ui_packages import need_ui_packages

_UNKNOWN = "OUTPUT UNKNOWN: zero is not confirmed. Pull the electrode cable or switch it off."

_NOT_YET = "zero is not confirmed yet: STOP is being repeated. In doubt pull the electrode cable."


def is_interactive() -> bool:
    """A person can see and type."""
    try:
        return sys.stdin.isatty() and sys.stdout.isatty()
    except ValueError:
        return False


def open_tui(wishes: Wishes) -> int:
    """Run it; returns the exit code. Raises UsageError for a theme or keymap that is none, and
    NotOnThisSystemError where it cannot run."""
    need_session("the terminal UI")
    if wishes.theme:
        check_theme(wishes.theme)
    stop_face_options(wishes.stop_faces)  # refuses a name that is none
    need_keyboard("the terminal UI")
    plain = wishes.plain or os.environ.get("TERM", "dumb") == "dumb"
    if plain and not wishes.replay:
        from stimctl.tui.plain.face import run_plain

        return run_plain(wishes)
    if not is_interactive():
        raise UsageError(
            "the terminal UI needs a terminal",
            why="input or output is not one",
            what_to_do="use `stimctl run`, or `stimctl --plain`",
        )
    if not sys.stderr.isatty():
        raise UsageError(
            "the terminal UI draws on standard error, and that is no terminal",
            why="it was sent elsewhere (2>), so the screen would stay blank",
            what_to_do="start it without 2>; each session keeps a journal of its own",
        )
    need_ui_packages()
    return _run(wishes)


def theme_for(wishes: Wishes, environ: Mapping[str, str]) -> str:
    """The asked one, else the environment's, else mono where colour is not wanted."""
    wanted = wishes.theme or environ.get("STIMCTL_THEME", "")
    if wishes.theme or wanted in THEME_NAMES:
        return wanted
    return "mono" if environ.get("NO_COLOR") else "night"


def _run(wishes: Wishes) -> int:
    gc.disable()  # until the first screen is up nothing is thrown away, and to search takes time
    from stimctl.multiplexer import multiplexers_of
    from stimctl.supervisor.priority import FACE_NICE, prefer_this_thread
    from stimctl.tui.app import BEAT_S, StimctlApp
    from stimctl.tui.endings import Endings
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.jobs import ThreadJobs
    from stimctl.tui.model.lookout import Lookout
    from stimctl.tui.model.modes import open_mode
    from stimctl.tui.model.pages import pages_of
    from stimctl.tui.model.probe import TerminalProbe

    sys.setswitchinterval(0.001)
    faulthandler.enable()
    theme = theme_for(wishes, os.environ)
    os.environ.pop("NO_COLOR", None)  # heard: the mono theme says more than a grey filter
    stop_line = StopLine()
    apps: list[StimctlApp] = []

    def report(call: Callable[[], None]) -> None:
        apps[0].finished(call)

    jobs = ThreadJobs(report)
    make = partial(make_client, stop_faces=wishes.stop_faces)
    bed = Bedside(stop_line, jobs, make, state_folder(), lambda _words: None)
    bed.find_channels = wishes.find_channels
    mode = "replay" if wishes.replay else "watch" if wishes.watch is not None else ""
    is_remote = bool(os.environ.get("SSH_CONNECTION"))
    between = multiplexers_of(os.environ)
    if between is not None:
        between.begin()
    desk = Desk(
        bed, read_keymap(), SystemClock(), pages=pages_of, theme=theme, mode=mode,
        remote=remote_refusal(wishes, os.environ),
        lookout=Lookout(TerminalProbe(remote=is_remote), remote=is_remote, between=between,
                        remote_ok=wishes.remote_ok),
    )  # fmt: skip
    endings = Endings(stop_line.stop, lambda: apps[0].post(apps[0].leave), bed.close)
    beat_s = BEAT_S / 2 if is_remote else BEAT_S
    app = StimctlApp(desk, beat_s=beat_s, gone=endings.terminal_gone)
    apps.append(app)
    open_mode(desk, wishes)
    prefer_this_thread(FACE_NICE)
    with endings:
        try:
            app.run()
        finally:
            if bed.output_may_be_on:
                bed.stop_line.stop("the terminal UI ends")
                # Closing verifies zero for seconds, on a terminal that shows nothing any more.
                with contextlib.suppress(OSError):
                    sys.stderr.write(f"{_NOT_YET}\n")
            code = bed.close()
    return _judge(code, endings.exit_code, app.return_code)


def _judge(closed: int, signalled: ExitCode | None, ended: int | None) -> int:
    """The worst first; words for the one that a person must act on."""
    if closed == ExitCode.NOT_CONFIRMED_ZERO:
        sys.stderr.write(f"{_UNKNOWN}\n")
        return closed
    if signalled is not None:
        return int(signalled)
    return closed or (int(ExitCode.BUG) if ended else int(ExitCode.DONE))
