"""Walks through the terminal UI with real keys in a pty: each key is named on the screen before it
is pressed, and the next one waits for what it did.

The people are a script that knows the keys; what they sit at is a whole program, with a supervisor
and a twin in processes of their own.
"""

from __future__ import annotations

import contextlib
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from stimctl.testing.demo import DOWN, ENTER, ESC, UP, environment_in
from stimctl.testing.terminal import Terminal
from stimctl.tui.model.guards import ANSWER_LOCK_NS, GO_FROM_NS
from tests.support.commissioned_device import commissioned
from tests.support.real_device import RealDevice

_PROGRAM = (sys.executable, "-P", "-m", "stimctl")
_S = 1_000_000_000
_QUESTIONS = 27
#: Guards of the keyboard that no hand is too slow for, and a script is.
_ANSWER_S, _GO_S = ANSWER_LOCK_NS / _S + 0.02, GO_FROM_NS / _S + 0.02
#: The device has taken the start, which no screen tells.
_STARTED_S = 0.5
#: Nine keys in 100 ms are a paste.
_BETWEEN_KEYS_S = 0.03
#: Equal intervals below 300 ms are a held key.
_TAP_S = 0.32
_TRIES, _TRY_S = 4, 8.0
#: The most channels of a walk, and what a busy machine takes to show which one is selected.
_CHANNELS, _SHOWN_S = 2, 2.0
_IN_THE_HOLD = ("ON 11 s", "ON 10 s", "ON 9 s", "ON 8 s")
_SERIAL = "160550017"
_TO_TYPE = re.compile(r"Type (\w{4}) to confirm")
TAB, SPACE = b"\t", b" "
#: What most screens name for "on to what comes next".
_ON = "⏎"


@dataclass(frozen=True, slots=True)
class Pressed:
    """One key, and what it was for; "" where it goes on with what was begun."""

    name: str
    why: str


@dataclass(slots=True)
class Walker:
    """Presses keys and counts them. `pace_s`: at least so long after what the one before did."""

    terminal: Terminal
    pace_s: float = 0.0
    pressed: list[Pressed] = field(default_factory=list)
    #: How long it waited although nothing was under way.
    idle_s: float = 0.0

    @property
    def keys(self) -> int:
        """How many it has pressed."""
        return len(self.pressed)

    def press(
        self, name: str, data: bytes, said: str, shows: str, why: str = "", *,
        least_s: float = 0.0, within_s: float = 20.0,
    ) -> None:  # fmt: skip
        """A key that the screen names in the words `said`; once it has worked, `shows` is there."""
        self.terminal.wait_for(said, within_s=within_s)
        self._key(name, data, why, least_s)
        self.terminal.wait_for(shows, within_s=within_s)

    def type(self, text: str, said: str, why: str = "", *, hidden: bool = False) -> None:
        """A text that the screen asks for in the words `said`, key by key."""
        self.terminal.wait_for(said)
        for number, one in enumerate(text):
            self._key(one, one.encode(), why if not number else "", 0.0)
            self.terminal.settle(_BETWEEN_KEYS_S)
            if not hidden:
                self.terminal.wait_for(text[: number + 1])

    def _key(self, name: str, data: bytes, why: str, least_s: float) -> None:
        wait_s = max(least_s, self.pace_s)
        if wait_s:
            self.terminal.settle(wait_s)
            self.idle_s += wait_s
        self.terminal.key(data)
        self.pressed.append(Pressed(name, why))


@dataclass(slots=True)
class Room:
    """A computer with a P24 plugged in, which is no twin to it; what it writes is in `folder`."""

    folder: Path
    device: RealDevice = field(init=False)
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        commissioned(self.folder / "state", _SERIAL)
        self.device = RealDevice(_SERIAL, record=self.folder / "electrodes.jsonl")
        usb = self.folder / "ports" / "class" / "ttyACM0" / "device"
        usb.mkdir(parents=True)
        for name, text in (("idVendor", "0483"), ("idProduct", "5740"), ("product", "P24")):
            (usb / name).write_text(text, "ascii")
        (self.folder / "ports" / "dev").mkdir()
        (self.folder / "ports" / "dev" / "ttyACM0").symlink_to(self.device.url)
        self.environment = {
            **environment_in(self.folder), "MADE_UP_PORTS": str(self.folder / "ports"),
            "PYTHONPATH": str(Path(__file__).parent / "port_site"),
        }  # fmt: skip

    def begin(self) -> Terminal:
        """The program, at its first screen."""
        terminal = Terminal(_PROGRAM, self.environment)
        terminal.wait_for("? keys", within_s=30)
        return terminal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.device.end()


def program(folder: Path, *arguments: str) -> Terminal:
    """The program on a computer without a device, at its first screen."""
    terminal = Terminal((*_PROGRAM, *arguments), environment_in(folder))
    terminal.wait_for("? keys", within_s=30)
    return terminal


def on(title: str) -> str:
    """How a screen shows its title."""
    return "▸ Run" if title == "Run" else f" {title} ─"


def start(walk: Walker, first: str = "0.5 mA", *, channel: int = 0, cycles: bool = False) -> None:
    """From a plan on the Run screen to current: two keys to start, one step. `channel`: the one
    that gets it, where there are several. `cycles`: it is raised in the hold of a contraction.

    A machine that is too busy stops for its own silence, as it must; then this is begun again, and
    the keys of that try are not counted.
    """
    before = list(walk.pressed)
    for _ in range(_TRIES):
        walk.pressed[:] = before
        if "● ON" in walk.terminal.text():
            end_session(walk)
        walk.terminal.wait_for("■ READY", "■ STOPPED", within_s=20.0)
        with contextlib.suppress(AssertionError):
            walk.press("a", b"a", "a ready", "▲ READY TO START", "zero is verified once more",
                       within_s=_TRY_S)  # fmt: skip
            walk.press("g", b"g", "g   start", "● ON", "start, at 0", least_s=_GO_S,
                       within_s=_TRY_S)  # fmt: skip
            if channel:
                _select(walk, channel)
            if cycles:
                walk.terminal.wait_for(*_IN_THE_HOLD, within_s=_TRY_S)
            walk.press("↑", UP, "↑ up", f"set to {first}", f"the first step: {first}",
                       least_s=_STARTED_S, within_s=_TRY_S)  # fmt: skip
            return
    raise AssertionError(walk.terminal.text())


def _select(walk: Walker, channel: int) -> None:
    """Tab, until it is this channel's turn."""
    shows = f"▸ {channel}  "
    for _ in range(_CHANNELS):
        if walk.terminal.look_for(shows, within_s=_SHOWN_S):
            return
        walk.press("Tab", TAB, "tab next channel", " selected", "the channel", within_s=_TRY_S)
    walk.terminal.wait_for(shows, within_s=_TRY_S)


def demo(walk: Walker) -> None:
    """Practice: everything is there but the decisions."""
    walk.terminal.wait_for("■ CONNECTED", within_s=30)
    walk.press("⏎", ENTER, "Enter chooses", on("Electrodes"), "this protocol")
    walk.press("⏎", ENTER, _ON, on("Settings"), "site, electrodes and maximum as shown")
    walk.press("⏎", ENTER, _ON, "■ READY", "settings as shown; checked on the device")
    start(walk)


def simulate(walk: Walker, then: str = "▸ Run") -> None:
    """On Settings: what hardware wants, the simulation and its four characters; they lead on."""
    walk.press("r", b"r", "r ", "to confirm", "simulate these settings", within_s=60)
    found = _TO_TYPE.search(walk.terminal.text())
    assert found is not None, walk.terminal.text()
    walk.type(found[1], "to confirm", "the four characters of the simulation", hidden=True)
    walk.terminal.wait_for(then)


def new_patient(walk: Walker) -> None:
    """A patient who was never here, on a computer that was never used: all that hardware asks."""
    walk.press("1", b"1", "1  Treat a patient", on("Patient"), "treat a patient")
    walk.type("K-17", "Type or scan a code", "the code")
    walk.press("⏎", ENTER, _ON, "Ask for a 4-digit PIN", "this code")
    walk.type("1961", "4 digits", "the PIN")
    walk.press("⏎", ENTER, _ON, on("Device"), "this PIN")
    walk.press("⏎", ENTER, "Enter connects", "✓ zero verified", "the device", within_s=40)
    walk.press("⏎", ENTER, _ON, "Type accept", "on: the statement of use comes first")
    walk.type("accept", "Type accept", "read, and accepted")
    walk.press("⏎", ENTER, "then Enter", "Accepted and recorded", "once on this computer")
    walk.press("⏎", ENTER, _ON, on("Screening"), "on")
    for left in range(_QUESTIONS - 1, -1, -1):
        shows = f"{left} left" if left else "all answered"
        why = "each question: no" if left == _QUESTIONS - 1 else ""
        walk.press("n", b"n", "y / n", shows, why, least_s=_ANSWER_S)
    ready_to_stop(walk)
    walk.press("⏎", ENTER, _ON, on("Protocols"), "on")
    walk.press("/", b"/", "/ search", "f1 keys", "find a protocol")
    walk.type("conv", "f1 keys", "conventional TENS")
    walk.press("⏎", ENTER, "1 of ", on("Electrodes"), "this protocol")
    walk.press("Tab", TAB, "Tab: fields", "choose the site", "to the fields")
    walk.press("⏎", ENTER, "choose the site", "left quadriceps", "the list of sites")
    walk.type("low", "left quadriceps", "low back", hidden=True)
    walk.press("⏎", ENTER, "low back", "All checks passed", "this site")
    spaced(walk)
    walk.press("Esc", ESC, "Tab: fields", "⏎ choose", "out of the fields")
    walk.press("⏎", ENTER, _ON, on("Settings"), "on")
    simulate(walk)
    start(walk)


def ready_to_stop(walk: Walker) -> None:
    """On Screening: the patient knows how to stop, and the key does stop."""
    walk.press("t", b"t", "○ t shown how to stop", "✓ t shown", "the patient was shown how to stop")
    walk.press("SPACE", SPACE, "○ SPACE STOP key tried", "✓ SPACE STOP", "the key is tried")


def spaced(walk: Walker) -> None:
    """On Electrodes: somebody has looked."""
    walk.press("d", b"d", "spacing confirmed (d)", "▐✓▌ Electrode spacing", "looked at: spacing")


def known_patient(walk: Walker) -> None:
    """The same patient another day: what was is offered, and each part confirmed."""
    walk.press("r", b"r", "Same as last time: K-17", "Ask the patient for the PIN", "as last time")
    walk.type("1961", "4 digits", "the PIN")
    walk.press("⏎", ENTER, _ON, "1  Device", "this PIN")
    for number, what in enumerate(("Device", "Channel 1", "Settings"), 1):
        said = f"{number}  {what}"
        walk.press(str(number), str(number).encode(), said, f"▐✓▌ {said}", f"{what}: the same")
    walk.press("⏎", ENTER, _ON, on("Electrodes"), "take over what is ticked")
    walk.terminal.wait_for("All checks passed")
    spaced(walk)
    walk.press("⏎", ENTER, _ON, on("Settings"), "on")
    simulate(walk, on("Screening"))
    walk.press("u", b"u", "u last visit", "all answered", "nothing has changed since")
    ready_to_stop(walk)
    walk.press("⏎", ENTER, _ON, on("Run"), "on")
    start(walk)


def four_at_the_low_back(walk: Walker) -> None:
    """After a session with two electrodes there: two more, all on together."""
    walk.press("5", b"5", "Electrodes", on("Electrodes"), "to the electrodes")
    walk.press("a", b"a", "a add", " 2  low back", "two more at the low back")
    spaced(walk)
    walk.press("⏎", ENTER, _ON, on("Settings"), "on")
    simulate(walk)
    start(walk, channel=1)
    walk.press("Tab", TAB, "tab next channel", "channel 2 low-back selected", "the other two")
    walk.press("↑", UP, "↑ up", "channel 2 set to 0.5 mA", "their first step",
               least_s=_TAP_S)  # fmt: skip


def both_quadriceps(walk: Walker) -> None:
    """After another session: both thighs, one after the other."""
    walk.press("4", b"4", "Protocol", on("Protocols"), "to the protocols")
    walk.press("/", b"/", "/ search", "f1 keys", "find a protocol")
    walk.type("tk", "f1 keys", "after a knee replacement")
    walk.press("⏎", ENTER, "1 of ", "1  left quadriceps", "this protocol")
    walk.press("a", b"a", "a add", "2  right quadriceps", "the other thigh, too")
    walk.press("t", b"t", "t turns", "never on together", "one after the other")
    walk.press("s", b"s", "side: press s", "electrodes of channel 1,", "look at the patient")
    walk.type("left", "Type left or right", "a side that is seen")
    walk.press("⏎", ENTER, "then Enter", "electrodes of channel 2?", "this side")
    walk.type("right", "Type left or right", "the other one")
    walk.press("⏎", ENTER, "then Enter", on("Electrodes"), "this side")
    spaced(walk)
    walk.press("⏎", ENTER, _ON, on("Settings"), "on")
    simulate(walk)
    start(walk, channel=1, cycles=True)


def percent(walk: Walker) -> None:
    """A board that passes on a part of another unit's pulses, and takes its time to start."""
    walk.press("1", b"1", "1  Treat a patient", on("Patient"), "treat a patient")
    walk.type("K-18", "Type or scan a code", "the code")
    walk.press("⏎", ENTER, _ON, "4 digits", "this code")
    walk.press("⏎", ENTER, "Enter alone skips", on("Device"), "no PIN: simulations need none")
    walk.press("↓", DOWN, "sim:openemsstim", "▸   sim:rehastim2", "down the list")
    walk.press("↓", DOWN, "sim:openemsstim", "UNCALIBRATED, no dose is known", "no current known")
    walk.press("⏎", ENTER, "Enter connects", "takes about 12 s", "opening it restarts the board")
    walk.press("4", b"4", "Protocol", on("Protocols"), "meanwhile: what there is for it")
    walk.press("↓", DOWN, "Enter chooses", "TENS from an external unit", "what the unit is")
    walk.press("⏎", ENTER, "Enter chooses", "Press w to accept this warning", "is somebody there?")
    walk.press("w", b"w", "Press w", "All checks passed", "somebody is, at the unit's switch")
    walk.press("⏎", ENTER, _ON, on("Settings"), "site, electrodes and maximum as shown")
    walk.press("⏎", ENTER, _ON, "■ READY", "loaded once the board has started", within_s=40)
    start(walk, first="1 %")
    walk.press("↓", DOWN, "↓", "set to 0 %", "and down again")


def go_to_felt(walk: Walker) -> None:
    """On to what is felt, which the next session's maximum is compared with (H18). These keys are
    no part of a walk."""
    for level in range(1_500, 9_000, 1_000):
        walk.terminal.settle(_TAP_S)
        walk.terminal.key(b"\x1b[5~")
        walk.terminal.wait_for(f"set to {level / 1_000:g} mA")


def end_session(walk: Walker) -> None:
    """Stop; this key is no part of a walk."""
    walk.terminal.key(SPACE)
    walk.terminal.wait_for("■ STOPPED")


def leave(walk: Walker) -> None:
    """Stop, and out of the program; these keys are no part of a walk."""
    end_session(walk)
    walk.terminal.key(b"q")
    walk.terminal.end()


def took_s(walk: Walker, key_s: float) -> float:
    """Since the program's start, had it waited for so long before each key."""
    return time.monotonic() - walk.terminal.begun_s - walk.idle_s + key_s * walk.keys
