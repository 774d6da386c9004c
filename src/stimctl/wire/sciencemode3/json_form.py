"""ScienceMode 3 messages as plain dictionaries, and back: currents in mA, times in us, periods
in ms, `packet_number` among the fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stimctl.errors import WireFormatError
from stimctl.wire.dissector import Json
from stimctl.wire.json_form import JsonForm
from stimctl.wire.json_values import Fields, milli
from stimctl.wire.message import represented
from stimctl.wire.sciencemode3.messages import (
    BY_COMMAND,
    GetDeviceIdAck,
    LlChannelConfig,
    LlInitAck,
    Message,
    MlChannel,
    MlGetCurrentDataAck,
    MlUpdate,
    Point,
)
from stimctl.wire.sciencemode3.messages_low import DEMUX_ID_BYTES
from stimctl.wire.sciencemode4.json_form import padded_text, version_from
from stimctl.wire.sciencemode4.messages_general import DEVICE_ID_BYTES


def _number(source: Fields, name: str) -> int:
    """Return a whole number that may be left out: 0."""
    return source.integer(name) if name in source else 0


def _points(points: tuple[Point, ...]) -> list[Json]:
    return [
        {
            "time_us": point.duration_us,
            "current_ma": milli(point.current_ua),
            "control_mode": point.control_mode,
            "interpolation": point.interpolation,
        }
        for point in points
    ]


def _points_from(source: Fields) -> tuple[Point, ...]:
    points = []
    for part in source.parts("points"):
        points.append(
            Point(
                part.integer("time_us"),
                part.thousandths("current_ma"),
                _number(part, "interpolation"),
                _number(part, "control_mode"),
            )
        )
        part.finish()
    return tuple(points)


def _counted(source: Fields, points: tuple[Point, ...]) -> None:
    """Refuse a number of points that is not the number of the points given."""
    if "number_of_points" in source:
        count = source.integer("number_of_points")
        if count != len(points):
            raise WireFormatError(
                f"number_of_points {count} does not fit the points",
                why=f"{len(points)} points are given",
            )


def _config(message: LlChannelConfig) -> Json:
    return {
        "enable_stimulation": message.enable_stimulation,
        "channel": message.channel,
        "modify_demux": message.modify_demux,
        "number_of_points": message.number_of_points,
        "points": _points(message.points),
    }


def _config_from(source: Fields) -> LlChannelConfig:
    enabled, channel = source.boolean("enable_stimulation"), source.integer("channel")
    points, demux = _points_from(source), _number(source, "modify_demux")
    announced = 0
    if enabled or points:
        _counted(source, points)
    elif "number_of_points" in source:
        less_one = represented(
            "number of points less one", source.integer("number_of_points") - 1, 15
        )
        announced = less_one + 1 if less_one else 0
    return LlChannelConfig(enabled, channel, points, announced, demux)


def _update(message: MlUpdate) -> Json:
    return {
        "softstart": message.softstart,
        "channels": [
            {
                "index": channel.index,
                "ramp": channel.ramp,
                "period_ms": milli(channel.period_us),
                "enable_demux": channel.enable_demux,
                "number_of_points": len(channel.points),
                "points": _points(channel.points),
            }
            for channel in message.channels
        ],
    }


def _update_from(source: Fields) -> MlUpdate:
    channels = []
    for part in source.parts("channels"):
        points = _points_from(part)
        _counted(part, points)
        channels.append(
            MlChannel(
                part.integer("index"),
                part.thousandths("period_ms"),
                points,
                _number(part, "ramp"),
                _number(part, "enable_demux"),
            )
        )
        part.finish()
    softstart = source.boolean("softstart") if "softstart" in source else False
    return MlUpdate(tuple(sorted(channels, key=lambda channel: channel.index)), softstart)


def _current_data(message: MlGetCurrentDataAck) -> Json:
    return {
        "result": message.result,
        "data_selection": message.data_selection,
        "stimulation_state": message.stimulation_state,
        "electrode_error": [int(error) for error in message.electrode_error],
    }


def _current_data_from(source: Fields) -> MlGetCurrentDataAck:
    return MlGetCurrentDataAck(
        source.integer("result"),
        source.integer("data_selection"),
        source.integer("stimulation_state"),
        tuple(map(bool, source.integers("electrode_error"))),
    )


def _init_ack(message: LlInitAck) -> Json:
    shown: Json = {"result": message.result}
    if message.demux_id:
        shown["demux_id"] = message.demux_text
    return shown


def _init_ack_from(source: Fields) -> LlInitAck:
    demux_id = padded_text(source, "demux_id", DEMUX_ID_BYTES) if "demux_id" in source else b""
    return LlInitAck(source.integer("result"), demux_id)


def _device_id(message: GetDeviceIdAck) -> Json:
    return {"result": message.result, "device_id": message.device_id}


def _device_id_from(source: Fields) -> GetDeviceIdAck:
    padded = padded_text(source, "device_id", DEVICE_ID_BYTES)
    return GetDeviceIdAck(source.integer("result"), padded)


_SHOWN: dict[type[Message], Callable[[Any], Json]] = {
    LlInitAck: _init_ack,
    LlChannelConfig: _config,
    MlUpdate: _update,
    MlGetCurrentDataAck: _current_data,
    GetDeviceIdAck: _device_id,
}
_READ: dict[type[Message], Callable[[Fields], Message]] = {
    LlInitAck: _init_ack_from,
    LlChannelConfig: _config_from,
    MlUpdate: _update_from,
    MlGetCurrentDataAck: _current_data_from,
    GetDeviceIdAck: _device_id_from,
}

FORM = JsonForm(BY_COMMAND, _SHOWN, _READ, {"Version": version_from})
