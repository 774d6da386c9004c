"""What a protocol file says of itself: why it is locked, and what it was made from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stimctl.treatment.fields import MarkedText, Name, Sha256, Text, Version
from stimctl.treatment.part import Part


class Lock(Part):
    """Why hardware refuses the protocol until somebody named here has approved it."""

    reason: MarkedText = Field(description="Why it is locked, with a certainty mark.")
    needs: Annotated[tuple[Text, ...], Field(min_length=1, max_length=10)] = Field(
        description="What must be true before it is unlocked."
    )
    unlocked_by: Text = Field(description="Who may approve it.")


class Parent(Part):
    """The protocol that this one was made from."""

    id: Name
    version: Version
    sha256: Sha256 = Field(description="Of the parent's file.")
