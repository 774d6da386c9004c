"""What holds between channels that run at the same time, whatever they give: paths, antagonists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from stimctl.safety.bounds import Layer
from stimctl.safety.paths import PATH_SOURCE, problem_between
from stimctl.safety.problem import broken_rule
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Nearest, Refusal
from stimctl.safety.sites import Site, are_antagonists, pad_sites
from stimctl.stimulus import Cycle


@dataclass(frozen=True, slots=True)
class Muscle:
    """A channel that moves a muscle: where, in which cycle, and when its first on time begins.

    `switched`: an input switches it, and the engine keeps it off while its antagonist is on (W18).
    """

    channel: int
    site: str
    cycle: Cycle | None
    begins_us: int = 0
    switched: bool = False


def for_channel(refusal: Refusal, channel: int) -> Refusal:
    """The refusal with its channel."""
    return replace(refusal, channel=channel, message=f"channel {channel}: {refusal.message}")


def refused_for(
    channel: int, rule: str, quantity: Quantity, message: str, *, layer: Layer = Layer.STANDARD,
    asked: int | float | str = "", allowed: int | float | str = "", unit: str = "",
    source: str = "", certainty: str = "D", nearest: Nearest | None = None,
) -> Refusal:  # fmt: skip
    """The refusal of a rule on one channel."""
    problem = broken_rule(
        rule, quantity, message, layer=layer,
        asked=asked, allowed=allowed, unit=unit, source=source, certainty=certainty,
    )  # fmt: skip
    refusal = problem.refusal
    if nearest is not None:
        message = f"{refusal.message} Nearest legal: {nearest.text}."
        refusal = replace(refusal, nearest=nearest, message=message)
    return for_channel(refusal, channel)


def channel_refusal(channel: object, name: str, channels: int) -> Refusal | None:
    """A channel that the device called `name` has not."""
    if type(channel) is int and 1 <= channel <= channels:
        return None
    return refused_for(
        channel if type(channel) is int else 0, "L-DEV", Quantity.DEVICE,
        f"{name} has channels 1 to {channels}",
        asked=channel if type(channel) is int else repr(channel), allowed=channels, unit="channels",
        nearest=Nearest("channel", channels, f"channel {channels}"),
    )  # fmt: skip


def path_refusal(sites: Mapping[int, str | None]) -> Refusal | None:
    """A current path between pads of two channels (channel: site) that may not arise (H42)."""
    found = problem_between(sites)
    if found is None or found.channels is None:
        return None
    (first, second), (one, other) = found.channels, found.sites
    return refused_for(
        second, found.path.refused_by, Quantity.SITE,
        f"current could pass between channel {first} ({one}) and channel {second} "
        f"({other}): {found.path.why}",
        asked=f"{one} with {other}", allowed="one of them at a time",
        source=PATH_SOURCE, certainty="R",
    )  # fmt: skip


def antagonists_at(site: str, other: str) -> tuple[Site, Site] | None:
    """The pads of two channels that pull one joint against each other; None for no such pads."""
    pairs = product(pad_sites(site), pad_sites(other))
    return next((pair for pair in pairs if are_antagonists(*pair)), None)


def antagonist_refusal(muscles: Sequence[Muscle]) -> Refusal | None:
    """W10: muscles that pull one joint against each other are not driven at the same time."""
    for i, a in enumerate(muscles):
        for b in muscles[i + 1 :]:
            if a.switched and b.switched:
                continue
            against = antagonists_at(a.site, b.site)
            begin = b.begins_us - a.begins_us
            if against is not None and overlap(a.cycle, b.cycle, begin):
                site_a, site_b = against
                return refused_for(
                    b.channel, "W10", Quantity.TIMING,
                    f"{site_a.name} (channel {a.channel}) and {site_b.name} work against each "
                    "other and would be on at the same time; the protocol must ask for "
                    "co-contraction",
                )  # fmt: skip
    return None


def overlap(a: Cycle | None, b: Cycle | None, b_begins_us: int) -> bool:
    """Whether the on times of two endless cycles ever meet; `b` begins that much after `a`."""
    if a is None or b is None:
        return True
    # Over time the distance between an on time of b and the one of a before it takes every value
    # that is `b_begins_us` modulo the greatest common divisor of the periods.
    grid = math.gcd(a.period_us, b.period_us)
    distance = b_begins_us % grid
    return distance < a.on_us or distance + b.on_us > grid
