"""ScienceMode 4 messages to frames and back, with the validity that the device would check.

The checks are those of the maker's library [LIB] and the closed value lists of the manual [IFU].
A current or period between two wire steps is refused, or with `truncate` cut down as the maker's
library does it, which can make a current more negative and a period shorter.
"""

from __future__ import annotations

from stimctl.wire.codec import Codec
from stimctl.wire.codec import Decoded as Decoded
from stimctl.wire.codec import problems as problems
from stimctl.wire.sciencemode4.framing import LONGEST_DEVICE_FRAME as LONGEST_DEVICE_FRAME
from stimctl.wire.sciencemode4.framing import encode_frame
from stimctl.wire.sciencemode4.messages import BY_COMMAND

CODEC = Codec(BY_COMMAND, encode_frame)
encode = CODEC.encode
decode = CODEC.decode

_WIDEST_PACKET_NUMBER = 60  # its prefix byte is 0xF0 and needs an escape


def wire_length(message: Decoded) -> int:
    """Return the stuffed length in bytes of the frame for the packet number that needs most.

    A driver keeps this within LONGEST_DEVICE_FRAME. Raises WireFormatError as `pack` does.
    """
    return len(encode_frame(_WIDEST_PACKET_NUMBER, message.command, message.pack()))
