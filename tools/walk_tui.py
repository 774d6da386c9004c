"""Walks the terminal UI from the start of the program to the first output, with real keys in a pty.

python tools/walk_tui.py [--pace SECONDS] [--json] [--demo | --percent]: people in front of a twin,
in turn: the demo, a new person with every question answered one by one, that person again, all with
a P24; and a new person with an openEMSstim, in percent, whose board takes 12 s to start. Each key
is pressed once what the one before it did is on the screen, and after the pace (2 s: unhurried,
with a look at the screen between any two keys; D). Prints the keys, how many they are, and how long
it took; judges the demo and the known person against 90 s, and every walk against its most keys. A
quicker pace walks quicker; the time is then told for 2 s a key.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from stimctl.testing.demo import DOWN, ENTER, UP, DemoSession

UNHURRIED_S = 2.0
MOST_S = 90.0
_QUESTIONS = 27
#: What a session goes on to, after the first output: its ceiling is plausible the next time (H18).
_STEPS_MORE = 7


@dataclass(frozen=True, slots=True)
class Step:
    """One key: its name, its bytes, what is on the screen once it has worked, and what it means.

    least_s: how long the program itself makes one wait for it, however fast the pace. within_s:
    how long what it does may take.
    """

    name: str
    data: bytes
    shows: str
    why: str
    least_s: float = 0.0
    within_s: float = 15.0


def _typed(text: str, why: str) -> tuple[Step, ...]:
    """A text, key by key."""
    return tuple(
        Step(one, one.encode(), text[: number + 1], why if not number else "")
        for number, one in enumerate(text)
    )


def _answers(count: int) -> tuple[Step, ...]:
    """So many questions; a held key is one answer, so the next counts 700 ms later."""
    left = [f"{number} left" for number in range(count - 1, 0, -1)]
    return tuple(
        Step("n", b"n", shows, "" if number else "each is answered: no", 0.72)
        for number, shows in enumerate([*left, "all answered"])
    )


#: From a plan on the screen to current: two keys to start, one step.
_TO_OUTPUT = (
    Step("a", b"a", "▲ READY TO START", "ready: zero is verified once more"),
    Step("g", b"g", "● ON", "start, at 0 mA", 0.32),
    Step("↑", UP, "set to 0.5 mA", "the first step: 0.5 mA", 0.5),
)
_TO_RUN = (
    Step("Enter", ENTER, " Electrodes ─", "this protocol"),
    Step("Enter", ENTER, " Settings ─", "site, electrodes and maximum as shown"),
    Step("Enter", ENTER, "■ READY", "settings as shown; the plan is checked on the device"),
)
_CONNECTED = "■ CONNECTED"
_DEMO = (*_TO_RUN, *_TO_OUTPUT)
_FIND = (
    Step("/", b"/", "search", "find a protocol"),
    *_typed("tens-c", "conventional TENS"),
)
_PATIENT = (
    Step("1", b"1", " Patient ─", "treat a patient"),
    *_typed("K-17", "the code"),
    Step("Enter", ENTER, "4 digits", "this code"),
    Step("Enter", ENTER, " Device ─", "no PIN: a simulation needs none"),
    Step("Enter", ENTER, _CONNECTED, "the simulated P24"),
    Step("3", b"3", " Screening ─", "screening"),
)
_NEW = (
    *_PATIENT, *_answers(_QUESTIONS),
    Step("Enter", ENTER, " Protocols ─", "goes on"),
    *_FIND, *_TO_RUN, *_TO_OUTPUT,
)  # fmt: skip
_KNOWN = (
    *_PATIENT,
    Step("u", b"u", "Copied from last visit", "nothing has changed since the last screening"),
    Step("Enter", ENTER, " Protocols ─", "goes on"),
    *_TO_RUN, *_TO_OUTPUT,
)  # fmt: skip
_PERCENT = (
    Step("1", b"1", " Patient ─", "treat a patient"),
    *_typed("K-18", "the code"),
    Step("Enter", ENTER, "4 digits", "this code"),
    Step("Enter", ENTER, " Device ─", "no PIN: a simulation needs none"),
    Step("↓", DOWN, "▸   sim:rehastim2", ""),
    Step("↓", DOWN, "UNCALIBRATED, no dose is known", "no current is known"),
    Step("Enter", ENTER, "takes about 12 s", "opening the port restarts the board"),
    Step("4", b"4", " Protocols ─", "meanwhile: the protocols for such a device"),
    Step("↓", DOWN, "TENS from an external unit", "what it needs of the unit stands beside it"),
    Step("Enter", ENTER, "Press w to accept this warning", "L-ATT: is somebody there?",
         within_s=30),
    Step("w", b"w", "All checks passed", "somebody attends, with a hand on the unit's switch"),
    Step("Enter", ENTER, " Settings ─", "site, electrodes and maximum as shown"),
    Step("Enter", ENTER, "■ READY", "loaded once the board has started", within_s=30),
    Step("a", b"a", "▲ READY TO START", "ready: zero is verified once more"),
    Step("g", b"g", "● ON", "start, at 0 %", 0.32),
    Step("↑", UP, "set to 1 %", "the first step: 1 %", 0.8),
    Step("↓", DOWN, "set to 0 %", "and down again"),
)  # fmt: skip
#: What is walked: its words, the arguments, where, the keys, the most keys, and whether it is
#: judged against 90 s.
WALKS = (
    ("the demo", ("--demo",), "demo", _DEMO, 6, True),
    ("a new person, every question answered", (), "full", _NEW, 75, False),
    ("a known person, full path", (), "full", _KNOWN, 28, True),
    ("a new person, in percent", (), "percent", _PERCENT, 28, False),
)


def walk(folder: Path, arguments: tuple[str, ...], steps: tuple[Step, ...], pace_s: float) -> float:
    """Seconds from the start of the program to the first output, as if at 2 s a key."""
    command = (sys.executable, "-P", "-m", "stimctl", *arguments)
    session = DemoSession(folder, command=command)
    terminal = session.terminal
    try:
        terminal.wait_for(_CONNECTED if arguments else "? keys", within_s=30)
        spared_s = 0.0
        for step in steps:
            waited_s = max(pace_s, step.least_s)
            terminal.settle(waited_s)
            spared_s += max(0.0, UNHURRIED_S - waited_s)
            terminal.key(step.data)
            terminal.wait_for(step.shows, within_s=step.within_s)
        took_s = time.monotonic() - terminal.begun_s
        for _ in range(_STEPS_MORE):
            terminal.settle(0.75)
            terminal.key(UP)
        terminal.settle(0.5)
        session.stop()
        terminal.key(b"q")
        terminal.end()
    finally:
        session.close()
    return took_s + spared_s


def main() -> int:
    """Exit code 1 where one takes longer than it may, or more keys."""
    parser = argparse.ArgumentParser(prog="python tools/walk_tui.py", description=__doc__)
    parser.add_argument("--pace", type=float, default=UNHURRIED_S, metavar="SECONDS")
    parser.add_argument("--demo", action="store_true", help="the demo alone")
    parser.add_argument("--percent", action="store_true", help="the openEMSstim alone")
    parser.add_argument("--json", action="store_true", help="one object")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as name:
        for words, arguments, place, steps, most, judged in WALKS:
            if (options.demo or options.percent) and not getattr(options, place, False):
                continue
            took_s = walk(Path(name) / place, arguments, steps, options.pace)
            kept = len(steps) <= most and (took_s <= MOST_S or not judged)
            results.append({
                "walk": words, "keys": len(steps), "seconds": round(took_s, 1), "kept": kept,
            })  # fmt: skip
            if not options.json:
                print(_told(words, steps, took_s, "" if not judged else "PASS" if kept else "FAIL"))
    if options.json:
        print(json.dumps({"schema": "stimctl.walks/1", "walks": results}))
    return 0 if all(result["kept"] for result in results) else 1


def _told(words: str, steps: tuple[Step, ...], took_s: float, verdict: str) -> str:
    head = f"{words}: {len(steps)} keys, {took_s:.1f} s at {UNHURRIED_S:g} s a key"
    lines = [f"{head}   {verdict} (<= {MOST_S:g} s)" if verdict else head]
    for number, step in enumerate(steps, 1):
        if step.why:
            lines.append(f"  {number:2d}  {step.name:<6} {step.why}")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
