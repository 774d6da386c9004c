"""The second identifier of a person, four digits: kept as a verifier, never as digits.

Ten thousand PINs are tried in no time. A verifier keeps one from being read at a glance, and not
from somebody who has the file and means to find it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

SALT_BYTES: Final = 8
_METHOD: Final = "pbkdf2-sha256"
_ROUNDS: Final = 1_000  # a screen asks several times a second; more would hide nothing


def verifier_of(pin: str, salt: bytes) -> str:
    """What is kept of a PIN."""
    return f"{_METHOD}:{salt.hex()}:{_digest(pin, salt)}"


def kept_pin(second: str, salt: bytes) -> str:
    """A verifier in the place of digits; a verifier, and nothing, as they are."""
    return verifier_of(second, salt) if second and not is_verifier(second) else second


def is_verifier(kept: str) -> bool:
    """False for plain digits, as older programs kept them."""
    return kept.startswith(f"{_METHOD}:")


def pin_fits(pin: str, kept: str) -> bool:
    """Whether this is the PIN that is kept, as a verifier or as digits."""
    if not is_verifier(kept):
        return hmac.compare_digest(pin.encode(), kept.encode())
    _, salt, digest = kept.split(":")
    return hmac.compare_digest(_digest(pin, bytes.fromhex(salt)), digest)


def _digest(pin: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, _ROUNDS, 16).hex()
