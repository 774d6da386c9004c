"""Random keys against engine and twin, with the invariant watching every byte and electrode."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tui_desk import MS, S, World

from stimctl.tui.actions import ACTIONS

KEYS = sorted({key for action in ACTIONS for key in action.keys if key not in ("ctrl+s", "r")})
SIZES = ((20, 5), (60, 20), (80, 24), (100, 30), (140, 40))
SHORT, LONG = 1_500, 10_000


def play(world: World, seed: int, keys: int) -> int:
    """So many random keys, bursts, resizes; how often output ran."""
    rng = random.Random(seed)
    world.to_run()
    ran = 0
    width, height = 80, 24
    for _ in range(keys):
        kind = rng.random()
        if kind < 0.02:
            for _ in range(rng.randrange(5, 40)):
                world.clock.now_ns += MS
                _press(world, rng.choice(KEYS))
        elif kind < 0.05:
            width, height = rng.choice(SIZES)
        elif kind < 0.12:
            _towards_output(world, rng)
        else:
            _press(world, rng.choice(KEYS))
        world.desk.lines(width, height)
        world.pass_time(rng.choice((20 * MS, 150 * MS, 900 * MS)))
        running = world.bench.state.value == "running"
        ran += running
        if not running and not world.bed.output_may_be_on and rng.random() < 0.05:
            world.to_run()
    return ran


def _press(world: World, key: str) -> None:
    world.desk.key(key, key if len(key) == 1 else None, world.clock.now_ns)


def _towards_output(world: World, rng: random.Random) -> None:
    """Nothing random would ever arm and go within the window and then raise."""
    if world.page_is_run():
        _press(world, "a")
        world.pass_time(rng.choice((100 * MS, 600 * MS)))
        _press(world, "g")
        for _ in range(rng.randrange(6)):
            world.pass_time(rng.choice((100 * MS, 800 * MS)))
            _press(world, rng.choice(("up", "1", "up", "down")))


@pytest.mark.hazard("H19", "H30")
def test_random_keys_break_no_rule(world: World) -> None:
    assert play(world, seed=20261121, keys=SHORT) > 0
    assert world.bed.close() == 0


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
def test_ten_thousand_random_keys_break_no_rule(world: World, seed: int) -> None:
    assert play(world, seed, LONG) > 0
    assert world.bed.close() == 0
    assert isinstance(world.bed.state_folder, Path)
    assert world.clock.now_ns > 1_000 * S
