"""Which channels are raised and lowered together (rule A10), and by how much each of them."""

from collections.abc import Iterable, Mapping

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session.plateaus import Plateau
from stimctl.session.reasons import Reason


class Links:
    """The groups of linked channels of one plan. A link moves no ceiling and raises nothing."""

    def __init__(self, channels: Iterable[int]) -> None:
        self._channels = frozenset(channels)
        self._groups: tuple[tuple[int, ...], ...] = ()

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The groups, each with its channels in order."""
        return self._groups

    def link(self, channels: tuple[int, ...]) -> None:
        """Make one more group. StateError (nothing changed) where the channels cannot be one."""
        reason = self._reason_against(channels)
        if reason is not None:
            raise StateError(
                "link refused",
                code=reason.code,
                why=reason.text,
                what_to_do="name two or more channels of the plan that are not linked yet",
            )
        self._groups = (*self._groups, tuple(sorted(channels)))

    def _reason_against(self, channels: tuple[int, ...]) -> Reason | None:
        if len(channels) < 2 or len(set(channels)) != len(channels):
            return Reason(Code.LINK_TOO_SHORT, "a link needs two or more different channels")
        for channel in channels:
            if channel not in self._channels:
                return Reason(Code.NOT_IN_PLAN, f"the plan does not use channel {channel}")
            if len(self.with_channel(channel)) > 1:
                return Reason(
                    Code.LINKED_ALREADY, f"channel {channel} is linked already: unlink first"
                )
        return None

    def unlink(self) -> None:
        """Every channel on its own."""
        self._groups = ()

    def with_channel(self, channel: int) -> tuple[int, ...]:
        """The channel itself first, then those that go along with it."""
        for group in self._groups:
            if channel in group:
                return (channel, *(one for one in group if one != channel))
        return (channel,)


def raised_together(
    plateaus: Mapping[int, Plateau], channels: tuple[int, ...], plateau: int
) -> list[tuple[Plateau, int]]:
    """What a raise of the first channel to `plateau` asks for: the others by as many steps."""
    named, *others = (plateaus[channel] for channel in channels)
    steps = -(-max(0, plateau - named.following) // named.step)
    return [(named, plateau), *((one, one.following + steps * one.step) for one in others)]


def lowered_together(
    plateaus: Mapping[int, Plateau], channels: tuple[int, ...], plateau: int
) -> list[tuple[Plateau, int]]:
    """What a lowering of the first channel asks for: the others by as many steps, to 0 with it."""
    named, *others = (plateaus[channel] for channel in channels)
    down = max(0, named.now - plateau)
    steps = -(-down // named.step)
    return [
        (named, plateau),
        *((one, 0 if plateau <= 0 else one.now - steps * one.step) for one in others),
    ]
