"""One byte of a conversation with an openEMSstim is lost, doubled or flipped; the host goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from firmware_sim.firmware.openemsstim import Dialect
from firmware_sim.firmware.openemsstim_fields import wiper
from stimctl.devices.events import NoAnswer, Rejected, UnexpectedState, ZeroVerified
from tests.support.driver_bench import S
from tests.support.openemsstim_bench import MS, Bench, points

KINDS = ("lost", "doubled", *(f"bit {bit}" for bit in range(8)))
OPEN_WITHIN_NS = 400 * MS


class Damage(NamedTuple):
    """`scene`: connect, burst or stop; `to_host`: of the answer; `at`: which byte."""

    scene: str
    dialect: Dialect
    to_host: bool
    at: int
    kind: str


class Spoiler:
    """Damages one byte of what passes from the moment it is armed; `seen` counts them."""

    def __init__(self, at: int, kind: str) -> None:
        self._at, self._kind = at, kind
        self.seen = 0
        self.hit_ns = 0

    def __call__(self, now: int, data: bytes) -> bytes:
        index = self._at - self.seen
        self.seen += len(data)
        if not 0 <= index < len(data):
            return data
        byte, self.hit_ns = data[index], now
        if self._kind == "lost":
            new = b""
        elif self._kind == "doubled":
            new = bytes((byte, byte))
        else:
            new = bytes((byte ^ 1 << int(self._kind[-1]),))
        return data[:index] + new + data[index + 1 :]


class Host:
    """The engine's part: a stop at whatever the driver cannot explain, a keep-alive each 200 ms."""

    def __init__(self, dialect: Dialect) -> None:
        self.bench = Bench(dialect, strict=False)
        self.noticed = False

    def run(self, span_ns: int) -> None:
        bench = self.bench
        for _ in range(span_ns // (2 * MS)):
            if bench.now % (200 * MS) < 2 * MS:
                bench.driver.keep_alive(bench.now)
            for event in bench.run(2 * MS):
                if isinstance(event, UnexpectedState | NoAnswer | Rejected):
                    self.noticed = True
                    bench.driver.stop(bench.now)


def play(damage: Damage) -> tuple[int, float, float] | str:
    """(Bytes that passed, ms until the relays were open, ms until zero was verified), or in words
    what should not have been."""
    host = Host(damage.dialect)
    bench, spoiler = host.bench, Spoiler(damage.at, damage.kind)
    if damage.scene == "connect":
        arm(bench, spoiler, to_host=damage.to_host)
        bench.driver.connect(0)
        host.run(2 * S)
        if bench.driver.state != "zero":  # the end of the banner was missed
            host.run(15 * S)
        if bench.relays():
            return f"relays {bench.relays()}"
        if bench.driver.state != "zero":
            return f"not connected: {bench.driver.state}, {bench.seen[-3:]}"
        return spoiler.seen, 0.0, 0.0
    bench.running(ch1=50, ch2=30)
    host.run(200 * MS)
    arm(bench, spoiler, to_host=damage.to_host)
    began = bench.now
    if damage.scene == "stop":
        bench.driver.stop(began)
    else:
        bench.driver.apply(began, points(ch1=51, ch2=30))
    host.run(OPEN_WITHIN_NS)
    seen = spoiler.seen
    if damage.scene == "burst" and spoiler.hit_ns > began:
        began = spoiler.hit_ns
        host.run(began + OPEN_WITHIN_NS - bench.now)
    if damage.scene == "burst" and not host.noticed:
        host.run(300 * MS)
        going_on = bench.driver.state == "running" and bench.open == {1: wiper(51), 2: wiper(30)}
        return (seen, 0.0, 0.0) if going_on else f"unnoticed: {bench.open}, {bench.driver.state}"
    return judged(host, began, seen)


def arm(bench: Bench, spoiler: Spoiler, *, to_host: bool) -> None:
    if to_host:
        bench.to_host = spoiler
    else:
        bench.to_device = spoiler


def judged(host: Host, began: int, seen: int) -> tuple[int, float, float] | str:
    bench = host.bench
    still = bench.open
    host.run(S)
    if bench.open:
        return f"closed for good: {bench.open}"
    open_ms = max(at for at, _, _ in bench.relays()) - began / MS
    if still or open_ms > OPEN_WITHIN_NS / MS:
        return f"open only after {open_ms} ms"
    zeros = bench.all_of(ZeroVerified)
    if len(zeros) < 2 or bench.driver.state not in ("zero", "restarted"):
        return f"zero not verified: {bench.driver.state} {bench.seen[-4:]}"
    return seen, open_ms, zeros[-1].latency_ns / MS


def every(scene: str, dialect: Dialect, *, to_host: bool) -> Iterator[Damage]:
    """Every damage of every byte that passes in this scene."""
    whole = play(Damage(scene, dialect, to_host, -1, "lost"))
    assert isinstance(whole, tuple), whole
    for at in range(whole[0]):
        for kind in KINDS:
            yield Damage(scene, dialect, to_host, at, kind)
