"""The device families for those who speak to the supervisor only."""

from stimctl.devices.registry import Family as Family
from stimctl.devices.registry import family as family_named

__all__ = ["Family", "family_named"]
