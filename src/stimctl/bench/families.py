"""Which device families can be rehearsed here: their twins, and drivers for them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.twin import LocalTwin
from stimctl.devices.driver import DeviceDriver
from stimctl.devices.registry import family
from stimctl.errors import UsageError

TWINS: Mapping[str, Callable[[int], LocalTwin]] = MappingProxyType(
    {
        "p24": P24Twin,
        "rehastim2": RehaStim2Twin,
        # Nothing about it is by chance, so it has no seed.
        "openemsstim": lambda _seed: OpenEmsStimTwin(),
    }
)


def twin_of(name: str, seed: int = 0) -> LocalTwin:
    """A twin of a device family; UsageError where there is none."""
    make = TWINS.get(name)
    if make is None:
        raise UsageError(
            f"no rehearsal for {name}",
            why="it has no twin here",
            what_to_do=f"rehearse on {', '.join(TWINS)}",
        )
    return make(seed)


def driver_of(name: str) -> DeviceDriver:
    """A new driver of a device family."""
    return family(name).new_driver()
