"""Walks the terminal UI with real keys in a pty, and tells the keys; see `tests.support.tui_walks`.

python -m tools.walk_tui [--pace SECONDS] [--json] [demo | percent | clinic]: the demo; a session in
percent, whose board takes 12 s to start; and a clinic with a P24 that counts as hardware: a new
patient, that patient again, two more electrodes, both thighs. The pace is how long is waited
before each key (2 s: unhurried, with a look at the screen between any two keys; D). A quicker pace
walks quicker; the time is then told for 2 s a key. The demo and the known patient are judged
against 90 s, and every walk against its most keys.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import tui_walks
from tests.support.tui_walks import Room, Walker

UNHURRIED_S = 2.0
MOST_S = 90.0


@dataclass(frozen=True, slots=True)
class Walked:
    """What was walked, how, the most keys it may take, and whether it is judged against 90 s."""

    words: str
    walk: Walker
    took_s: float
    most: int
    timed: bool = False

    @property
    def kept(self) -> bool:
        """Within its keys, and its time."""
        return self.walk.keys <= self.most and (self.took_s <= MOST_S or not self.timed)


def demo(folder: Path, pace_s: float) -> Iterator[Walked]:
    """A whole session on the twin."""
    walk = Walker(tui_walks.program(folder, "--demo"), pace_s)
    yield _walked("the demo", walk, tui_walks.demo, 6, timed=True)
    tui_walks.leave(walk)


def percent(folder: Path, pace_s: float) -> Iterator[Walked]:
    """A new person with an openEMSstim."""
    walk = Walker(tui_walks.program(folder), pace_s)
    yield _walked("a new patient, in percent", walk, tui_walks.percent, 28)
    tui_walks.leave(walk)


def clinic(folder: Path, pace_s: float) -> Iterator[Walked]:
    """Everything that hardware asks."""
    with Room(folder) as room:
        walk = Walker(room.begin(), pace_s)
        yield _walked("a new patient, every question answered", walk, tui_walks.new_patient, 75)
        tui_walks.go_to_felt(walk)
        tui_walks.leave(walk)
        walk = Walker(room.begin(), pace_s)
        yield _walked("a known patient, full path", walk, tui_walks.known_patient, 28, timed=True)
        tui_walks.go_to_felt(walk)
        for words, more in (
            ("then four electrodes at the low back", tui_walks.four_at_the_low_back),
            ("then both quadriceps, alternating", tui_walks.both_quadriceps),
        ):
            tui_walks.end_session(walk)
            walk = Walker(walk.terminal, pace_s)
            yield _walked(words, walk, more, 30)
        tui_walks.leave(walk)


WALKS = {one.__name__: one for one in (demo, percent, clinic)}


def _walked(
    words: str, walk: Walker, work: Callable[[Walker], None], most: int, *, timed: bool = False
) -> Walked:
    work(walk)
    return Walked(words, walk, tui_walks.took_s(walk, UNHURRIED_S), most, timed)


def main() -> int:
    """Exit code 1 where one takes longer than it may, or more keys."""
    parser = argparse.ArgumentParser(prog="python -m tools.walk_tui", description=__doc__)
    parser.add_argument("--pace", type=float, default=UNHURRIED_S, metavar="SECONDS")
    parser.add_argument("--json", action="store_true", help="one object")
    parser.add_argument("place", nargs="*", help=f"these alone, of {', '.join(WALKS)}")
    options = parser.parse_args()
    if unknown := set(options.place) - set(WALKS):
        parser.error(f"there is no walk {', '.join(sorted(unknown))}")
    results = []
    with tempfile.TemporaryDirectory() as name:
        for place in options.place or WALKS:
            for one in WALKS[place](Path(name) / place, options.pace):
                results.append({
                    "walk": one.words, "keys": one.walk.keys, "seconds": round(one.took_s, 1),
                    "kept": one.kept,
                })  # fmt: skip
                if not options.json:
                    print(_told(one))
    if options.json:
        print(json.dumps({"schema": "stimctl.walks/1", "walks": results}))
    return 0 if all(result["kept"] for result in results) else 1


def _told(one: Walked) -> str:
    keys = one.walk.keys
    head = f"{one.words}: {keys} keys of {one.most}, {one.took_s:.1f} s at {UNHURRIED_S:g} s a key"
    lines = [f"{head}   {'PASS' if one.kept else 'FAIL'}"]
    for number, pressed in enumerate(one.walk.pressed, 1):
        if pressed.why:
            lines.append(f"  {number:2d}  {pressed.name:<6} {pressed.why}")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
