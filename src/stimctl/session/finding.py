"""Find each channel at threshold before the next one rises, so that swapped leads are found (H64).

An option of a session. The person says where a channel is felt, the operator names that site, and
it is compared with the site of the plan. Where they differ, the leads may be swapped.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.safety.sites import pad_sites
from stimctl.session.config import EngineConfig
from stimctl.session.reasons import Reason
from stimctl.treatment.program import AnyPlan

ELSEWHERE: Final = "elsewhere"
"""In place of a site: it is felt at a place that has no name here."""

MEND_FIRST: Final = (
    "look at the leads, then tell leads-checked; or load a plan with the right sites"
)

Sites = Mapping[int, str]


def sites_of(plan: AnyPlan) -> dict[int, str]:
    """By channel, where the pads of a plan are; "" where it does not say."""
    return {one.channel: one.setup.electrode.site or "" for one in plan.channels}


def check_finding(plan: AnyPlan, config: EngineConfig) -> None:
    """StateError where the channels of this session are to be found, and cannot be."""
    if not config.find_channels:
        return
    what = "channels cannot be found one by one"
    if config.scripted_raise:
        raise StateError(
            what,
            code=Code.FINDING_SCRIPTED,
            why="a script raises them, and asks nobody where they are felt",
            what_to_do="leave find-channels out, or raise by hand",
        )
    without = [str(channel) for channel, site in sites_of(plan).items() if not site]
    if without:
        raise StateError(
            what,
            code=Code.FINDING_NEEDS_SITES,
            why=f"the plan has no site for channel {', '.join(without)}",
            what_to_do="give a site for each channel",
        )


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A channel was felt at another site than that of the plan. `sites`: those of the plan."""

    channel: int
    reason: Reason
    sites: Sites


class Finding:
    """Which channels of a run are found. Without sites nothing is to be found."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites
        self._open: set[int] = set(sites)
        self._felt: dict[int, int] = {}

    def begin(self) -> None:
        """Everything begins at zero: each channel has to be found, or found again."""
        self._open = set(self.sites)
        self._felt.clear()

    @property
    def open(self) -> tuple[int, ...]:
        """The channels that are still to be found."""
        return tuple(sorted(self._open))

    def felt(self, channel: int, plateau: int) -> None:
        """The person has told a sensation at this plateau."""
        if channel in self._open and plateau > 0:
            self._felt[channel] = min(plateau, self._felt.get(channel, plateau))

    def lock(
        self, channel: int, plateau: int, rising: Collection[int], linked: Iterable[int]
    ) -> Reason | None:
        """Why a channel at this plateau may not rise now. `rising`: those with output, or soon."""
        if not self._open:
            return None
        together = [one for one in linked if one != channel]
        if together and not self._open.isdisjoint((channel, *together)):
            return Reason(
                Code.LINKED_NOT_FOUND,
                "linked channels rise together, and not all of them are found yet: unlink them, "
                "and find one after the other",
            )
        for other in sorted(self._open):
            if other != channel and other in rising:
                return Reason(
                    Code.NOT_FOUND,
                    "another channel with output is not found yet: name the site where channel "
                    f"{other} is felt, or lower it to 0",
                )
        felt = self._felt.get(channel)
        if channel in self._open and felt is not None and plateau >= felt:
            return Reason(
                Code.FELT_NOT_FOUND,
                "the channel is felt and not found yet: name the site where channel "
                f"{channel} is felt",
            )
        return None

    def name(self, channel: int, site: str) -> str | None:
        """The person feels it there; None where the plan says the same, else what differs.

        UsageError for a site that is none.
        """
        planned = self.sites[channel]
        there = {one.name for one in pad_sites(planned)}
        felt = f"at {site}"
        if site == ELSEWHERE:
            felt = ELSEWHERE
        elif all(one.name in there for one in pad_sites(site)):
            self._open.discard(channel)
            return None
        return f"channel {channel} is felt {felt}, the plan has {planned}: the leads may be swapped"
