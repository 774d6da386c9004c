"""The demo session in a real terminal, as tests, benchmarks and pictures drive it: keys and words.

The program runs whole: its own process, a supervisor, and the P24 twin in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from stimctl.testing.journals import is_journal, judge, recorded_device
from stimctl.testing.terminal import Terminal

UP, DOWN, LEFT, RIGHT, ENTER = b"\x1b[A", b"\x1b[B", b"\x1b[D", b"\x1b[C", b"\r"
#: Every STOP key as an xterm sends it.
STOP_KEYS = {"space": b" ", "ctrl+x": b"\x18", "ctrl+c": b"\x03", "f12": b"\x1b[24~"}
#: As an xterm sends them.
ALT_1, ESC, F2 = b"\x1b1", b"\x1b", b"\x1bOQ"
#: Each screen by its title, and the key that opens it from the Run screen.
SCREENS = {
    "Patient": b"1", "Device": b"2", "Screening": b"3", "Protocols": b"4", "Electrodes": b"5",
    "Settings": b"6", "Thresholds": b"8", "Report": b"9", "Service": F2,
}  # fmt: skip
#: What lies over the Run screen: its title, what opens and what closes it.
DIALOGS = {"Note": (b"n", ESC), "Keys": (b"?", ESC), "Search for commands": (b"\x10", ESC)}
#: The question between ready and start, and the Run screen itself.
EVERYWHERE = ("Run", "Ready", *DIALOGS, *SCREENS)
#: Arm and go are at least 300 ms apart.
_BEFORE_GO_S = 0.31
#: What a busy machine says: a key came late, or one that came late has undone "ready".
_NOT_YET = ("terminal is slow", "not answered yet", "Not started", "refused", "no key does that")
#: Nine keys in 100 ms are a paste; so these are two, however late a busy machine reads them.
_BETWEEN_KEYS_S = 0.05


def environment_in(folder: Path) -> dict[str, str]:
    """A world of its own for the program: state, runtime folder and twins' records in there."""
    runtime, records = folder / "run", folder / "twins"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    records.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "SSH_CONNECTION")}
    return {
        **kept, "XDG_RUNTIME_DIR": str(runtime), "STIMCTL_STATE_HOME": str(folder / "state"),
        "STIMCTL_TWIN_RECORD": str(records), "STIMCTL_TWIN_OPTIONS": "--wiretap",
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "TZ": "UTC",
    }  # fmt: skip


class DemoSession:
    """`stimctl --demo` in a terminal. folder: everything it writes, its twins' records too."""

    def __init__(
        self, folder: Path, *arguments: str, command: Sequence[str] = (), columns: int = 80,
        rows: int = 24,
    ) -> None:  # fmt: skip
        self.folder = folder
        whole = command or (sys.executable, "-P", "-m", "stimctl", "--demo", *arguments)
        self.terminal = Terminal(whole, environment_in(folder), columns, rows)

    def ready(self, protocol: str = "tens-conventional") -> DemoSession:
        """From the protocols, where a demo begins, to the Run screen."""
        terminal = self.terminal
        terminal.wait_for("CONNECTED", within_s=30)
        terminal.wait_for(_shown("Protocols"))
        if protocol != "tens-conventional":
            terminal.key(b"/")
            terminal.settle(0.3)
            for one in protocol:
                terminal.key(one.encode())
                terminal.settle(_BETWEEN_KEYS_S)
            terminal.wait_for("1 of ")
        for title in ("Electrodes", "Settings", "Run"):
            terminal.key(ENTER)
            terminal.wait_for(_shown(title))
        terminal.wait_for("■ READY")
        return self

    def arm(self) -> None:
        """The first key; returns when the second counts."""
        self._press(b"a", "▲ READY TO START")
        self.terminal.settle(_BEFORE_GO_S)

    def run(self) -> None:
        """Ready, then start; again where a busy machine stops for its own silence."""
        give_up = time.monotonic() + 45.0
        while "● ON" not in self.terminal.text():
            assert time.monotonic() < give_up, self.terminal.text()
            self.arm()
            self.terminal.key(b"g")
            self.terminal.look_for("● ON", *_NOT_YET, within_s=5.0)
            if "● ON" not in self.terminal.text():
                self.terminal.settle(1.0)

    def _press(self, key: bytes, wanted: str) -> None:
        """A key, and again where it was refused because this terminal was slow to answer, or where
        a busy machine stopped for its own silence before the answer was drawn. Never early: a
        second key takes "ready" back."""
        give_up = time.monotonic() + 40.0
        while wanted not in self.terminal.text():
            assert time.monotonic() < give_up, self.terminal.text()
            self.terminal.key(key)
            self.terminal.look_for(wanted, *_NOT_YET, within_s=15.0)
            if wanted not in self.terminal.text():
                self.terminal.settle(1.0)

    def raise_once(self) -> None:
        """Channel 1 by one step. The first train is acknowledged some milliseconds after start."""
        give_up = time.monotonic() + 45.0
        while "set to 0.5 mA" not in self.terminal.text():
            assert time.monotonic() < give_up, self.terminal.text()
            self.run()
            self.terminal.key(ALT_1)
            self.terminal.settle(0.3)
            self.terminal.key(UP)
            self.terminal.look_for("set to 0.5 mA", "Not started", within_s=5.0)

    def open(self, title: str) -> None:
        """From the Run screen of a running session to any other, by the keys a person has."""
        if title in DIALOGS:
            self.terminal.key(DIALOGS[title][0])
        elif title in SCREENS:
            self.terminal.key(SCREENS[title])
        self.terminal.wait_for(_shown(title))

    def leave(self, title: str) -> None:
        """Back to the Run screen."""
        terminal = self.terminal
        if title in DIALOGS or title in SCREENS:
            terminal.key(DIALOGS[title][1] if title in DIALOGS else ESC)
            terminal.wait_without(_shown(title))
        terminal.wait_for(_shown("Run"))

    def be_at(self, title: str) -> None:
        """With the session running, or ready where that is asked, at one of `EVERYWHERE`."""
        if title == "Ready":
            self.arm()
            return
        self.run()
        self.open(title)

    def stop(self, key: bytes = STOP_KEYS["space"]) -> int:
        """Press STOP; returns when it was pressed (ns, monotonic), once zero is on the screen."""
        at_ns = self.terminal.key(key)
        self.terminal.wait_for("■ STOPPED")
        return at_ns

    def records(self) -> list[Path]:
        """What its twins have written, one file for each."""
        return sorted((self.folder / "twins").glob("*.jsonl"))

    def judge(self) -> None:
        """What has reached the electrodes, against what its journals say it was allowed to.

        Raises InvariantBrokenError.
        """
        for record in self.records():
            judge(
                record,
                recorded_device(record),
                filter(is_journal, (self.folder / "state").rglob("*.jsonl")),
            )

    def stops_ns(self) -> list[int]:
        """When stop frames reached a twin, on the monotonic clock, by the twin's own record."""
        found: list[int] = []
        for record in self.records():
            text = record.read_text("utf-8")
            rows = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
            zero_ns = next(row["monotonic_ns"] for row in rows if row["kind"] == "clock")
            found += [
                zero_ns + row["at_us"] * 1_000
                for row in rows
                if row["kind"] == "rx" and "0f0ff0" in row["hex"]
            ]
        return found

    def close(self) -> None:
        """End it; a session that runs is ended by its supervisor, whose face is gone."""
        self.terminal.close()


def _shown(title: str) -> str:
    """How a screen shows its title: most in a border, Run among the steps."""
    if title == "Run":
        return "▸ Run"
    bordered = title in (*SCREENS, "Note", "Keys", "Ready")
    return f" {title} ─" if bordered else title
