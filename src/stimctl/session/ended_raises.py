"""Which raises are over: the channel was lowered, stopped or linked after their decision."""

from collections.abc import Iterable

from stimctl.session.reasons import Reason


class EndedRaises:
    """By channel, the event that ended every raise decided before it, and why."""

    def __init__(self) -> None:
        self._ended: dict[int, tuple[int, Reason]] = {}

    def end(self, channels: Iterable[int], event: int, why: Reason) -> None:
        """Every raise of these channels that was decided before this event is over."""
        self._ended |= dict.fromkeys(channels, (event, why))

    def why_over(self, channels: Iterable[int], since: int | None) -> Reason | None:
        """Why a raise decided after event `since` may not go on; None where it may."""
        if since is None:
            return None
        ended = [self._ended[one] for one in channels if one in self._ended]
        why = max((one for one in ended if since < one[0]), default=None, key=lambda one: one[0])
        return None if why is None else why[1].and_(". This raise was decided before that")
