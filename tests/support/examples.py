"""How many examples a property is tried with."""

from __future__ import annotations

from hypothesis import settings

_DEFAULT = 100


def examples(count: int) -> int:
    """All of them in `make soak`; the share of the profile "fixed" in `make test`."""
    profile = settings.default
    assert profile is not None
    return max(1, count * profile.max_examples // _DEFAULT)
