"""ScienceMode 4 as hex lines and JSON objects, for `stimctl wire`."""

from stimctl.wire.frame_lines import FrameLines
from stimctl.wire.sciencemode4.codec import CODEC
from stimctl.wire.sciencemode4.framing import FrameDecoder, encode_frame
from stimctl.wire.sciencemode4.json_form import FORM

DISSECTOR = FrameLines(FrameDecoder, encode_frame, CODEC, FORM, refused_is_error=True)
