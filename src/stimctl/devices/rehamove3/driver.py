"""The RehaMove3 driver: that of the P24, with what ScienceMode 3 says otherwise.

Trains run on the mid level, single pulses on the low level. Its reset is never used: it takes up
to 15 s, in which nothing is known.
"""

from __future__ import annotations

from stimctl.devices.p24.driver import ScienceModeDriver
from stimctl.devices.rehamove3.accepted import REHAMOVE3_DIALECT


class RehaMove3Driver(ScienceModeDriver):
    """One RehaMove3 on one line."""

    __slots__ = ()
    dialect = REHAMOVE3_DIALECT
