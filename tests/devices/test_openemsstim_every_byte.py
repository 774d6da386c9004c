"""Every single lost, doubled or flipped byte of a connect, a burst and a stop, the host alive:
both relays are open within 400 ms, and zero is verified; and a board connects however long its
bootloader is deaf."""

from __future__ import annotations

import itertools
import random

import pytest

from firmware_sim.firmware.openemsstim import Bootloader, Dialect, OpenEmsStimTwin
from stimctl.devices.openemsstim.output import burst_line, off_line
from stimctl.devices.openemsstim.sheet import CHANNELS, HIGHEST_PERCENT
from stimctl.wire.openemsstim.text import TEST_CHARACTERS, probe_text, stop_line
from tests.support.driver_bench import S
from tests.support.openemsstim_bench import MS, Bench
from tests.support.openemsstim_damage import KINDS, Damage, every, play

damaged = pytest.mark.no_invariant(
    "what the line makes of a message without a checksum is bounded here, byte by byte"
)
SCENES = list(itertools.product(("connect", "burst", "stop"), Dialect, (False, True)))
SLICE = 4


@damaged
@pytest.mark.hazard("H08", "H11")
@pytest.mark.parametrize(("scene", "dialect", "to_host"), SCENES)
def test_a_damaged_byte_leaves_no_relay_closed(
    scene: str, dialect: Dialect, *, to_host: bool
) -> None:
    """A slice by chance, the same each time; the whole is the next test."""
    chance = random.Random(f"{scene}/{dialect}/{to_host}")
    length = play(Damage(scene, dialect, to_host, -1, "lost"))[0]
    for _ in range(SLICE):
        damage = Damage(
            scene, dialect, to_host, chance.randrange(int(length)), chance.choice(KINDS)
        )
        assert not isinstance(found := play(damage), str), (damage, found)


@damaged
@pytest.mark.soak
@pytest.mark.parametrize(("scene", "dialect", "to_host"), SCENES)
def test_every_damaged_byte_leaves_no_relay_closed(
    scene: str, dialect: Dialect, *, to_host: bool
) -> None:
    count, open_ms, zero_ms = 0, 0.0, 0.0
    for damage in every(scene, dialect, to_host=to_host):
        found = play(damage)
        assert not isinstance(found, str), (damage, found)
        count, open_ms, zero_ms = count + 1, max(open_ms, found[1]), max(zero_ms, found[2])
    print(f"{count} damages: relays open within {open_ms:.0f} ms, zero within {zero_ms:.0f} ms")


# -- nothing that is sent can become a test character ------------------------------------------


def test_no_line_of_ours_has_a_test_character_so_that_no_loss_can_make_one_its_first() -> None:
    lines = [stop_line(line_may_be_open=True), *(probe_text(ms).encode() for ms in range(90_000))]
    for channel in range(1, CHANNELS + 1):
        lines.append(off_line(channel)[1])
        lines += [burst_line(channel, percent)[1] for percent in range(1, HIGHEST_PERCENT + 1)]
    assert not set(b"".join(lines)) & set(TEST_CHARACTERS.encode())


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("channel", [1, 2])
def test_a_burst_that_lost_its_beginning_or_its_end_never_closes_a_relay(
    channel: int, dialect: Dialect
) -> None:
    for percent in (1, 12, 21, 50, 100):
        line = burst_line(channel, percent)[1]
        for at in range(1, len(line)):
            for part in (line[at:], line[: at - 1] + b"\n"):
                twin = OpenEmsStimTwin(dialect=dialect, boot_us=0)
                twin.advance(S)
                twin.receive(S, part)
                twin.advance(2 * S)
                assert not twin.stimulating, part
                assert all(row["kind"] != "relay" for row in twin.records()), part


# -- however long the bootloader is deaf -----------------------------------------------------------


def _connects(bench: Bench) -> None:
    bench.driver.connect(0)
    bench.run(5 * S)
    assert bench.driver.state == "zero", bench.seen
    assert bench.relays() == []
    assert bench.twin.defects == ()


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_board_connects_through_any_dead_time_of_0_to_3_s(dialect: Dialect) -> None:
    for deaf_ms in range(0, 3_001, 50):
        _connects(Bench(dialect, deaf_us=deaf_ms * 1_000))


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("bootloader", list(Bootloader))
def test_a_board_connects_through_its_bootloader(bootloader: Bootloader, dialect: Dialect) -> None:
    for _ in range(8):
        _connects(Bench(dialect, bootloader=bootloader))


@pytest.mark.parametrize("bootloader", list(Bootloader))
def test_a_board_with_its_whole_boot_connects(bootloader: Bootloader) -> None:
    bench = Bench(boot_us=11_268_000, bootloader=bootloader)
    bench.driver.connect(0)
    bench.run(14 * S)
    assert bench.driver.state == "zero"


@pytest.mark.parametrize("lost", range(3))
def test_a_round_that_was_lost_while_connecting_is_said_again(lost: int) -> None:
    bench = Bench()
    count = itertools.count()
    bench.to_device = lambda now, data: b"" if next(count) == lost else data
    bench.driver.connect(0)
    bench.run(2 * S)
    assert bench.driver.state == "zero"


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("age_ms", range(0, 375, 25))
def test_a_stop_that_the_board_never_read_is_said_again_and_verified_within_400_ms(
    age_ms: int, dialect: Dialect
) -> None:
    bench = Bench(dialect).running(ch1=50, ch2=60)
    bench.kept(age_ms * MS)
    began, count = bench.now, itertools.count()
    bench.to_device = lambda now, data: b"" if next(count) == 0 else data
    bench.driver.stop(began)
    bench.run(400 * MS)
    assert bench.open == {}
    assert bench.driver.state == "zero"
    assert max(at for at, _, _ in bench.relays()) - began // MS <= 400
