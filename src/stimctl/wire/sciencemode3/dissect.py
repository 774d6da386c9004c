"""ScienceMode 3 as hex lines and JSON objects, for `stimctl wire`."""

from stimctl.wire.frame_lines import FrameLines
from stimctl.wire.not_compared import OF_GENERAL_LAYER
from stimctl.wire.sciencemode3.codec import CODEC
from stimctl.wire.sciencemode3.framing import FrameDecoder, encode_frame
from stimctl.wire.sciencemode3.json_form import FORM

DISSECTOR = FrameLines(
    FrameDecoder,
    encode_frame,
    CODEC,
    FORM,
    refused_is_error=True,
    not_compared=OF_GENERAL_LAYER,
)
