"""Which role of a file each device channel takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from stimctl.errors import UsageError
from stimctl.treatment.schema import Role

_Role = TypeVar("_Role", bound=Role)


def roles_for(name: str, roles: Sequence[_Role], numbers: Sequence[int]) -> list[_Role]:
    """The roles of a file for these channels, in their order. UsageError where they do not fit."""
    if not numbers:
        raise UsageError(
            f"no channel is set up for {name}",
            what_to_do="give an amplitude and an electrode area for one channel at least",
        )
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise UsageError(f"channel {twice[0]} is set up twice")
    if len(roles) == 1:
        return [roles[0]] * len(numbers)
    if len(roles) != len(numbers):
        listed = ", ".join(channel.role for channel in roles)
        raise UsageError(
            f"{name} has {len(roles)} roles and {len(numbers)} channels are set up",
            what_to_do=f"set up one channel for each, in this order: {listed}",
        )
    return list(roles)
