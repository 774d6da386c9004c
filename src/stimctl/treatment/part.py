"""What every part of a protocol file is: strict, frozen, and without unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

GRADE = r"^[ABCDX](/[ABCDX])?$"


class Part(BaseModel):
    """A part of a file: strict, frozen, and without keys that the schema does not know.

    Its validator is built when the first file is read: what reads none need not wait for it.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True
    )
