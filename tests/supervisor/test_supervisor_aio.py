"""The asyncio form is the whole API, and a call that is cancelled stops the output."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, cast

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from stimctl import aio
from stimctl.api import Device
from stimctl.errors import LimitRefusedError, StateError
from stimctl.supervisor.cancelling import still_wanted
from tests.support.own_twins import end_twins
from tests.support.scripted_device import acked_of


class StandIn:
    """A device whose `raise_to` goes on for as long as somebody awaits it."""

    def __init__(self) -> None:
        self.stops = 0
        self.begun, self.ended = threading.Event(), threading.Event()

    def work(self) -> None:
        self.begun.set()
        try:
            while True:
                still_wanted()
                time.sleep(0.001)
        finally:
            self.ended.set()

    def cut_short(self) -> None:
        self.stops += 1


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_call_of_the_api_is_there_for_asyncio_with_the_same_parameters() -> None:
    assert public(Device) == public(aio.AsyncDevice)
    waits = {name for name in public(Device) if inspect.isfunction(getattr(Device, name))}
    for name in waits - {"events", "results", "cut_short", "loop", "pulses_given"}:
        here, there = getattr(aio.AsyncDevice, name), getattr(Device, name)
        assert inspect.iscoroutinefunction(here), name
        assert inspect.signature(here) == inspect.signature(there), name
        assert inspect.getdoc(here) == inspect.getdoc(there), name
    assert inspect.signature(aio.connect) == inspect.signature(stimctl.connect)


@pytest.mark.hazard("H39")
def test_a_cancelled_call_stops_the_output_and_ends_when_its_thread_has_ended() -> None:
    async def work() -> None:
        stand_in = StandIn()
        device = aio.AsyncDevice(cast("Any", stand_in))
        call = asyncio.create_task(device._in_thread(stand_in.work))
        assert await asyncio.to_thread(stand_in.begun.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert stand_in.ended.is_set()
        assert stand_in.stops == 1

    asyncio.run(work())


def test_a_call_that_is_cancelled_twice_still_waits_for_its_thread() -> None:
    async def work() -> None:
        stand_in, may_end = StandIn(), threading.Event()

        def stubborn() -> None:
            stand_in.begun.set()
            may_end.wait(10)
            stand_in.ended.set()

        device = aio.AsyncDevice(cast("Any", stand_in))
        call = asyncio.create_task(device._in_thread(stubborn))
        await asyncio.to_thread(stand_in.begun.wait, 10)
        call.cancel()
        while not stand_in.stops:
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.sleep(0)
        assert not call.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert stand_in.ended.is_set()

    asyncio.run(work())


class Turns(StandIn):
    """A device whose `loop` goes on for ever, and takes any target."""

    def _turns(self, rate_hz: float, duration: str | float) -> Iterator[int]:
        return itertools.count()

    def _take_targets(self, turn: int, targets: dict[int, str]) -> None:
        """It asks nobody."""


@pytest.mark.hazard("H80")
def test_a_loop_that_is_cancelled_while_its_callback_is_awaited_stops_the_output() -> None:
    async def work() -> None:
        stand_in, awaited = Turns(), asyncio.Event()

        async def callback(turn: aio.Turn) -> dict[int, str]:
            awaited.set()
            await asyncio.get_running_loop().create_future()
            return {}

        device = aio.AsyncDevice(cast("Any", stand_in))
        call = asyncio.create_task(device.loop(callback, rate_hz=50, duration="60 s"))
        await awaited.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert stand_in.stops == 1

    asyncio.run(work())


class Opening(StandIn):
    """A device that opens at once."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def __enter__(self) -> Self:
        self.told.append("open")
        return self

    def __exit__(self, *_error: object) -> None:
        self.told.append("closed")


@pytest.mark.hazard("H39")
def test_a_session_that_is_cancelled_in_the_moment_it_is_open_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        stand_in, loop = Opening(), asyncio.get_running_loop()
        threadsafe = loop.call_soon_threadsafe

        async def program() -> None:
            async with aio.AsyncDevice(cast("Any", stand_in)):
                raise AssertionError("the block was entered")

        def with_cancel(settle: Callable[..., object], *args: object) -> asyncio.Handle:
            monkeypatch.undo()
            return threadsafe(lambda: (settle(*args), call.cancel()))

        call = asyncio.create_task(program())
        monkeypatch.setattr(loop, "call_soon_threadsafe", with_cancel)
        with pytest.raises(asyncio.CancelledError):
            await call
        assert stand_in.told == ["open", "closed"]

    asyncio.run(work())


def test_a_call_that_raises_stop_iteration_ends() -> None:
    async def work() -> None:
        device = aio.AsyncDevice(cast("Any", StandIn()))
        with pytest.raises(RuntimeError, match="StopIteration") as raised:
            async with asyncio.timeout(5):
                await device._in_thread(lambda: next(iter(())))
        assert isinstance(raised.value.__cause__, StopIteration)

    asyncio.run(work())


def test_a_call_that_fails_raises_its_own_error_where_it_is_awaited() -> None:
    async def work() -> None:
        device = stimctl.aio.connect("sim:p24")
        with pytest.raises(StateError, match="not open"):
            await device.hold("1 s")

    asyncio.run(work())


def connect(tmp_path: Path, *, follow: bool = False) -> aio.AsyncDevice:
    return aio.connect("sim:p24", journal=tmp_path / "journal", follow=follow)


@pytest.mark.pty
def test_two_channels_rise_together_a_timeout_stops_them_and_the_block_ends_at_zero(
    record: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        async with connect(tmp_path, follow=True) as device:
            ticking = asyncio.create_task(tick())
            ceilings, areas = {1: "8 mA", 2: "8 mA"}, {1: "25 cm2", 2: "25 cm2"}
            await device.load("tens-conventional", amplitudes=ceilings, areas=areas)
            await device.arm()
            await device.start(hold="10 s")
            await asyncio.gather(device.raise_to(1, "1 mA"), device.raise_to(2, "0.5 mA"))
            readings = await device.readings()
            assert [acked_of(readings[channel]) for channel in (1, 2)] == [1000, 500]
            assert ticks > 10  # the loop went on all the time
            turns: list[aio.Turn] = []

            async def callback(turn: aio.Turn) -> dict[int, str]:
                turns.append(turn)
                await asyncio.sleep(0.001)
                return {1: turn.ranges[1].nearest(7)}  # what a hand has reached, and no step more

            await device.loop(callback, rate_hz=100, duration="0.3 s")
            assert [turn.number for turn in turns] == list(range(len(turns)))
            assert 3 <= len(turns) <= 31
            with pytest.raises(LimitRefusedError):
                await device.raise_to(1, "9 mA")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.6):
                    await device.raise_to(1, "8 mA")
            while device.state != "stopped":
                await asyncio.sleep(0.01)
            assert "cancelled" in device.device._view.why
            await device.arm()  # the session goes on, from zero
            ticking.cancel()

    asyncio.run(work())
    ledger = Ledger.from_file(record)
    assert not ledger.running
    assert 1 <= ledger[1].peak_ma < 5


@pytest.mark.pty
def test_a_session_that_is_cancelled_while_it_opens_leaves_no_supervisor(tmp_path: Path) -> None:
    async def work() -> aio.AsyncDevice:
        device = connect(tmp_path)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), device:
                raise AssertionError("it was open")
        return device

    client = asyncio.run(work()).device._client
    assert client._process is not None
    assert client._process.process.poll() is not None
    end_twins()
