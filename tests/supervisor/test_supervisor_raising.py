"""`raise_to` of the Python API: ended by whoever lowers, held while it waits, silent on record."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from stimctl.api import Device
from stimctl.errors import StateError, StimctlError, UsageError
from stimctl.records.sessions import show_session
from stimctl.supervisor.locks import socket_path
from stimctl.supervisor.twin import running_twins
from stimctl.supervisor.view import Reading
from tests.support.scripted_device import acked_of

pytestmark = pytest.mark.pty


@contextlib.contextmanager
def running(tmp_path: Path, *, device: str = "sim:p24", hold: str = "30 s") -> Iterator[Device]:
    with stimctl.connect(device, journal=tmp_path / "journal") as opened:
        if device == "sim:openemsstim":
            opened.load(
                "gate-tens",
                intensities={1: "20 %", 2: "20 %"},
                areas={1: "25 cm2", 2: "25 cm2"},
                acknowledge=["L-ATT"],
            )
        else:
            opened.load(
                "tens-conventional",
                amplitudes={1: "8 mA", 2: "8 mA"},
                areas={1: "50 cm2", 2: "50 cm2"},
            )
        opened.arm()
        opened.start(hold)
        yield opened


class Raiser:
    """A `raise_to` in a thread of its own."""

    def __init__(self, device: Device, amplitude: str, channel: int = 1) -> None:
        self.error: StimctlError | None = None
        self._work = (device, channel, amplitude)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        device, channel, amplitude = self._work
        try:
            device.raise_to(channel, amplitude)
        except StimctlError as error:
            self.error = error

    def end(self) -> StimctlError:
        self._thread.join(30)
        assert not self._thread.is_alive()
        assert self.error is not None, "the raise went on to its end"
        return self.error


def until(found: Callable[[], object]) -> None:
    give_up = time.monotonic() + 20
    while not found():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def set_ua(device: Device, channel: int = 1) -> int:
    reading = device.readings[channel]
    assert isinstance(reading, Reading)
    return reading.commanded.value


def stays_at(device: Device, set_ua_of: dict[int, int]) -> None:
    """Long enough for several steps, of which none comes."""
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        assert {channel: set_ua(device, channel) for channel in set_ua_of} == set_ua_of
        device.wait(0.05)


@pytest.mark.hazard("H39")
def test_a_lowering_in_another_thread_ends_the_raise(record: Path, tmp_path: Path) -> None:
    with running(tmp_path) as device:
        raiser = Raiser(device, "8 mA")
        until(lambda: set_ua(device) >= 1000)
        device.lower_to(1, "0 mA")
        assert "the channel was lowered" in raiser.end().why
        stays_at(device, {1: 0})
        device.raise_to(1, "0.5 mA")  # a new decision is a new raise
        assert set_ua(device) == 500


@pytest.mark.broad
@pytest.mark.hazard("H39")
def test_a_cancelled_task_whose_thread_goes_on_raises_no_more(record: Path, tmp_path: Path) -> None:
    async def work(device: Device) -> None:
        raising = asyncio.create_task(asyncio.to_thread(device.raise_to, 1, "8 mA"))
        while set_ua(device) < 1000:
            await asyncio.sleep(0.01)
        raising.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await raising
        await asyncio.to_thread(device.lower_to, 1, "0.5 mA")

    with running(tmp_path) as device:
        asyncio.run(work(device))
        stays_at(device, {1: 500})


@pytest.mark.broad
@pytest.mark.hazard("H39")
def test_lowering_a_linked_channel_and_unlinking_end_it_too(record: Path, tmp_path: Path) -> None:
    with running(tmp_path) as device:
        device.link(1, 2)
        raiser = Raiser(device, "8 mA", channel=1)
        until(lambda: set_ua(device, 2) >= 1000)
        device.lower_to(2, "0 mA")
        assert "the channel was lowered" in raiser.end().why
        stays_at(device, {1: 0, 2: 0})
        raiser = Raiser(device, "8 mA", channel=2)
        until(lambda: set_ua(device, 2) >= 500)
        device.unlink()
        assert "links" in raiser.end().why
        reached = {channel: set_ua(device, channel) for channel in (1, 2)}
        assert max(reached.values()) <= 1500
        stays_at(device, reached)


@pytest.mark.broad
@pytest.mark.hazard("H39")
def test_two_raisers_a_pause_and_a_return_leave_nobody_raising(
    record: Path, tmp_path: Path
) -> None:
    with running(tmp_path) as device:
        raisers = [Raiser(device, "8 mA"), Raiser(device, "7.5 mA")]
        until(lambda: set_ua(device) >= 1000)
        device.pause()
        device.resume()
        for raiser in raisers:
            assert "paused" in str(raiser.end())
        reached = set_ua(device)
        assert reached <= 2000
        stays_at(device, {1: reached})


@pytest.mark.hazard("H39")
def test_a_stop_from_another_program_ends_it_with_its_reason(record: Path, tmp_path: Path) -> None:
    with running(tmp_path) as device:
        raiser = Raiser(device, "8 mA")
        until(lambda: set_ua(device) >= 1000)
        (link,) = running_twins("p24")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(os.fspath(socket_path(str(link))))
            line.sendall(b'{"do":"stop"}\n')
            assert "control socket" in raiser.end().why
        until(lambda: device.state == "stopped")
        assert [acked_of(one) for one in device.readings.values()] == [0, 0]


@pytest.mark.broad
@pytest.mark.hazard("H39")
def test_a_raise_in_percent_is_ended_by_a_lowering(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--wiretap --boot 100000")  # how long is no matter
    with running(tmp_path, device="sim:openemsstim") as device:
        raiser = Raiser(device, "20 %")
        until(lambda: device.readings[1].commanded.value >= 2)
        device.lower_to(1, "0 %")
        assert "the channel was lowered" in raiser.end().why
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            assert device.readings[1].commanded.value == 0


@pytest.mark.broad
def test_a_raise_that_waits_leaves_no_row_but_the_raises(record: Path, tmp_path: Path) -> None:
    with running(tmp_path) as device:
        device.raise_to(1, "3 mA")
        device.raise_to(2, "1 mA")
        assert acked_of(device.readings[1]) == 3000
        with pytest.raises(StateError, match="above 2 mA already"):
            device.raise_to(1, "2 mA")
    counts = show_session(tmp_path / "journal", "last").counts
    assert counts["raise"] == 8
    assert "refused" not in counts


@pytest.mark.broad
def test_one_refusal_that_was_asked_for_is_one_row(record: Path, tmp_path: Path) -> None:
    with running(tmp_path) as device:
        raiser = Raiser(device, "8 mA")
        until(lambda: set_ua(device) >= 1000)
        device.lower_to(1, "0 mA")
        raiser.end()
    rows = show_session(tmp_path / "journal", "last").timeline
    refused = [row.data["reason"] for row in rows if row.kind == "refused"]
    assert 1 <= len(refused) <= 2  # the step that waited for its row, and the one after it
    assert all(reason.startswith("the channel was lowered") for reason in refused)


@pytest.mark.broad
def test_a_short_hold_lasts_as_long_as_the_raise_that_blocks(record: Path, tmp_path: Path) -> None:
    with running(tmp_path, hold="1.5 s") as device:
        device.raise_to(1, "5 mA")  # takes 2.5 s
        assert acked_of(device.readings[1]) == 5000
        with pytest.raises(StateError, match="hold of the program has run out"):
            device.wait(30)
        with pytest.raises(StateError, match="hold of the program has run out"):
            device.raise_to(1, "6 mA")


@pytest.mark.broad
def test_readings_are_true_from_the_loading_to_the_end(record: Path, tmp_path: Path) -> None:
    def now() -> dict[int, tuple[int, int | None]]:
        return {
            channel: (one.commanded.value, acked_of(one))
            for channel, one in device.readings.items()
        }

    with running(tmp_path) as device:
        assert now() == {1: (0, 0), 2: (0, 0)}
        device.raise_to(2, "1.5 mA")
        assert now() == {1: (0, 0), 2: (1500, 1500)}
        device.pause()
        until(lambda: device.readings[2].acknowledged is not None)
        assert now() == {1: (0, 0), 2: (1500, 0)}
        device.resume()
        until(lambda: acked_of(device.readings[2]) == 1500)
        assert device.readings[2].age_s < 2
        device.stop()
        assert now() == {1: (0, 0), 2: (0, 0)}
    assert now() == {1: (0, 0), 2: (0, 0)}


@pytest.mark.broad
def test_in_the_off_time_of_a_cycle_nothing_is_acknowledged(record: Path, tmp_path: Path) -> None:
    with stimctl.connect("sim:p24", journal=tmp_path / "journal") as device:
        device.load("nmes-endurance", amplitudes={1: "3 mA"}, areas={1: "50 cm2"})
        device.arm()
        device.start("60 s")
        device.raise_to(1, "1 mA")
        until(lambda: acked_of(device.readings[1]) == 1000)
        until(lambda: acked_of(device.readings[1]) == 0)
        assert device.readings[1].commanded.value == 1000
        assert Ledger.from_file(record)[1].peak_ma == 1.0


def test_what_is_wrong_is_told_before_anything_is_asked(record: Path, tmp_path: Path) -> None:
    device = stimctl.connect("sim:p24", journal=tmp_path / "journal")
    with pytest.raises(StateError, match=r"not open.*with stimctl.connect"):
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
    for call in (device.arm, device.stop, lambda: device.hold("1 s"), device.pause, device.start):
        with pytest.raises(StateError, match="not open"):
            call()
    assert device.state == "disconnected"
    assert not device.readings
    with device:
        with pytest.raises(UsageError, match=r"'1' is not a channel: .*write 1"):
            device.load("tens-conventional", amplitudes={"1": "3 mA"}, areas={"1": "25 cm2"})  # type: ignore[dict-item]
        with pytest.raises(StimctlError, match="12"):
            device.load("tens-conventional", amplitudes={1: 12}, areas={1: "25 cm2"})  # type: ignore[dict-item]
        with pytest.raises(UsageError, match="no plan is loaded"):
            device.lower_to(1, "0 mA")
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        device.arm()
        device.start()
        calls: list[Callable[[], object]] = [
            lambda: device.lower_to(7, "0 mA"),
            lambda: device.raise_to(7, "1 mA"),
            lambda: device.felt(7),
            lambda: device.pulse(7, "1 mA"),
            lambda: device.link(1, 7),
        ]
        for one in calls:
            with pytest.raises(UsageError, match="channel 7 is not in the plan: the plan uses 1"):
                one()
        assert device.state == "running"
        with pytest.raises(StateError, match="opened before"):
            device.__enter__()
    with pytest.raises(StimctlError, match="over"):
        device.hold("1 s")


@pytest.mark.broad
def test_waiting_for_the_end_of_a_plan_returns_there(record: Path, tmp_path: Path) -> None:
    with stimctl.connect("sim:p24", journal=tmp_path / "journal") as device:
        device.load(
            "tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"}, duration="10 s"
        )
        device.arm()
        device.start("60 s")
        device.wait(60)
        assert device.state == "stopped"
        device.wait(60)
        with pytest.raises(StateError, match="the plan has ended"):
            device.raise_to(1, "1 mA")


def test_the_errors_of_the_api_are_there_before_it_is_used() -> None:
    code = "import stimctl; print(stimctl.errors.StateError.__name__)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "StateError\n"
