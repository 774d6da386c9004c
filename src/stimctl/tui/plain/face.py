"""`--plain`: one sentence per event and commands typed as words, for screen readers and logs.

The same desk decides as behind the screens, so every refusal and every lock is the same. An empty
line, or SPACE on a terminal, is STOP.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import select
import termios
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from stimctl.errors import ExitCode, StimctlError, UsageError
from stimctl.keyboard import is_ours
from stimctl.records.delivered import HOW, Delivered, describe
from stimctl.session.row_base import Kind
from stimctl.supervisor.phrases import sentence_of
from stimctl.terminal_text import printable
from stimctl.tui.model.live import Row
from stimctl.tui.model.probe import QUERY, TerminalProbe
from stimctl.tui.plain.command import Command
from stimctl.tui.plain.commands import COMMANDS, HELP

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.opening import Wishes

_LOOP_S = 0.1
_ANSWER = re.compile(rb"\x1b\[\d+;\d+R")
#: An escape sequence that has not come whole: it is read on with what comes next.
_UNFINISHED = re.compile(rb"\x1b(\[[\d;]*)?\Z")
_STOP_BYTES = (b"\x18", b"\x03", b"\x1b[24~")


class PlainFace:
    """Reads words, beats, and says what happens."""

    def __init__(self, desk: Desk, posted: queue.SimpleQueue[Callable[[], None]]) -> None:
        self.desk = desk
        self._posted = posted
        self._line = self._partial = b""
        self.leaving = False
        self.delivered = Delivered()
        desk.heard = self._heard
        desk.leave = self.leave

    def leave(self) -> None:
        """At the next turn of the loop."""
        self.leaving = True

    def say(self, words: str) -> None:
        """One line, now."""
        print(printable(words), flush=True)  # noqa: T201 - this face is lines on stdout

    def _heard(self, row: Row) -> None:
        self.delivered.take(row["kind"], row)
        words = self._echoed(row) if row["kind"] == Kind.ACK else sentence_of(row)
        if words:
            self.say(words)

    def _echoed(self, row: Row) -> str:
        """Where more is known of a level than its number, it is said of what the device has."""
        text = self.desk.bed.level_text
        if text is None:
            return ""
        on = [f"channel {one} at {text(int(one), now)}" for one, now in row["channels"].items()]
        return f"echoed by the board: {'; '.join(on) or 'nothing on'}"

    def say_delivered(self) -> None:
        """What the device has acknowledged, once the session is over."""
        for channel, told in self.delivered.by_channel.items():
            self.say(f"channel {channel} acknowledged: {describe(told)}, {HOW}")

    def wait_for_supervisor(self) -> None:
        """For a device that was named on the command line. Nothing is said to it before."""
        bed = self.desk.bed
        while bed.connecting and not self.leaving:
            self._take_posted(_LOOP_S)
        if bed.failure is not None:
            self.leaving = True
        elif bed.client is not None:
            longest_us = bed.client.runs_after_host_death_us
            if longest_us is not None:
                s = f"{longest_us / 1e6:g} s"
                self.say(f"if this computer dies, output goes on for at most {s}")
            self.say(HELP)

    def _take_posted(self, within_s: float) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._posted.get(timeout=within_s)()

    def turn(self, fd: int, *, typed: bool) -> None:
        """One turn: a beat, the rows, the time, what was typed."""
        desk = self.desk
        desk.bed.beat()
        while not self._posted.empty():
            self._posted.get()()
        if typed:
            self._ask_terminal()
        desk.tick()
        self._speak()
        if typed and not is_ours(fd):
            desk.bed.stop_line.stop("the keyboard is another program's")
            self.say("STOP: the keyboard is another program's now")
            self.leave()
            return
        ready, _, _ = select.select([fd], [], [], _LOOP_S)
        if ready:
            self._read(fd, typed=typed)
            self._speak()

    def _ask_terminal(self) -> None:
        """How far away a remote terminal is (H22); what asks it prints nothing."""
        probe, now_ns = self.desk.lookout.probe, self.desk.clock.mono_ns()
        if probe is not None and probe.due(now_ns):
            probe.asked(now_ns)
            os.write(1, QUERY.encode())

    def _answered(self, data: bytes) -> bytes:
        """The same without the terminal's answers."""
        probe = self.desk.lookout.probe
        if probe is None:
            return data
        rest, count = _ANSWER.subn(b"", self._partial + data)
        if count:
            probe.answered(self.desk.clock.mono_ns())
        cut = _UNFINISHED.search(rest)
        self._partial = b"" if cut is None else cut.group()
        return rest if cut is None else rest[: cut.start()]

    def _speak(self) -> None:
        message, self.desk.message = self.desk.message, ""
        if message:
            self.say(message)

    def _read(self, fd: int, *, typed: bool) -> None:
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b""
        if not data:
            self.desk.bed.stop_line.stop("end of input")
            self.leave()
            return
        data = self._answered(data)
        if any(stop in data for stop in _STOP_BYTES):
            self._stop()
            return
        for number in data:
            self._byte(bytes([number]), typed=typed)

    def _byte(self, byte: bytes, *, typed: bool) -> None:
        if byte == b" " and typed and (not self._line or self.desk.bed.output_may_be_on):
            self._stop()
        elif byte in (b"\n", b"\r"):
            line, self._line = self._line.decode("utf-8", "replace").strip(), b""
            if typed:
                self.say("")
            self.obey(line)
        elif byte in (b"\x7f", b"\x08"):
            self._line = self._line[:-1]
        else:
            self._line = (self._line + byte)[-200:]
            if typed:
                os.write(1, byte)

    def _stop(self) -> None:
        self._line = b""
        self.desk.bed.stop_line.stop("plain: STOP")
        papers = self.desk.bed.papers
        papers.stop_key = papers.stop_key or "plain STOP"
        self.desk.window.close()
        self.say("STOP sent")

    def obey(self, line: str) -> None:
        """One typed line. Empty is STOP."""
        if not line or line == "stop":
            self._stop()
            return
        word, *rest = line.split()
        self.desk.key_ns = self.desk.clock.mono_ns()
        if word == "help":
            self.say(HELP)
            return
        command = COMMANDS.get(word)
        try:
            if command is None:
                raise UsageError(f"unknown command: {word}", what_to_do="type help")
            self._run(command, rest)
        except StimctlError as error:
            self.say(f"refused: {error}")

    def _run(self, command: Command, rest: list[str]) -> None:
        desk = self.desk
        if desk.bed.live.attend_until_ns is not None:
            desk.bed.command("attend")
        if desk.mode and not command.watching:
            raise UsageError(f"this is a {desk.mode} view", what_to_do="status, stop, or quit")
        if command.at_zero and desk.bed.output_may_be_on and not desk.mode:
            raise UsageError("output may be on", what_to_do="STOP first (an empty line)")
        if command.action:
            self._act(command.action)
        else:
            words = command.do(desk, rest)
            if words:
                self.say(words)

    def _act(self, action: str) -> None:
        """What the key of the same name does on the Run screen, with its refusals."""
        desk = self.desk
        page = desk.pages["armed"] if action in ("go", "go-on") else desk.pages["run"]
        desk.page, desk.overlay = desk.pages["run"], None
        desk.page.opened()
        desk.take_rows()
        why = page.offers().get(action)
        if why:
            desk.say(f"refused {action}: {why}")
        else:
            page.act(action)


@contextlib.contextmanager
def _typing(fd: int) -> Iterator[bool]:
    """On a terminal: keys as they come, without signals. Yields whether it is one."""
    if not os.isatty(fd):
        yield False
        return
    before = termios.tcgetattr(fd)
    raw: list[Any] = termios.tcgetattr(fd)
    raw[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    raw[0] &= ~(termios.IXON | termios.IXOFF)
    termios.tcsetattr(fd, termios.TCSANOW, raw)
    try:
        yield True
    finally:
        with contextlib.suppress(termios.error):
            if is_ours(fd):  # else it is another program's terminal now
                termios.tcsetattr(fd, termios.TCSANOW, before)


def run_plain(wishes: Wishes) -> int:
    """Run it; returns the exit code."""
    from stimctl.multiplexer import multiplexers_of
    from stimctl.records.places import state_folder
    from stimctl.tui.endings import Endings
    from stimctl.tui.model.bedside import Bedside
    from stimctl.tui.model.clock import SystemClock
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.jobs import ThreadJobs
    from stimctl.tui.model.keymap import read_keymap
    from stimctl.tui.model.lookout import Lookout
    from stimctl.tui.model.modes import open_mode
    from stimctl.tui.model.opening import make_client, remote_refusal
    from stimctl.tui.model.pages import pages_of
    from stimctl.tui.model.stopping import StopLine

    posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    stop_line = StopLine()
    manual = wishes.manual
    make = partial(make_client, face="plain", stop_faces=wishes.stop_faces,
                   operator=manual.operator if manual else "")  # fmt: skip
    bed = Bedside(stop_line, ThreadJobs(posted.put), make, state_folder(), lambda _w: None)
    bed.find_channels = wishes.find_channels
    mode = "watch" if wishes.watch is not None else ""
    remote = remote_refusal(wishes, os.environ)
    is_remote = bool(os.environ.get("SSH_CONNECTION"))
    answers = is_remote and os.isatty(1) and os.environ.get("TERM", "dumb") != "dumb"
    between = multiplexers_of(os.environ)
    if between is not None:
        between.begin()
    lookout = Lookout(TerminalProbe(remote=True) if answers else None, remote=is_remote,
                      between=between, remote_ok=wishes.remote_ok)  # fmt: skip
    desk = Desk(bed, read_keymap(), SystemClock(), pages=pages_of, theme="mono",
                mode=mode, remote=remote, lookout=lookout)  # fmt: skip
    face = PlainFace(desk, posted)
    endings = Endings(stop_line.stop, face.leave, bed.close, job_control=True)
    with endings, contextlib.ExitStack() as stack:
        if manual is None:
            face.say("stimctl, plain. An empty line or SPACE is STOP; help lists the words.")
        try:
            open_mode(desk, wishes)
            desk.first()
            if manual is not None:
                face.wait_for_supervisor()
            typed = stack.enter_context(_typing(0))
            while not face.leaving:
                face.turn(0, typed=typed)
        finally:
            if bed.output_may_be_on:
                stop_line.stop("the plain face ends")
            code = bed.close()
            desk.take_rows()
    if bed.failure is not None and manual is not None:
        raise bed.failure
    if manual is not None:
        face.say_delivered()
    zero = code != ExitCode.NOT_CONFIRMED_ZERO
    face.say("ended: zero verified" if zero else "OUTPUT UNKNOWN: pull the electrode cable")
    return code if code or endings.exit_code is None else int(endings.exit_code)
