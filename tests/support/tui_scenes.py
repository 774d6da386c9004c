"""The scenes in which the terminal UI is looked at: by snapshots, contrast checks and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from stimctl.tui.model.pages import PAGES
from tests.support.tui_desk import MS, S, World
from tests.support.tui_pages import (
    EIGHT_CHANNELS,
    TWO_CHANNELS,
    write_eight_channels,
    write_two_channels,
)

#: The screens that are looked at with a plan chosen, and not running.
_STILL = tuple(name for name in PAGES if name not in ("chooser", "safety-sheet", "run"))


def _still(world: World, name: str) -> None:
    world.to_run("nmes-tka")
    world.desk.open(name)


def _first(world: World, name: str) -> None:
    world.desk.open(name)


def _ready(world: World) -> None:
    world.to_run()


def _start(world: World) -> None:
    world.to_run()
    world.key("a")
    world.pass_time(500 * MS)


def _running(world: World) -> None:
    world.to_running(steps=5)
    world.pass_time(65 * S, S)


def _two(world: World) -> None:
    folder = world.bed.state_folder.parent / "protocols"
    if not folder.exists():
        write_two_channels(folder)
    world.to_run(TWO_CHANNELS)
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(4 * S)
    for channel in ("alt+1", "alt+2"):
        world.key(channel)
        for _ in range(4):
            world.pass_time(800 * MS)
            world.key("up")
    world.pass_time(20 * S, S)


def _eight(world: World) -> None:
    write_eight_channels(world.bed.state_folder.parent / "protocols")
    world.to_run(EIGHT_CHANNELS)
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(S)
    for channel in range(1, 9):
        world.key(f"alt+{channel}")
        for _ in range(channel % 4 + 2):
            world.pass_time(300 * MS)
            world.key("up")
    world.pass_time(40 * S, S)


def _cycle(world: World) -> None:
    world.to_running("nmes-tka")
    world.pass_time(3 * S)
    for _ in range(6):
        world.key("up")
        world.pass_time(800 * MS)


def _paused(world: World) -> None:
    world.to_running(steps=4)
    world.key("p")
    world.pass_time(5 * S)


def _alarm(world: World) -> None:
    world.to_running(steps=4)
    row = {"kind": "alarm", "mono_ns": world.clock.now_ns, "priority": "high",
           "what": "electrode contact lost", "action": "output is being stopped",
           "t": "2026-01-01T12:00:00Z"}  # fmt: skip
    world.bed.live.take(row)


def _stopped(world: World) -> None:
    world.to_running(steps=4)
    world.pass_time(30 * S, S)
    world.key("space")
    world.pass_time(S)


def _unknown(world: World) -> None:
    world.to_running(steps=4)
    world.bench.to_device.hook = lambda _now, _data: b""
    world.pass_time(2 * S)


def _report(world: World) -> None:
    _stopped(world)
    world.desk.open("report")


def _question(world: World, name: str) -> None:
    world.to_running(steps=4)
    _over(world, name)


def _before(world: World, name: str) -> None:
    world.to_run("nmes-tka")
    _over(world, name)


def _after(world: World, name: str) -> None:
    _stopped(world)
    _over(world, name)


def _found(world: World) -> None:
    write_two_channels(world.bed.state_folder.parent / "protocols")
    world.bed.find_channels = True
    world.to_running(TWO_CHANNELS, steps=1)
    world.key("f")


def _last_time(world: World) -> None:
    world.bed.take_person("K-17")
    world.begin("sim:p24", "nmes-tka")
    world.desk.open("run")
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    world.key("space")
    world.pass_time(S)
    world.bed.take_person("K-17")
    _over(world, "last-time")


def _over(world: World, name: str) -> None:
    world.desk.overlay = world.desk.pages[name]
    world.desk.overlay.opened()


def _percent(world: World) -> None:
    world.to_running("gate-tens", steps=5, device="sim:openemsstim")


SCENES: Mapping[str, Callable[[World], None]] = {
    "chooser": partial(_first, name="chooser"),
    "safety-sheet": partial(_first, name="safety-sheet"),
    **{name: partial(_still, name=name) for name in _STILL},
    "run-ready": _ready, "start": _start, "running": _running, "two": _two,
    "eight": _eight, "cycle": _cycle,
    "paused": _paused, "alarm": _alarm, "stopped": _stopped, "unknown": _unknown,
    "report-after": _report, "notes": partial(_question, name="notes"),
    "help": partial(_question, name="help"), "percent": _percent,
    "side": partial(_before, name="side"), "statement": partial(_before, name="statement"),
    "asked": partial(_after, name="asked"), "fault": partial(_after, name="fault"),
    "found": _found, "last-time": _last_time,
}  # fmt: skip
