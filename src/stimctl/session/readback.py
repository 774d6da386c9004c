"""What a device says it is doing against what it was told (H08, H16), channel by channel."""

from collections.abc import Iterable, Mapping

from stimctl.devices.events import ChannelSet
from stimctl.session.alarms import Condition

Allowed = Mapping[int, tuple[ChannelSet, ...]]
"""By channel, everything that may be in force: what is acknowledged, and what is on its way."""


def judge(found: Iterable[ChannelSet], allowed: Allowed) -> Condition | None:
    """The worst that a read-back shows; None where everything is as it was told.

    A channel at 0 uA counts as off. A device that is off where it should be on is no less wrong
    than the reverse, but less dangerous: somebody has changed it.
    """
    conditions = {_judge_one(one, allowed.get(one.channel, ())) for one in found}
    driven = {one.channel for one in found if one.level}
    if any(may and one not in driven and _must_be_on(may) for one, may in allowed.items()):
        conditions.add(Condition.READ_BACK_DIFFERS)
    for condition in _WORST_FIRST:
        if condition in conditions:
            return condition
    return None


_WORST_FIRST = (
    Condition.CURRENT_AT_ZERO,
    Condition.READ_BACK_HIGHER,
    Condition.READ_BACK_DIFFERS,
)


def _must_be_on(may: tuple[ChannelSet, ...]) -> bool:
    return all(one.level > 0 for one in may)


def _judge_one(found: ChannelSet, may: tuple[ChannelSet, ...]) -> Condition | None:
    if found.level == 0:
        return None
    if not any(one.level for one in may):
        return Condition.CURRENT_AT_ZERO
    if (
        found.level > max(one.level for one in may)
        or found.phase_width_us > max(one.phase_width_us for one in may)
        or found.period_us < min(one.period_us for one in may)
    ):
        return Condition.READ_BACK_HIGHER
    for one in may:
        same = (one.level, one.phase_width_us, one.period_us)
        if same == (found.level, found.phase_width_us, found.period_us):
            return None
    return Condition.READ_BACK_DIFFERS
