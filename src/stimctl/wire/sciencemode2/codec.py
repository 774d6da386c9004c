"""ScienceMode 2 messages to frames and back, with the validity that the device would check.

Nothing is rounded: a value between two wire steps is refused, also with `truncate`.
"""

from __future__ import annotations

from stimctl.wire.codec import Codec
from stimctl.wire.codec import Decoded as Decoded
from stimctl.wire.codec import problems as problems
from stimctl.wire.sciencemode2.framing import encode_frame
from stimctl.wire.sciencemode2.messages import BY_COMMAND

CODEC = Codec(BY_COMMAND, encode_frame)
encode = CODEC.encode
decode = CODEC.decode
