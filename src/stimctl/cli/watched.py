"""Somebody has to be able to see a session on a device: what the multiplexers around us say."""

from __future__ import annotations

import os

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.multiplexer import Multiplexers, multiplexers_of


def need_somebody() -> Multiplexers | None:
    """Those that we are in, or None. Raises `StateError` where nobody is known to be attached."""
    between = multiplexers_of(os.environ)
    if between is None:
        return None
    between.look()
    if between.refusal:
        what, _, to_do = between.refusal.partition(": ")
        raise StateError(
            what,
            code=Code.NOBODY_ATTACHED,
            what_to_do=to_do or "attach to it, and start again there",
        )
    return between
