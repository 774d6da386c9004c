"""The signature of a session's record, as far as an export keeps it: the public half only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signature:
    """What a check said of the station's signature when the export was made, and who can check it
    again: the public half of the key, and its fingerprint."""

    says: str
    public_key: str
    fingerprint: str
