"""What is allowed: limits, envelopes, clearance, electrodes, body sites, screening."""

from stimctl.safety.bounds import Bound, Layer
from stimctl.safety.clearance import Headroom, ceiling_ua, clear, headroom
from stimctl.safety.cleared import Cleared, SetPoint
from stimctl.safety.delivered import Delivered, limits_exceeded
from stimctl.safety.device_bounds import DeviceBounds, PercentBounds
from stimctl.safety.electrodes import PREVIEW_ELECTRODE, Electrode
from stimctl.safety.envelope import Envelope, LayeredBounds, envelope_for
from stimctl.safety.examine import Notice
from stimctl.safety.intensity import ClearedIntensity, IntensityPoint, clear_intensity
from stimctl.safety.joint_clearance import clear_together
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
from stimctl.safety.screening import CONDITIONS, QUESTIONS, Finding, Level, Screening, screen
from stimctl.safety.sealed import Clearance, OutputPoint, is_genuine
from stimctl.safety.sites import SITES, Site, pad_sites, site_named

__all__ = [
    "CONDITIONS",
    "LIMITS",
    "PREVIEW_ELECTRODE",
    "QUESTIONS",
    "SITES",
    "Action",
    "Bound",
    "Clearance",
    "Cleared",
    "ClearedIntensity",
    "Delivered",
    "DeviceBounds",
    "Electrode",
    "Envelope",
    "Finding",
    "Headroom",
    "IntensityPoint",
    "Layer",
    "LayeredBounds",
    "Level",
    "Limit",
    "Nearest",
    "Notice",
    "OutputPoint",
    "PercentBounds",
    "Profile",
    "Quantity",
    "Refusal",
    "RefusalKind",
    "Screening",
    "SetPoint",
    "Site",
    "bounds_from_environment",
    "ceiling_ua",
    "clear",
    "clear_intensity",
    "clear_together",
    "envelope_for",
    "headroom",
    "is_genuine",
    "layer_bounds_from_mapping",
    "limits_exceeded",
    "pad_sites",
    "person_ceiling",
    "protocol_cap",
    "screen",
    "session_ceiling",
    "site_named",
]
