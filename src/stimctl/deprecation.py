"""What will go and what has gone, in one table, each with what to use instead.

docs/reference/versions.md lists it and says how long a deprecated thing stays. A call of the Python
API warns with `warn`; a verb or an option says `entry(name).warning()` on stderr.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from stimctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One thing that is replaced: a verb, an option, a call, a field, a variable."""

    name: str
    instead: str
    since: str
    """The first release that warns."""
    gone: str
    """The first release without it."""

    def warning(self) -> str:
        """What is told where it is used and still works."""
        return (
            f"{self.name} is deprecated since {self.since} and goes in {self.gone}: {self.instead}"
        )

    def refusal(self) -> str:
        """What is told where it is used and has gone."""
        return f"{self.name} has gone: {self.instead}"


TABLE = (
    Deprecation(
        "`stimctl gate`",
        "use `stimctl run --manual` with the same options, and `stimctl rehearse` for --rehearse",
        since="0.2.0",
        gone="0.2.0",
    ),
    Deprecation(
        "the pytest mark `twin`",
        "write `stimctl_twin`",
        since="0.2.0",
        gone="0.3.0",
    ),
    Deprecation(
        "the pytest fixtures `device_twin` and `virtual_bench`",
        "use `stimulator_twin` and `stimctl_bench`",
        since="0.2.0",
        gone="0.2.0",
    ),
)


def entry(name: str) -> Deprecation:
    """The row of the table; KeyError where there is none."""
    return {one.name: one for one in TABLE}[name]


def warn(name: str, *, caller: int = 1) -> None:
    """Warn a program that uses what will go; `caller` counts the calls from here to the program."""
    warnings.warn(entry(name).warning(), DeprecationWarning, stacklevel=caller + 2)


def refuse(name: str) -> None:
    """Raise UsageError: what was asked for has gone."""
    raise UsageError(entry(name).refusal())
