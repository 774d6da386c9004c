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
#: What is opened by a key of its own from the Run screen, by its title; and what closes it.
DIALOGS = {
    "NOTE": (b"n", LEFT), "KEYS": (b"?", b"b"), "FIND": (b"\x10", LEFT), "OUTCOME": (b"o", b"b"),
}  # fmt: skip
#: The screens that the list of actions opens, by their titles.
SCREENS = ("PERSON", "CONNECT", "PRE-CHECK", "PROTOCOLS", "SET-UP", "ADJUST", "THRESHOLDS",
           "REPORT", "SERVICE")  # fmt: skip
#: The question between arm and go, and the Run screen itself.
EVERYWHERE = ("RUN", "READY", *DIALOGS, *SCREENS)
#: Arm and go are at least 300 ms apart.
_BEFORE_GO_S = 0.31
#: Nine keys in 100 ms are a paste; so these are five.
_BETWEEN_KEYS_S = 0.02


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
        terminal.wait_for("0.0 mA confirmed", within_s=30)
        terminal.wait_for("▸ ")
        for _ in range(20):
            if f"▸ {protocol} " in terminal.text():
                break
            terminal.key(UP)
            terminal.settle(_BETWEEN_KEYS_S * 3)
        for title in ("SET-UP", "ADJUST", "RUN"):
            terminal.key(ENTER)
            terminal.wait_for(f"┌ {title}")
        terminal.wait_for("■ READY")
        return self

    def arm(self) -> None:
        """The first key; returns when the second counts."""
        self._press(b"a", "▲ ARMED")
        self.terminal.settle(_BEFORE_GO_S)

    def run(self) -> None:
        """Arm and go."""
        self.arm()
        self._press(b"g", "● STIM")

    def _press(self, key: bytes, wanted: str) -> None:
        """A key, and again where it was refused because this terminal was slow to answer."""
        give_up = time.monotonic() + 15.0
        while wanted not in self.terminal.text():
            assert time.monotonic() < give_up, self.terminal.text()
            self.terminal.key(key)
            self.terminal.wait_for(wanted, "terminal is slow", "not answered yet")
            if wanted not in self.terminal.text():
                self.terminal.settle(1.0)

    def raise_once(self) -> None:
        """Channel 1 by one step. The first train is acknowledged some milliseconds after go."""
        self.terminal.key(b"1")
        self.terminal.settle(0.2)
        self.terminal.key(UP)
        self.terminal.wait_for("ch1 +0.5")

    def open(self, title: str) -> None:
        """From the Run screen of a running session to any other, by the keys a person has."""
        terminal = self.terminal
        if title in DIALOGS:
            terminal.key(DIALOGS[title][0])
        elif title in SCREENS:
            terminal.key(DIALOGS["FIND"][0])
            terminal.wait_for("device, limits and link in detail")  # the last of the screens
            for _ in range(self._row_of(title)):
                terminal.key(b"j")  # ↓ lowers while output is on
                terminal.settle(_BETWEEN_KEYS_S)
            terminal.key(ENTER)
        terminal.wait_for(f"┌ {title}")

    def leave(self, title: str) -> None:
        """Back to the Run screen."""
        if title in DIALOGS:
            self.terminal.key(DIALOGS[title][1])
        elif title == "PERSON":
            self.terminal.key(LEFT)  # digits are part of a code there
        elif title in SCREENS:
            self.terminal.key(b"7")
        self.terminal.wait_for("┌ RUN")

    def be_at(self, title: str) -> None:
        """With the session running, or armed where that is asked, at one of `EVERYWHERE`."""
        if title == "READY":
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

    def _row_of(self, title: str) -> int:
        """How far down the list of actions a screen stands."""
        rows = self.terminal.text().splitlines()
        first = next(number for number, row in enumerate(rows) if "▸" in row)
        return next(
            number - first for number, row in enumerate(rows)
            if number >= first and row[4:].startswith(title.lower())
        )  # fmt: skip
