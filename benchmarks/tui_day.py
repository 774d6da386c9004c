"""A working day at the terminal UI on a stepped clock: does its memory stay flat?

What is simulated: one face over the eight hours of a clinic, 20 minutes a session. Each session has
a person, a connection to a P24 twin of its own, a plan, arm, go, raises, marks, notes, screens
looked at, the attendance prompt answered, a pause now and then, STOP and the report. Engine, driver
and twin are the real ones on the virtual bench, in this process; every row they tell goes to the
face; the real Textual app draws the real screen, five times a simulated second, into no terminal.
What is not: the supervisor's process and its pipe (its client is the bench's), Textual's own timers
and input thread, and real time. So this shows what a day of rows, keys and drawings leaves behind
in the face. The resident size of the real program is measured in a terminal, by `bench_tui`.

Method: after each session the bench is forgotten, garbage is collected, and the resident size and
the number of Python's allocated blocks are noted (both cost nothing, so the day is not another one
for being measured). Flat means that the line through the resident sizes after the first hour rises
by no more than 2 MiB in eight hours (a heap grows by arenas of up to 1 MiB, so less cannot be told
from nothing), and the one through the blocks of the second half of the day by no more than 2000:
bounded caches, of Textual and of the twins, go on filling for hours.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stimctl.tui.app import StimctlApp

DAY_H = 8.0
SESSION_S = 1_200
FLAT_MIB = 2.0
FLAT_BLOCKS = 2_000
#: By then every protocol has been used, and everything that is bounded is full.
_WARM_UP = 4
_TICK_NS = 200_000_000
_S = 1_000_000_000
_PROTOCOLS = ("tens-conventional", "nmes-tka", "tens-burst", "tens-modulated")
#: What an operator does in a minute, in turn; each list is pressed with a second between keys.
_MINUTES = (
    ("alt+1", "down", "up", "up", "up"), ("alt+1", "down", "up", "up", "s"), ("n", "1"),
    ("question_mark", "z"), ("alt+1", "s"), ("8", "7"), ("tab", "down", "up", "up"), ("p",),
    ("n", "3"), ("ctrl+t",), ("alt+1", "m", "down", "up"), ("9", "7"),
)  # fmt: skip


def simulate(hours: float = DAY_H) -> dict[str, Any]:
    """The day, in this process; at least two sessions after those that do not count."""
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_day(Path(folder), hours))


async def _day(folder: Path, hours: float) -> dict[str, Any]:
    from stimctl.tui.app import StimctlApp
    from tests.support.tui_desk import World

    os.environ["STIMCTL_PROTOCOLS"] = str(folder / "protocols")
    world = World(folder / "state", theme="night")
    app = StimctlApp(world.desk, timers=False)
    begun = time.perf_counter()
    sizes: list[tuple[float, int]] = []
    drawn = on = 0
    async with app.run_test(size=(80, 24)):
        for number in range(max(_WARM_UP + 2, round(hours * 3600 / SESSION_S))):
            for _ in _session(world, number):
                drawn += await _draw(app)
                on += world.bed.live.state == "running"
            world.bed.close()
            world.clients.clear()
            world.desk.take_rows()
            app.follow()
            gc.collect()
            sizes.append((_rss_mib(), sys.getallocatedblocks()))
        app.exit()
    after = sizes[_WARM_UP:]
    second_half = sizes[-max(2, len(sizes) // 2) :]
    return {
        "simulated_h": round(len(sizes) * SESSION_S / 3600, 2), "sessions": len(sizes),
        "output_on_h": round(on * _TICK_NS / _S / 3600, 2), "screens_drawn": drawn,
        "took_s": round(time.perf_counter() - begun, 1),
        "resident_mib_first_last": [round(after[0][0], 2), round(after[-1][0], 2)],
        "resident_mib_per_day": round(_slope([size for size, _ in after]) * DAY_H, 3),
        "blocks_first_last": [after[0][1], after[-1][1]],
        "blocks_per_day": round(_slope([float(blocks) for _, blocks in second_half]) * DAY_H),
        "most_resident_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }  # fmt: skip


def _session(world: Any, number: int) -> Iterator[None]:
    """One session; yields whenever the screen is due to be drawn."""
    world.to_run(_PROTOCOLS[number % len(_PROTOCOLS)])
    yield from _press(world, "a", "g", "alt+1")
    for minute in range(SESSION_S // 60 - 2):
        yield from _press(world, *_MINUTES[(minute + number) % len(_MINUTES)])
        if world.bed.live.state == "paused":
            yield from _press(world, "p")
        yield from _wait(world, 60 - 2)
        if world.bed.live.attend_until_ns is not None:
            yield from _press(world, "z")
    yield from _press(world, "space")
    for page in ("thresholds", "report"):
        world.desk.open(page)
        yield from _wait(world, 30)


def _press(world: Any, *keys: str) -> Iterator[None]:
    for key in keys:
        world.press(key)
        yield from _wait(world, 1)


def _wait(world: Any, seconds: int) -> Iterator[None]:
    for _ in range(seconds * _S // _TICK_NS):
        world.pass_time(_TICK_NS, _TICK_NS)
        yield


async def _draw(app: StimctlApp) -> int:
    """Let Textual compose what has changed, as it would before it writes to a terminal."""
    app.follow()
    await asyncio.sleep(0)
    return 1


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _slope(sizes: list[float]) -> float:
    """By how much it grows in an hour, by least squares."""
    hours = [number * SESSION_S / 3600 for number in range(len(sizes))]
    middle, mean = sum(hours) / len(hours), sum(sizes) / len(sizes)
    above = sum((x - middle) * (y - mean) for x, y in zip(hours, sizes, strict=True))
    return above / sum((x - middle) ** 2 for x in hours)


if __name__ == "__main__":
    wanted = [one for one in sys.argv[1:] if not one.startswith("-")]
    print(json.dumps(simulate(float(wanted[0]) if wanted else DAY_H)))
