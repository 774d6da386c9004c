"""What the gate must know of a RehaMove3: ScienceMode 3 messages of forms, and its bounds."""

from __future__ import annotations

from collections.abc import Mapping

from stimctl.devices.p24.gate import Form, Model, points_of
from stimctl.devices.rehamove3 import sheet
from stimctl.wire.message import Message
from stimctl.wire.sciencemode3.messages import LlChannelConfig, MlChannel, MlUpdate, Point


def _points(form: Form) -> tuple[Point, ...]:
    return tuple(Point(one.duration_us, one.current_ua) for one in points_of(form))


def _update(forms: Mapping[int, Form]) -> Message:
    return MlUpdate(
        tuple(
            MlChannel(channel - 1, form.period_us, _points(form)) for channel, form in forms.items()
        )
    )


def _pulse(channel: int, form: Form) -> Message:
    return LlChannelConfig(True, channel - 1, _points(form))


REHAMOVE3 = Model(
    "a RehaMove3",
    sheet.REHAMOVE3_SHEET.bounds,
    sheet.FRAME_MAX_BYTES,
    lambda _period_us: sheet.PERIOD_STEP_US,
    _update,
    _pulse,
)
