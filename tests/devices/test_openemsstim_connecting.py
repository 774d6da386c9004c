"""The openEMSstim driver connects: it stops the board, waits for its start, and asks what it is."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.openemsstim import BOOT_US, Dialect
from stimctl.devices.events import (
    Doing,
    Identified,
    NoAnswer,
    Ready,
    Rejected,
    ZeroVerified,
)
from stimctl.errors import StateError
from tests.support.driver_bench import S
from tests.support.openemsstim_bench import (
    MS,
    STOP_AND_PROBE,
    Bench,
    points,
)


@pytest.mark.parametrize(
    ("dialect", "told"),
    [(Dialect.HEX_ONLY, ("release 1.0 or later", "hex-only")),
     (Dialect.ASCII, ("2016, before release 1.0", "ascii"))],
)  # fmt: skip
def test_a_starting_board_is_stopped_waited_for_and_asked_for_its_dialect(
    dialect: Dialect, told: tuple[str, str]
) -> None:
    bench = Bench(dialect, boot_us=BOOT_US)
    bench.driver.connect(0)
    bench.run(12 * S)
    assert [type(one) for one in bench.seen] == [Identified, ZeroVerified, Ready]
    (identified,) = bench.all_of(Identified)
    assert (identified.firmware, identified.protocol) == told
    assert bench.sent() == ["\n" + STOP_AND_PROBE]  # the board reads it when it has started
    assert bench.driver.state == "zero"
    assert bench.relays() == []


def test_a_board_that_stimulates_for_another_host_is_stopped_by_connecting() -> None:
    bench = Bench().running(ch1=50, ch2=20)
    bench.driver.connect(bench.now)
    bench.run(300 * MS)
    assert bench.open == {}
    assert bench.driver.state == "zero"


def test_a_silent_line_fails_the_connection_after_20_s_and_never_fills_the_buffer() -> None:
    bench = Bench()
    bench.to_host = lambda now, data: b""
    bench.driver.connect(0)
    bench.run(21 * S)
    (lost,) = bench.all_of(NoAnswer)
    assert (lost.what, lost.since_ns) == (Doing.CONNECT, 0)
    assert bench.driver.state == "unknown"
    assert bench.driver.deadline() is None
    assert bench.twin.defects == ()


@pytest.mark.parametrize(
    ("dialect", "was", "says", "name"),
    [
        (Dialect.ASCII, b"\tCommand NON HEX:", b"\tFull Command:", "multiplexer"),
        (Dialect.HEX_ONLY, b"\tERROR: SINGLE", b"\tWHAT: SINGLE", "fabbing"),
        (Dialect.ASCII, b"Unknown command: x", b"Unknown command: y", "unknown"),
    ],
)
def test_a_firmware_that_is_not_known_is_refused_and_never_driven(
    dialect: Dialect, was: bytes, says: bytes, name: str
) -> None:
    bench = Bench(dialect)
    kept = bytearray()

    def change(now: int, data: bytes) -> bytes:
        kept.extend(data)
        *lines, rest = bytes(kept).split(b"\n")
        kept[:] = rest
        return b"".join(line.replace(was, says) + b"\n" for line in lines)

    bench.to_host = change
    bench.driver.connect(0)
    bench.run(2 * S)
    (no,) = bench.all_of(Rejected)
    assert no.what is Doing.IDENTIFY
    assert f"({name}) is not one of those that can be driven safely" in no.result
    assert bench.all_of(Ready) == []
    with pytest.raises(StateError):
        bench.driver.apply(bench.now, points(ch1=1))


def test_a_board_that_was_not_seen_to_start_is_refused() -> None:
    bench = Bench()
    bench.to_host = lambda now, data: b"" if now < 300 * MS else data
    bench.run(400 * MS)
    bench.driver.connect(bench.now)
    bench.run(S)
    (no,) = bench.all_of(Rejected)
    assert "has not restarted it" in no.result
    assert bench.driver.state == "unknown"


def test_a_start_that_was_heard_before_connecting_counts() -> None:
    bench = Bench()
    bench.run(400 * MS)
    bench.driver.connect(bench.now)
    bench.run(S)
    assert bench.all_of(Ready)
