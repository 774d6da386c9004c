"""A grid of ordinary and odd treatments: what `check` clears of it must be what comes out.

Points are drawn by a seed from axes of on, off, ramps, rates, bursts, widths, amplitudes, pads and
second channels; nothing is chosen to suit the engine. Each becomes a protocol file, as a user's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.devices.registry import family
from stimctl.errors import StimctlError
from stimctl.safety import Electrode
from stimctl.safety.intensity import ATTENDED
from stimctl.stimulus.level import CURRENT, PERCENT, Level
from stimctl.treatment.load import load_any, load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import AnyPlan, PercentPlan
