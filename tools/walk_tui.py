"""Walks the terminal UI from the start of the program to the first output, with real keys in a pty.

python tools/walk_tui.py [--pace SECONDS] [--json] [--demo | --percent]: people in front of a twin,
in turn: the demo, a new person on the full path, that person again, all with a P24; and a new
person with an openEMSstim, in percent, whose board takes 12 s to start. Each key is pressed once
what the one before it did is on the screen, and after the pace (2 s: unhurried, with a look at the
screen between any two keys; D). Prints the keys, how many they are, and how long it took; judges
the known person against 90 s. A quicker pace walks quicker; the time is then told for 2 s a key.
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


def _typed(text: str, shows: str, why: str) -> tuple[Step, ...]:
    """A text, key by key."""
    return tuple(
        Step(one, one.encode(), shows + text[: number + 1], why if not number else "")
        for number, one in enumerate(text)
    )


def _answers(count: int) -> tuple[Step, ...]:
    """So many questions; a held key is one answer, so the next counts 700 ms later."""
    left = [f"({number} unanswered)" for number in range(count - 1, 0, -1)]
    return tuple(
        Step("n", b"n", shows, "" if number else "each is answered: it is not so", 0.72)
        for number, shows in enumerate([*left, "✓ nothing is open"])
    )


#: From a plan on the screen to current: two keys to start, one to make the channel hot, one step.
_TO_OUTPUT = (
    Step("a", b"a", "▲ ARMED", "arm: zero is verified once more"),
    Step("g", b"g", "● STIM", "go, at 0 mA", 0.32),
    Step("1", b"1", "▸  1", "channel 1 is selected"),
    Step("↑", UP, "ch1 +0.5", "the first step: 0.5 mA", 2.5),  # a cycle ramps up for 2 s
)
_TO_RUN = (
    Step("Enter", ENTER, "┌ SET-UP", "this protocol"),
    Step("Enter", ENTER, "┌ ADJUST", "site, pads and ceiling as shown"),
    Step("Enter", ENTER, "■ READY", "values as shown; the plan is checked on the device"),
)
_CONNECTED = "■ 0.0 mA confirmed"
_DEMO = (*_TO_RUN, *_TO_OUTPUT)
_NEW = (
    Step("2", b"2", "┌ PERSON", "connect a device: whose session is it?"),
    *_typed("K-17", "new code: ", "a new code"),
    Step("Enter", ENTER, "four digits", "this code"),
    Step("Enter", ENTER, "┌ CONNECT", "no second identifier: a twin needs none"),
    Step("Enter", ENTER, _CONNECTED, "the P24 twin"),
    Step("3", b"3", "┌ PRE-CHECK", "pre-check"),
    *_answers(_QUESTIONS),
    Step("Enter", ENTER, "┌ PROTOCOLS", "goes on"),
    *_TO_RUN, *_TO_OUTPUT,
)  # fmt: skip
_KNOWN = (
    Step("2", b"2", "▸ K-17", "connect a device: whose session is it?"),
    Step("Enter", ENTER, "four digits", "the person of last time"),
    Step("Enter", ENTER, "┌ CONNECT", "no second identifier: a twin needs none"),
    Step("Enter", ENTER, _CONNECTED, "the P24 twin"),
    Step("3", b"3", "┌ PRE-CHECK", "pre-check"),
    Step("u", b"u", "✓ nothing is open", "unchanged since the last screening"),
    Step("Enter", ENTER, "┌ PROTOCOLS", "goes on"),
    *_TO_RUN, *_TO_OUTPUT,
)  # fmt: skip
_PERCENT = (
    Step("2", b"2", "┌ PERSON", "connect a device: whose session is it?"),
    *_typed("K-18", "new code: ", "a new code"),
    Step("Enter", ENTER, "four digits", "this code"),
    Step("Enter", ENTER, "┌ CONNECT", "no second identifier: a twin needs none"),
    Step("↓", DOWN, "▸ sim:rehastim2", ""),
    Step("↓", DOWN, "▸ sim:openemsstim", "UNCALIBRATED, no dose is known"),
    Step("Enter", ENTER, "takes about 12 s", "opening the port restarts the board"),
    Step("4", b"4", "▸ gate-ems", "meanwhile: the protocols for such a device"),
    Step("↓", DOWN, "▸ gate-tens", "what it needs of the unit stands below"),
    Step("Enter", ENTER, "Press w to accept this warning", "L-ATT: is somebody there?"),
    Step("w", b"w", "All checks passed", "somebody attends, with a hand on the unit's switch"),
    Step("Enter", ENTER, "┌ ADJUST", "site, pads and ceiling as shown"),
    Step("Enter", ENTER, "■ READY 0 %", "loaded once the board has started", within_s=30),
    Step("a", b"a", "▲ ARMED 0 %", "arm: zero is verified once more"),
    Step("g", b"g", "● STIM", "go, at 0 %", 0.32),
    Step("1", b"1", "▸  1", "channel 1 is selected"),
    Step("↑", UP, "ch1 +1 → 1 %", "the first step: 1 %", 0.8),
    Step("↓", DOWN, "ch1 -1 → 0 %", "and down again"),
)
#: What is walked: its words, the arguments, where, the keys, and whether it is judged against 90 s.
WALKS = (
    ("the demo", ("--demo",), "demo", _DEMO, True),
    ("a new person, full path", (), "full", _NEW, False),
    ("a known person, full path", (), "full", _KNOWN, True),
    ("a new person, in percent", (), "percent", _PERCENT, False),
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
    """Exit code 1 where a known person takes longer than 90 s."""
    parser = argparse.ArgumentParser(prog="python tools/walk_tui.py", description=__doc__)
    parser.add_argument("--pace", type=float, default=UNHURRIED_S, metavar="SECONDS")
    parser.add_argument("--demo", action="store_true", help="the demo alone")
    parser.add_argument("--percent", action="store_true", help="the openEMSstim alone")
    parser.add_argument("--json", action="store_true", help="one object")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as name:
        for words, arguments, place, steps, judged in WALKS:
            if (options.demo or options.percent) and not getattr(options, place, False):
                continue
            took_s = walk(Path(name) / place, arguments, steps, options.pace)
            kept = took_s <= MOST_S or not judged
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
