"""Frames of the ScienceMode 3 wire: byte for byte those of ScienceMode 4, with a smaller buffer.

Sources: the maker's "RehaMove3 ScienceMode Description and Protocol" 3.2.4 [DOC], whose examples
are reproduced byte for byte, and the maker's C library 3.2.4 [LIB].
"""

from __future__ import annotations

from stimctl.wire.sciencemode4.framing import GET_STIM_STATUS as GET_STIM_STATUS
from stimctl.wire.sciencemode4.framing import HIGHEST_COMMAND as HIGHEST_COMMAND
from stimctl.wire.sciencemode4.framing import HIGHEST_PACKET_NUMBER as HIGHEST_PACKET_NUMBER
from stimctl.wire.sciencemode4.framing import LL_STOP as LL_STOP
from stimctl.wire.sciencemode4.framing import LONGEST_FRAME as LONGEST_FRAME
from stimctl.wire.sciencemode4.framing import ML_STOP as ML_STOP
from stimctl.wire.sciencemode4.framing import FrameDecoder as FrameDecoder
from stimctl.wire.sciencemode4.framing import FrameError as FrameError
from stimctl.wire.sciencemode4.framing import RawFrame as RawFrame
from stimctl.wire.sciencemode4.framing import confirms_stop as confirms_stop
from stimctl.wire.sciencemode4.framing import encode_frame as encode_frame
from stimctl.wire.sciencemode4.framing import get_stim_status as get_stim_status
from stimctl.wire.sciencemode4.framing import (
    reports_nothing_initialized as reports_nothing_initialized,
)
from stimctl.wire.sciencemode4.framing import stop_frames as stop_frames

LONGEST_DEVICE_FRAME = 512
"""The library's buffer for ordinary packets; a driver keeps within it [LIB]."""
