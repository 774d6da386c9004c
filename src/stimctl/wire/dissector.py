"""What a wire protocol offers to `stimctl wire decode|encode`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from stimctl.wire.not_compared import NotCompared, Repeated

if TYPE_CHECKING:
    from stimctl.wire.frame_reader import FrameReader

Json = dict[str, Any]


class Encoded(NamedTuple):
    """Bytes as hex digits, and what was changed on the way to the wire's grid."""

    hex: str
    notes: tuple[str, ...] = ()


class Dissector(Protocol):
    """Bytes of one direction to an object with `frames` and `errors`, and one frame back."""

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """What only the device can know of what it says."""

    @property
    def repeated(self) -> Repeated | None:
        """What a device says of itself until a host accepts it, where it does so."""

    def decode(self, data: bytes) -> Json:
        """Return what the bytes say. Never raises."""

    def encode(self, row: Mapping[str, Any], *, invalid: bool) -> Encoded:
        """Return the bytes of one frame; raises WireFormatError."""

    def device_reader(self) -> FrameReader:
        """Return a reader for what a device says, piece by piece."""
