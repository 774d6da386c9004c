"""Answers that ScienceMode 3 shares with ScienceMode 4: only the list of results is shorter."""

from __future__ import annotations

from typing import ClassVar

from stimctl.wire.sciencemode3.values import HIGHEST_RESULT
from stimctl.wire.sciencemode4 import messages as sm4


class _Answer:
    """What is different: a result above 27 is none of this wire."""

    __slots__ = ()
    highest_result: ClassVar[int] = HIGHEST_RESULT


class LlStopAck(_Answer, sm4.LlStopAck):
    """Answer to Ll_stop, about 40 ms later."""

    __slots__ = ()


class MlInitAck(_Answer, sm4.MlInitAck):
    """Answer to Ml_init, about 80 ms later."""

    __slots__ = ()


class MlUpdateAck(_Answer, sm4.MlUpdateAck):
    """Answer to Ml_update: accepted or not."""

    __slots__ = ()


class MlStopAck(_Answer, sm4.MlStopAck):
    """Answer to Ml_stop, about 40 ms later."""

    __slots__ = ()


class ResetAck(_Answer, sm4.ResetAck):
    """Answer to Reset: "currently not send" [DOC]."""

    __slots__ = ()


class GeneralError(_Answer, sm4.GeneralError):
    """The one message that comes unasked."""

    __slots__ = ()


class UnknownCmd(_Answer, sm4.UnknownCmd):
    """Answer to a command the device does not know: result 11, and only the packet number."""

    __slots__ = ()


class GetVersionMainAck(_Answer, sm4.GetVersionMainAck):
    """The main controller's version and that of the protocol."""

    __slots__ = ()


class GetVersionStimAck(_Answer, sm4.GetVersionStimAck):
    """The stimulation controller's version and that of the protocol."""

    __slots__ = ()


class GetDeviceIdAck(_Answer, sm4.GetDeviceIdAck):
    """The serial number: nine characters and a NUL on a real device."""

    __slots__ = ()


class GetBatteryStatusAck(_Answer, sm4.GetBatteryStatusAck):
    """Battery level in percent and voltage in millivolt (8220 mV at 100 % on a real device)."""

    __slots__ = ()


class GetStimStatusAck(_Answer, sm4.GetStimStatusAck):
    """What is initialized, and the high voltage; the level that Ll_init asked for is reported."""

    __slots__ = ()


class GetMainStatusAck(_Answer, sm4.GetMainStatusAck):
    """The main controller's state: 0 uninitialised, 1, 2 data measurement (library only)."""

    __slots__ = ()
