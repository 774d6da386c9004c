"""ScienceMode 4 messages as plain dictionaries, and back: mA, us and ms as in the manual.

Field names and units: currents in mA, times in us, periods in ms, whole numbers without a
decimal point, `packet_number` among the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stimctl.errors import WireFormatError
from stimctl.wire.dissector import Json
from stimctl.wire.json_form import JsonForm
from stimctl.wire.json_values import Fields, milli
from stimctl.wire.sciencemode4.messages import (
    BY_COMMAND,
    GetDeviceIdAck,
    LlChannelConfig,
    LlChannelConfigAck,
    Message,
    MlChannel,
    MlGetCurrentDataAck,
    MlUpdate,
    Point,
    SetPower,
    Version,
)
from stimctl.wire.sciencemode4.messages_general import DEVICE_ID_BYTES


def version_from(source: Fields, name: str) -> Version:
    """Return a version field such as "1.4.2"."""
    text = source.text(name)
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise WireFormatError(f"{name} {text!r} is not a version", what_to_do='write "1.4.2"')
    major, minor, revision = (int(part) if len(part) < 4 else 256 for part in parts)
    return Version(major, minor, revision)


def _points(points: tuple[Point, ...]) -> list[Json]:
    return [
        {"time_us": time_us, "current_ma": milli(current_ua), "interpolation": interpolation}
        for time_us, current_ua, interpolation in points
    ]


def _points_from(source: Fields) -> tuple[Point, ...]:
    points = []
    for part in source.parts("points"):
        interpolation = part.integer("interpolation") if "interpolation" in part else 0
        points.append(Point(part.integer("time_us"), part.thousandths("current_ma"), interpolation))
        part.finish()
    return tuple(points)


def _config(message: LlChannelConfig) -> Json:
    shown: Json = {
        "enable_stimulation": message.enable_stimulation,
        "channel": message.channel,
        "connector": message.connector,
        "points": _points(message.points),
    }
    if message.announced_points:
        shown["number_of_points"] = message.announced_points
    return shown


def _config_from(source: Fields) -> LlChannelConfig:
    enabled = source.boolean("enable_stimulation")
    counted = not enabled and "number_of_points" in source
    return LlChannelConfig(
        enabled,
        source.integer("channel"),
        source.integer("connector"),
        _points_from(source),
        source.integer("number_of_points") if counted else 0,
    )


def _config_ack(message: LlChannelConfigAck) -> Json:
    shown: Json = {
        "result": message.result,
        "channel": message.channel,
        "connector": message.connector,
        "measurement": message.measurement,
    }
    if message.measurement:
        shown["sampling_time_us"] = message.sampling_time_us
        shown["samples"] = list(message.samples)
    return shown


def _config_ack_from(source: Fields) -> LlChannelConfigAck:
    measurement = source.integer("measurement")
    return LlChannelConfigAck(
        source.integer("result"),
        source.integer("channel"),
        source.integer("connector"),
        measurement,
        source.integer("sampling_time_us") if measurement else 0,
        source.integers("samples") if measurement else (),
    )


def _update(message: MlUpdate) -> Json:
    return {
        "channels": [
            {
                "index": channel.index,
                "ramp": channel.ramp,
                "period_ms": milli(channel.period_us),
                "double_accuracy": channel.double_accuracy,
                "points": _points(channel.points),
            }
            for channel in message.channels
        ]
    }


def _update_from(source: Fields) -> MlUpdate:
    channels = []
    for part in source.parts("channels"):
        channels.append(
            MlChannel(
                part.integer("index"),
                part.thousandths("period_ms"),
                _points_from(part),
                part.integer("ramp") if "ramp" in part else 0,
                part.boolean("double_accuracy") if "double_accuracy" in part else False,
            )
        )
        part.finish()
    return MlUpdate(tuple(sorted(channels, key=lambda channel: channel.index)))


def _current_data(message: MlGetCurrentDataAck) -> Json:
    shown: Json = {"result": message.result, "data_selection": message.data_selection}
    if message.active:
        shown["active"] = list(message.active)
        shown["channel_state"] = list(message.channel_state)
    if message.electrode_error:
        shown["stimulation_state"] = message.stimulation_state
        shown["electrode_error"] = [int(error) for error in message.electrode_error]
    return shown


def _current_data_from(source: Fields) -> MlGetCurrentDataAck:
    result, selection = source.integer("result"), source.integer("data_selection")
    if selection == 4:
        active = tuple(map(bool, source.integers("active")))
        return MlGetCurrentDataAck(result, selection, active, source.integers("channel_state"))
    if selection in (2, 3):
        state = source.integer("stimulation_state")
        errors = tuple(map(bool, source.integers("electrode_error")))
        return MlGetCurrentDataAck(result, selection, (), (), state, errors)
    return MlGetCurrentDataAck(result, selection)


def _device_id(message: GetDeviceIdAck) -> Json:
    return {"result": message.result, "device_id": message.device_id}


def padded_text(source: Fields, name: str, count: int) -> bytes:
    """Return a text field as `count` bytes of ASCII, padded with NUL."""
    text = source.text(name)
    if not text.isascii() or len(text) > count:
        raise WireFormatError(
            f"{name} {text!r} cannot be written", why=f"the wire holds {count} ASCII characters"
        )
    return text.encode("ascii").ljust(count, b"\x00")


def _device_id_from(source: Fields) -> GetDeviceIdAck:
    padded = padded_text(source, "device_id", DEVICE_ID_BYTES)
    return GetDeviceIdAck(source.integer("result"), padded)


def _power(message: SetPower) -> Json:
    return {"modules": list(message.modules)}


def _power_from(source: Fields) -> SetPower:
    return SetPower(tuple(sorted(set(source.integers("modules")))))


_SHOWN: dict[type[Message], Callable[[Any], Json]] = {
    LlChannelConfig: _config,
    LlChannelConfigAck: _config_ack,
    MlUpdate: _update,
    MlGetCurrentDataAck: _current_data,
    GetDeviceIdAck: _device_id,
    SetPower: _power,
}
_READ: dict[type[Message], Callable[[Fields], Message]] = {
    LlChannelConfig: _config_from,
    LlChannelConfigAck: _config_ack_from,
    MlUpdate: _update_from,
    MlGetCurrentDataAck: _current_data_from,
    GetDeviceIdAck: _device_id_from,
    SetPower: _power_from,
}

FORM = JsonForm(BY_COMMAND, _SHOWN, _READ, {"Version": version_from})
