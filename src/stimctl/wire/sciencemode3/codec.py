"""ScienceMode 3 messages to frames and back, with the validity that the device would check.

The checks are those of the maker's library [LIB, executed]. They let pass what the device does not
give (up to 150 mA) and what is reserved: a driver keeps stricter bounds of its own.
"""

from __future__ import annotations

from stimctl.wire.codec import Codec
from stimctl.wire.codec import Decoded as Decoded
from stimctl.wire.codec import problems as problems
from stimctl.wire.sciencemode3.framing import encode_frame
from stimctl.wire.sciencemode3.messages import BY_COMMAND

CODEC = Codec(BY_COMMAND, encode_frame)
encode = CODEC.encode
decode = CODEC.decode
