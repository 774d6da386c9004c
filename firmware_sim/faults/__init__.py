"""What can go wrong with a device and the line to it, as data, and a twin that has it.

Fault(name, at_us, parameters) says what; SPECS says what there is; FaultyTwin makes it happen.
"""

from .faulty import FaultyTwin
from .model import BOTH, TO_DEVICE, TO_HOST, Fault, FaultError, Place, Spec, parse_fault
from .registry import SPECS, applicable, checked, listing, on_bench, spec_of, usable

__all__ = [
    "BOTH",
    "SPECS",
    "TO_DEVICE",
    "TO_HOST",
    "Fault",
    "FaultError",
    "FaultyTwin",
    "Place",
    "Spec",
    "applicable",
    "checked",
    "listing",
    "on_bench",
    "parse_fault",
    "spec_of",
    "usable",
]
