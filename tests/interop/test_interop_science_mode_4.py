"""The PyPI client science-mode-4, unmodified, takes the twin on a pseudo terminal for a P24."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from time import monotonic_ns
from typing import Any

import pytest
import science_mode_4 as sm
from science_mode_4.protocol.exceptions import ProtocolError
from science_mode_4.utils.logger import logger

from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess

pytestmark = pytest.mark.pty
Rows = list[dict[str, Any]]


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[TwinProcess]:
    with TwinProcess("--seed", "24", record=tmp_path / "record.jsonl", device="p24") as process:
        yield process


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    level = logger().level
    logger().setLevel(logging.CRITICAL)
    yield
    logger().setLevel(level)


def use(twin: TwinProcess, steps: Callable[[sm.DeviceP24], Awaitable[None]]) -> None:
    """Open the twin's line as the client does, run the steps, close it."""
    connection = sm.SerialPortConnection(twin.url)
    connection.open()
    try:
        asyncio.run(_initialized(sm.DeviceP24(connection), steps))
    finally:
        connection.close()


async def _initialized(
    device: sm.DeviceP24, steps: Callable[[sm.DeviceP24], Awaitable[None]]
) -> None:
    await device.initialize()
    await steps(device)


def points(current_ma: float, width_us: int = 200) -> list[sm.ChannelPoint]:
    return [
        sm.ChannelPoint(width_us, current_ma),
        sm.ChannelPoint(100, 0),
        sm.ChannelPoint(width_us, -current_ma),
    ]


def channel(
    current_ma: float, period_ms: int = 20, ramp: int = 0
) -> sm.MidLevelChannelConfiguration:
    return sm.MidLevelChannelConfiguration(True, ramp, period_ms, points(current_ma))


def expired(rows: Rows) -> bool:
    return any(row.get("event") == "keep-alive expired" for row in rows)


def states(rows: Rows) -> list[int]:
    return [row["state"] for row in rows if row["kind"] == "state"]


def test_it_initializes_and_reads_every_general_answer(twin: TwinProcess) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        general = device.get_layer_general()
        assert general.device_id == "SIM0000024"
        assert general.firmware_version == "1.0.0"
        assert general.science_mode_version == "4.0.0"
        status = await general.get_stim_status()
        assert status.stim_status == sm.StimStatus.NO_LEVEL_INITIALIZED
        version = await general.get_version()
        assert version.is_valid_hash
        await general.reset()

    use(twin, steps)
    line = [row for row in twin.rows() if row["kind"] == "line"]
    # What this client opens a port with, whatever the manual says.
    assert [(row["baud"], row["stop_bits"], row["rtscts"]) for row in line] == [(9600, 1, False)]


async def _pulse_acks(device: sm.DeviceP24, wanted: int) -> list[Any]:
    acks: list[Any] = []
    for _ in range(2_000):
        ack = device.get_layer_low_level().packet_buffer.get_packet_from_buffer()
        if ack is not None and ack.command == sm.Commands.LOW_LEVEL_CHANNEL_CONFIG_ACK:
            acks.append(ack)
        if len(acks) == wanted:
            return acks
        if ack is None:
            await asyncio.sleep(0.005)
    raise AssertionError(f"only {len(acks)} of {wanted} acknowledges")


def test_low_level_pulses_are_executed_and_acknowledged(twin: TwinProcess) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        low = device.get_layer_low_level()
        await low.init(sm.LowLevelMode.NO_MEASUREMENT, sm.LowLevelHighVoltageSource.STANDARD)
        for colour in (sm.Channel.RED, sm.Channel.WHITE):
            for connector in (sm.Connector.YELLOW, sm.Connector.GREEN):
                low.send_channel_config(True, colour, connector, points(20))
        low.send_channel_config(False, sm.Channel.BLUE, sm.Connector.GREEN, points(20))
        acks = await _pulse_acks(device, 5)
        assert [ack.result for ack in acks] == [sm.ResultAndError.NO_ERROR] * 5
        addresses = [(ack.channel, ack.connector) for ack in acks]
        assert addresses == [(0, 0), (0, 1), (3, 0), (3, 1), (1, 1)]
        await low.stop()

    use(twin, steps)
    ledger = twin.ledger()
    assert {number: total.pulses for number, total in ledger.channels.items()} == {
        1: 1, 4: 1, 5: 1, 8: 1,
    }  # fmt: skip
    assert ledger[1].charge_uc == pytest.approx(4.0)
    assert ledger[1].net_charge_uc == 0


def test_low_level_measurements_are_decoded(twin: TwinProcess) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        low = device.get_layer_low_level()
        await low.init(sm.LowLevelMode.STIM_CURRENT, sm.LowLevelHighVoltageSource.STANDARD)
        low.send_channel_config(True, sm.Channel.RED, sm.Connector.YELLOW, points(20))
        (ack,) = await _pulse_acks(device, 1)
        assert ack.mode == sm.LowLevelMode.STIM_CURRENT
        assert max(ack.measurement_samples) == 20.0
        await low.stop()

    use(twin, steps)


def test_mid_level_runs_while_current_data_is_asked_for(twin: TwinProcess) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        mid = device.get_layer_mid_level()
        await mid.init(True)
        await mid.update([channel(20), None, channel(10, 25, ramp=2)])
        # Until 3 s have passed on the device's clock: longer than it runs unattended.
        started = states(twin.rows()).count(3)
        assert started == 1
        origin = next(row["at_us"] for row in twin.rows() if row["kind"] == "output")
        beyond = asyncio.create_task(_clock_passes(twin, origin + 3_000_000))
        while not beyond.done():
            data = await mid.get_current_data()
            assert data.is_stimulation_active_per_channel[:3] == [True, False, True]
            assert set(data.channel_error) == {sm.ResultAndError.NO_ERROR}
            await asyncio.sleep(0.1)
        await mid.stop()

    use(twin, steps)
    assert not expired(twin.rows())
    ledger = twin.ledger()
    assert ledger[1].peak_ma == 20
    assert ledger[1].pulses >= 150
    assert ledger[3].pulses >= 120
    assert ledger[3].runs[0].peak_ua == 3_000  # first of two ramp pulses: 10 mA / 3 on the grid


async def _clock_passes(twin: TwinProcess, at_us: int) -> None:
    """Wait until the twin's clock has passed a time, by the machine's monotonic clock."""
    ledger = Ledger(twin.rows())
    while monotonic_ns() / 1000 < ledger.monotonic_us(at_us):
        await asyncio.sleep(0.05)


def test_mid_level_stops_2_s_after_the_last_word(twin: TwinProcess) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        mid = device.get_layer_mid_level()
        await mid.init(False)
        await mid.update([channel(20)])
        rows = twin.wait_for(expired)
        assert states(rows)[-1] == 2
        data = await mid.get_current_data()
        assert not any(data.is_stimulation_active_per_channel)
        status = await device.get_layer_general().get_stim_status()
        assert status.stim_status == sm.StimStatus.MID_LEVEL_INITIALIZED
        await mid.stop()

    use(twin, steps)
    ledger = twin.ledger()
    start = ledger[1].first_output_us
    assert start is not None
    assert ledger[1].pulses == 100
    assert ledger.last_output_us == start + 99 * 20_000 + 500


def test_the_wrong_level_is_refused_as_not_initialized(twin: TwinProcess) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        mid, low = device.get_layer_mid_level(), device.get_layer_low_level()
        with pytest.raises(ProtocolError, match="MidLevelUpdate NOT_INITIALIZED"):
            await mid.update([channel(20)])
        await low.init(sm.LowLevelMode.NO_MEASUREMENT, sm.LowLevelHighVoltageSource.STANDARD)
        with pytest.raises(ProtocolError, match="MidLevelInit NOT_INITIALIZED"):
            await mid.init(True)
        await low.stop()
        with pytest.raises(ProtocolError, match="LowLevelStop NOT_INITIALIZED"):
            await low.stop()
        await mid.init(True)
        with pytest.raises(ProtocolError, match="LowLevelInit NOT_INITIALIZED"):
            await low.init(sm.LowLevelMode.NO_MEASUREMENT, sm.LowLevelHighVoltageSource.STANDARD)
        await mid.stop()

    use(twin, steps)
    assert twin.ledger().channels == {}


def test_what_the_client_would_send_beyond_the_limits_is_refused(twin: TwinProcess) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        mid = device.get_layer_mid_level()
        await mid.init(True)
        for bad in (channel(131), channel(20, period_ms=0), channel(20, period_ms=16_384)):
            with pytest.raises(ProtocolError, match="MidLevelUpdate PARAMETER_ERROR"):
                await mid.update([bad])
        await mid.stop()

    use(twin, steps)
    assert twin.ledger().channels == {}


def test_a_second_connection_finds_and_stops_what_the_first_left_running(
    twin: TwinProcess,
) -> None:
    async def leave(device: sm.DeviceP24) -> None:
        await device.get_layer_mid_level().init(True)
        await device.get_layer_mid_level().update([channel(20)])

    async def find(device: sm.DeviceP24) -> None:
        status = await device.get_layer_general().get_stim_status()
        assert status.stim_status == sm.StimStatus.NO_LEVEL_INITIALIZED

    use(twin, leave)
    use(twin, find)
    assert states(twin.rows())[-1] == 0
    assert not twin.ledger().running


def test_an_electrode_error_is_seen_by_the_client(tmp_path: Path) -> None:
    async def steps(device: sm.DeviceP24) -> None:
        mid = device.get_layer_mid_level()
        await mid.init(False)
        await mid.update([channel(20), channel(10)])
        worn.wait_for(lambda rows: any(row.get("event") == "channel error" for row in rows))
        data = await mid.get_current_data()
        assert data.is_stimulation_active_per_channel[:2] == [False, True]
        assert data.channel_error[0] == sm.ResultAndError.ELECTRODE_ERROR
        assert data.channel_error[1] == sm.ResultAndError.NO_ERROR
        await mid.stop()

    with TwinProcess("--load", "open", record=tmp_path / "record.jsonl", device="p24") as worn:
        use(worn, steps)
