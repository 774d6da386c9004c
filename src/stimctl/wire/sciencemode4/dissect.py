"""ScienceMode 4 as hex lines and JSON objects, for `stimctl wire`."""

from stimctl.wire.frame_lines import FrameLines
from stimctl.wire.not_compared import MEASURED, NAMES_FIRMWARE, OF_GENERAL_LAYER, NotCompared
from stimctl.wire.sciencemode4.codec import CODEC
from stimctl.wire.sciencemode4.framing import FrameDecoder, encode_frame
from stimctl.wire.sciencemode4.json_form import FORM

_NOT_COMPARED = (
    *OF_GENERAL_LAYER,
    NotCompared("get_extended_version_ack", "fw", NAMES_FIRMWARE),
    NotCompared("get_extended_version_ack", "fw_hash", NAMES_FIRMWARE),
    NotCompared("get_extended_version_ack", "hash_type", NAMES_FIRMWARE),
    NotCompared("get_extended_version_ack", "hash_valid", NAMES_FIRMWARE),
    NotCompared("ll_channel_config_ack", "samples", MEASURED),
)
DISSECTOR = FrameLines(
    FrameDecoder,
    encode_frame,
    CODEC,
    FORM,
    refused_is_error=True,
    not_compared=_NOT_COMPARED,
)
