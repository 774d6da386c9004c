"""What is allowed: limits, envelopes, clearance, electrodes, body sites, screening."""

from stimctl.safety.bounds import Bound, Layer
from stimctl.safety.clearance import Headroom, ceiling_ua, clear, headroom
from stimctl.safety.cleared import Cleared, SetPoint, is_genuine
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.safety.electrodes import PREVIEW_ELECTRODE, Electrode
from stimctl.safety.envelope import Envelope, LayeredBounds, envelope_for
from stimctl.safety.examine import Notice
from stimctl.safety.layers import (
    bounds_from_environment,
    layer_bounds_from_mapping,
    person_ceiling,
    protocol_cap,
    session_ceiling,
)
from stimctl.safety.limits import LIMITS, Action, Limit, Profile
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Nearest, Refusal, RefusalKind
from stimctl.safety.sites import SITES, Site, site_named
from stimctl.safety.together import clear_together

__all__ = [
    "LIMITS",
    "PREVIEW_ELECTRODE",
    "SITES",
    "Action",
    "Bound",
    "Cleared",
    "DeviceBounds",
    "Electrode",
    "Envelope",
    "Headroom",
    "Layer",
    "LayeredBounds",
    "Limit",
    "Nearest",
    "Notice",
    "Profile",
    "Quantity",
    "Refusal",
    "RefusalKind",
    "SetPoint",
    "Site",
    "bounds_from_environment",
    "ceiling_ua",
    "clear",
    "clear_together",
    "envelope_for",
    "headroom",
    "is_genuine",
    "layer_bounds_from_mapping",
    "person_ceiling",
    "protocol_cap",
    "session_ceiling",
    "site_named",
]
