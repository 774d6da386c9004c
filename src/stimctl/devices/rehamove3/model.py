"""What the encoder must know of a RehaMove3: its ScienceMode 3 messages, and its bounds."""

from __future__ import annotations

from collections.abc import Mapping

from stimctl.devices.p24.output import ChannelOutput, Model, points_of
from stimctl.devices.rehamove3 import sheet
from stimctl.wire.message import Message
from stimctl.wire.sciencemode3.messages import LlChannelConfig, MlChannel, MlUpdate, Point


def _points(output: ChannelOutput) -> tuple[Point, ...]:
    points = points_of(output, sheet.POINT_MAX_US)
    return tuple(Point(one.duration_us, one.current_ua) for one in points)


def _update(outputs: Mapping[int, ChannelOutput]) -> Message:
    return MlUpdate(
        tuple(
            MlChannel(channel - 1, output.period_us, _points(output))
            for channel, output in outputs.items()
        )
    )


def _pulse(channel: int, output: ChannelOutput) -> Message:
    return LlChannelConfig(True, channel - 1, _points(output))


REHAMOVE3 = Model(
    "a RehaMove3",
    sheet.REHAMOVE3_SHEET.bounds,
    sheet.FRAME_MAX_BYTES,
    lambda _period_us: sheet.PERIOD_STEP_US,
    _update,
    _pulse,
)
