"""The RehaMove3 driver stops: by its ack and the state after it, whatever the line loses."""

from __future__ import annotations

import pytest

from stimctl.devices.events import (
    NoAnswer,
    ZeroVerified,
)
from tests.support.driver_bench import S
from tests.support.p24_bench import MS
from tests.support.rehamove3_bench import bench, point, sent


@pytest.mark.hazard("H11")
def test_the_stop_is_verified_by_its_ack_and_the_state_after_it() -> None:
    one = bench().running(ch1=point())
    since = one.now
    one.driver.stop(one.now)
    one.run(100 * MS)
    (zero,) = one.all_of(ZeroVerified)[-1:]
    assert zero.latency_ns <= 50 * MS
    assert [frame.command for frame in sent(one, since)] == [34, 62]
    assert one.twin.state == 0
    assert one.high_voltage == 1


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("lost", range(3))
@pytest.mark.parametrize("side", ["host", "device"])
def test_a_stop_heals_when_any_one_frame_is_lost(lost: int, side: str) -> None:
    one = bench().running(ch1=point())
    count = iter(range(100))

    def line(data: bytes) -> list[tuple[int, bytes]]:
        return [] if next(count) == lost else [(0, data)]

    setattr(one, f"{side}_line", line)
    one.driver.stop(one.now)
    one.run(500 * MS)
    assert one.all_of(ZeroVerified)[-1:]
    assert one.driver.state == "zero"


@pytest.mark.hazard("H11")
def test_a_stop_goes_on_for_ever_on_a_dead_line() -> None:
    one = bench().running(ch1=point())
    one.device_line = lambda data: []
    since = one.now
    one.driver.stop(one.now)
    one.run(2 * S)
    assert len([data for at, data, _ in one.host_writes if at >= since]) >= 40
    assert len(one.all_of(NoAnswer)) == 1
    one.device_line = lambda data: [(0, data)]
    one.run(200 * MS)
    assert one.driver.state == "zero"
