"""The four characters that tie a run on hardware to the rehearsal of exactly the same thing."""

import hashlib

from stimctl.treatment.program import AnyPlan
from stimctl.version import __version__, code_digest

LENGTH = 4


def confirmation_of(plan: AnyPlan) -> str:
    """First characters of a SHA-256 over everything that decides what a run does.

    The plan's digest covers the protocol, the device's sheet, the limits in force, the channels
    with their electrodes and amplitudes, and the duration; the version and the digest of the
    installed code stand for engine, driver and twin. A typing error is found with a probability of
    65535/65536; it is no secret.
    """
    content = f"stimctl {__version__} {code_digest()} {plan.sheet.family} {plan.digest()}"
    return hashlib.sha256(content.encode("utf-8")).hexdigest()[:LENGTH]
