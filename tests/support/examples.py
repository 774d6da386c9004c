"""How many examples a property is tried with."""

from __future__ import annotations

from hypothesis import settings

_DEFAULT = 100


def examples(count: int) -> int:
    """All of them in `make soak`; the share of the profile "fixed" in `make test`."""
    return max(1, count * settings.default.max_examples // _DEFAULT)
