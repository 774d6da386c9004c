"""What the stop path says to a RehaMove3: byte for byte what it says to a P24."""

from __future__ import annotations

from stimctl.devices.p24.stop import P24StopSequence as RehaMove3StopSequence

__all__ = ["RehaMove3StopSequence"]
