"""ScienceMode 2 as hex lines and JSON objects, for `stimctl wire`."""

from stimctl.wire.frame_lines import FrameLines
from stimctl.wire.not_compared import Repeated
from stimctl.wire.sciencemode2.codec import CODEC
from stimctl.wire.sciencemode2.framing import FrameDecoder, encode_frame
from stimctl.wire.sciencemode2.json_form import FORM

# A device that no host has accepted yet says `init` twice a second [DOC].
DISSECTOR = FrameLines(
    FrameDecoder,
    encode_frame,
    CODEC,
    FORM,
    repeated=Repeated("init", 500_000_000),
)
