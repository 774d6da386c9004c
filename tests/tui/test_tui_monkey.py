"""Random keys against engine and twin, with the invariant watching every byte and electrode.

Twice: at the desk, on a stepped clock, where hours go by and every screen is drawn; and in a real
terminal, where bytes go through Textual's parser to a supervisor and a twin in real time. Keys that
leave, leave; then it is begun again. `r` is left out at the desk (it starts another process) and is
in the terminal's keys.
"""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stimctl.supervisor.session_model import Channel
from stimctl.testing.demo import ALT_1, DOWN, ENTER, ESC, LEFT, RIGHT, STOP_KEYS, UP, DemoSession
from stimctl.tui.model.actions import ACTIONS
from tests.support.tui_desk import MS, S, World

KEYS = sorted({key for action in ACTIONS for key in action.keys if key not in ("ctrl+s", "r")})
SIZES = ((1, 1), (20, 5), (60, 20), (80, 24), (100, 30), (140, 40))
SHORT, LONG = 1_000, 10_000
SHORT_IN_TERMINAL = 200
PROTOCOLS = ("tens-conventional", "nmes-tka", "tens-burst", "tens-modulated")
#: What is on the desk, two of six times a device that knows no current.
BEDS = (
    *((name, "sim:p24") for name in PROTOCOLS),
    ("gate-tens", "sim:openemsstim"), ("gate-ems", "sim:openemsstim"),
)  # fmt: skip


# -- at the desk ---------------------------------------------------------------------------------


@dataclass
class Seen:
    """What the keys have led to; a run that never left a screen would prove nothing."""

    states: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)


def play(world: World, seed: int, keys: int) -> Seen:
    """So many random keys, with bursts, pastes, resizes, clicks and focus changes among them."""
    rng, seen = random.Random(seed), Seen()
    world.to_run(*rng.choice(BEDS))
    size = (80, 24)
    for _ in range(keys):
        kind = _kind(rng)
        seen.done[kind] += 1
        size = rng.choice(SIZES) if kind == "resize" else size
        _act(world, rng, kind)
        world.desk.width, world.desk.height = size
        world.pass_time(rng.choice((20 * MS, 150 * MS, 150 * MS, 900 * MS)))
        state = world.bench.state.value
        seen.states[state] += 1
        seen.pages[world.desk.front.name] += 1
        unit, sets = world.bed.measure.unit, (one.set_level for one in _channels(world))
        seen.most[unit] = max(seen.most[unit], *sets, 0)
        if not world.bed.output_may_be_on and rng.random() < 0.03:
            size = (80, 24)
            world.desk.overlay = None
            world.to_run(*rng.choice(BEDS))
    return seen


def _channels(world: World) -> Iterable[Channel]:
    return world.bed.live.channels.values()


#: How often what happens, in permille; the rest are single keys.
_KINDS = {"burst": 10, "paste": 10, "resize": 20, "focus": 20, "click": 30, "wait": 5, "raise": 120}


def _kind(rng: random.Random) -> str:
    at = rng.randrange(1000)
    for kind, share in _KINDS.items():
        if at < share:
            return kind
        at -= share
    return "key"


def _act(world: World, rng: random.Random, kind: str) -> None:
    if kind == "burst":
        for _ in range(rng.randrange(5, 40)):
            world.clock.now_ns += MS
            _press(world, rng.choice(KEYS))
    elif kind == "paste":
        if world.bed.output_may_be_on:  # as the driver does, before the desk hears of it
            world.stop_line.stop("paste into the terminal")
        world.desk.paste()
    elif kind == "focus":
        world.desk.lookout.focus.came(world.clock.now_ns)
    elif kind == "wait":
        world.pass_time(rng.choice((6 * S, 25 * S, 70 * S, 330 * S)), S)
    elif kind == "raise":
        _towards_output(world, rng)
    elif kind == "key":
        _press(world, rng.choice(KEYS))


def _press(world: World, key: str) -> None:
    world.press(key)


def _towards_output(world: World, rng: random.Random) -> None:
    """Nothing random would ever arm and go within the window and then raise."""
    if not world.page_is_run():
        return
    world.desk.width, world.desk.height = 80, 24
    if world.bench.state.value != "running":
        _press(world, "a")
        world.pass_time(rng.choice((100 * MS, 600 * MS, 600 * MS)))
        _press(world, "g")
        world.pass_time(rng.choice((20 * MS, 300 * MS)))
    for _ in range(rng.randrange(6)):
        world.pass_time(rng.choice((100 * MS, 800 * MS, 800 * MS)))
        _press(world, rng.choice(("up", "alt+1", "up", "up", "down")))


def test_random_keys_break_no_rule(world: World) -> None:
    seen = play(world, seed=20261121, keys=SHORT)
    assert world.bed.close() == 0
    assert set(_KINDS) < set(seen.done)
    assert {"checked", "armed", "running", "stopped"} <= set(seen.states)
    assert seen.states["running"] > SHORT / 20
    assert seen.most["mA"] >= 1_000
    assert seen.most["%"] >= 1
    assert set(seen.pages) >= {"run", "armed", "help", "notes", "adjust", "setup"}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
def test_ten_thousand_random_keys_break_no_rule(world: World, seed: int) -> None:
    seen = play(world, seed, LONG)
    assert world.bed.close() == 0
    assert seen.states["running"] > LONG / 20
    assert seen.most["mA"] >= 2_000
    assert seen.most["%"] >= 3
    print(f"\nseed {seed}: {dict(seen.states)}, to {dict(seen.most)}, {dict(seen.done)}")


# -- in a terminal -------------------------------------------------------------------------------

FUNCTION_KEYS = (b"\x1bOP", b"\x1b[24~", b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[Z", b"\t")
ODD_BYTES = (b"\x1b", b"\x1b[", b"\x00", b"\x7f", b"\xc3", b"\xff", "\u00e9\u4e2d".encode(),
             b"\x1b[999;999R", b"\x1b[?1;2c", b"\x1b]11;rgb:0/0/0\x07", b"\x1b[97;5u")  # fmt: skip
LETTERS = [bytes([one]) for one in b"aglmnpstuwxyzbjk0123456789?\x10\x14qr"]
#: The window gets the keyboard, loses it.
FOCUS = (b"\x1b[I", b"\x1b[O")


@dataclass
class Monkey:
    """Presses keys in a terminal; `begin` starts the program, and again when it was left."""

    rng: random.Random
    begin: Callable[[str], DemoSession]
    session: DemoSession = field(init=False)
    sessions: list[DemoSession] = field(default_factory=list)
    screens: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.session = self.begin(f"{len(self.sessions)}")
        self.sessions.append(self.session)
        self.session.ready(self.rng.choice(PROTOCOLS))

    def press(self, keys: int) -> None:
        """So many keys, pastes, resizes, clicks and focus changes."""
        for _ in range(keys):
            for data in self._data():
                self.session.terminal.key(data)
                self.session.terminal.settle(self.rng.choice((0.0, 0.02, 0.02, 0.03)))
            self._look()

    def _data(self) -> Iterator[bytes]:
        rng, terminal = self.rng, self.session.terminal
        kind = _kind(rng)
        if kind == "raise" and rng.random() < 0.7:
            kind = "key"  # real time is dear
        if kind == "burst":
            yield bytes(rng.choices(range(32, 127), k=rng.randrange(9, 60)))
        elif kind == "paste":
            yield b"\x1b[200~" + rng.choice((b"agagag", b"\n\n\n", b" ", b"q")) + b"\x1b[201~"
        elif kind == "resize":
            terminal.resize(*rng.choice(SIZES[1:]))
        elif kind == "focus":
            yield rng.choice(FOCUS)
        elif kind == "click":
            button, x, y = rng.choice((0, 0, 2, 64, 65)), rng.randrange(1, 90), rng.randrange(1, 30)
            yield f"\x1b[<{button};{x};{y}M".encode()
        elif kind == "raise":
            yield from self._towards_output()
        elif rng.random() < 0.05:
            yield rng.choice(ODD_BYTES)
        else:
            arrows = (UP, DOWN, LEFT, RIGHT, ENTER, UP, DOWN)
            yield rng.choice((*arrows, *FUNCTION_KEYS, *STOP_KEYS.values(), *LETTERS))

    def _towards_output(self) -> Iterator[bytes]:
        self.session.terminal.resize(80, 24)
        yield ESC
        yield b"7"
        yield b"a"
        self.session.terminal.settle(self.rng.choice((0.1, 0.35, 0.35)))
        yield b"g"
        for _ in range(self.rng.randrange(4)):
            self.session.terminal.settle(self.rng.choice((0.05, 0.71)))
            yield self.rng.choice((UP, ALT_1, UP, DOWN))

    def _look(self) -> None:
        """It lives, or has been left in order; and whatever it shows, it shows STOP."""
        terminal = self.session.terminal
        terminal.hear(0.0)
        if terminal.process.poll() is not None:
            # 130: a Ctrl-C that came when the terminal was the shell's again, and it still closed
            assert terminal.end() in (0, 130), terminal.raw[-2000:].decode("utf-8", "replace")
            self._start()
            return
        for title in re.findall(r"● ON|── ([A-Z][a-z ]+) ─|▸ [A-Z][a-z]+", terminal.text()):
            self.screens[title or "● ON"] += 1


def where_it_stands(monkey: Monkey) -> str:
    """What is on the screen, and what each thread of a program that does not end is doing: an
    aborted one writes that to its terminal (faulthandler)."""
    terminal, shown = monkey.session.terminal, monkey.session.terminal.text()
    if terminal.process.poll() is None:
        terminal.process.send_signal(signal.SIGABRT)
        terminal.settle(2.0)
    return f"{shown}\n{terminal.raw[-6000:].decode('utf-8', 'replace')}"


def judged(monkey: Monkey) -> None:
    """The last one stops, leaves, and what all twins put out is held against the journals."""
    terminal = monkey.session.terminal
    terminal.resize(80, 24)
    give_up = time.monotonic() + 30
    while terminal.process.poll() is None and time.monotonic() < give_up:
        terminal.key(STOP_KEYS["space"])
        terminal.settle(0.3)
        terminal.key(b"\x11")
        terminal.settle(0.5)
    assert terminal.process.poll() in (0, 130), where_it_stands(monkey)
    for session in monkey.sessions:
        session.judge()


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.timeout(110)
def test_random_bytes_in_a_terminal_crash_nothing_and_break_no_rule(
    begin: Callable[[str], DemoSession],
) -> None:
    monkey = Monkey(random.Random(20261121), begin)
    monkey.press(SHORT_IN_TERMINAL)
    judged(monkey)
    assert monkey.screens["● ON"] > 0


@pytest.mark.soak
@pytest.mark.pty
@pytest.mark.timeout(3600)
def test_ten_thousand_random_keys_in_a_terminal_crash_nothing_and_break_no_rule(
    begin: Callable[[str], DemoSession], tmp_path: Path
) -> None:
    monkey = Monkey(random.Random(1), begin)
    monkey.press(LONG)
    judged(monkey)
    assert monkey.screens["● ON"] > LONG / 50
    print(f"\n{len(monkey.sessions)} starts, screens seen: {dict(monkey.screens)}")
