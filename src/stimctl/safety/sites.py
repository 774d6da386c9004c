"""Body sites: the closed list, which are blocked, and the zones that paths are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stimctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Site:
    """A place for one electrode, or for a pair of them.

    `region` is what currents of several channels add up in (H43), `zone` what current paths
    are judged by (H42, `stimctl.safety.paths`). `blocked` is the id of the contraindication that
    forbids the site, or "". `joint` and `pull` tell muscles that work against each other (W10).
    """

    name: str
    side: str
    region: str
    zone: str
    blocked: str = ""
    joint: str = ""
    pull: str = ""

    @property
    def is_trunk(self) -> bool:
        """Whether the site is on the trunk (screening asks)."""
        return self.zone in TRUNK_ZONES


# The limbs have a zone for each side.
SIDED_ZONES = frozenset({"arm", "shoulder", "leg"})
TRUNK_ZONES = frozenset({"low-back", "upper-back", "abdomen", "pelvis", "chest"})

# part: region, zone, joint, pull
_LIMB_PARTS = (
    ("quadriceps", "thigh", "leg", "knee", "extends"),
    ("hamstrings", "thigh", "leg", "knee", "flexes"),
    ("calf", "lower-leg", "leg", "ankle", "plantarflexes"),
    ("tibialis-anterior", "lower-leg", "leg", "ankle", "dorsiflexes"),
    ("ankle-tibial", "ankle", "leg", "", ""),  # posterior tibial nerve
    ("knee", "knee", "leg", "", ""),
    ("fibular-head", "lower-leg", "leg", "", ""),  # common peroneal nerve
    ("foot", "foot", "leg", "", ""),
    ("gluteal", "hip", "pelvis", "", ""),
    ("sacral", "sacral", "pelvis", "", ""),
    ("forearm-extensor", "forearm", "arm", "wrist", "extends"),
    ("forearm-flexor", "forearm", "arm", "wrist", "flexes"),
    ("biceps", "upper-arm", "arm", "elbow", "flexes"),
    ("triceps", "upper-arm", "arm", "elbow", "extends"),
    ("deltoid", "shoulder", "shoulder", "", ""),
    ("supraspinatus", "shoulder", "shoulder", "", ""),
)
# upper-back reaches up to the cervicothoracic junction, abdomen down to above the pubis
_TRUNK_PARTS = ("low-back", "upper-back", "abdomen")
# FDA powered muscle stimulator warnings 2-5; IEC 60601-2-10 instructions for use, item h. (R)
_BLOCKED = (
    ("anterior-neck", "neck", "C04"),
    ("head", "head", "C05"),
    ("face", "head", "C05"),
    ("eyes", "head", "C05"),
    ("mouth", "head", "C05"),
    ("chest", "chest", "C06"),
)


def _all_sites() -> dict[str, Site]:
    sites: list[Site] = []
    for side in ("left", "right"):
        for part, region, zone, joint, pull in _LIMB_PARTS:
            place = f"{side}-{zone}" if zone in SIDED_ZONES else zone
            sites.append(
                Site(f"{side}-{part}", side, f"{side}-{region}", place, joint=joint, pull=pull)
            )
        sites.extend(Site(f"{side}-{part}", side, part, part) for part in _TRUNK_PARTS)
    sites.extend(Site(part, "both", part, part) for part in _TRUNK_PARTS)
    sites.extend(Site(name, "", zone, zone, blocked=rule) for name, zone, rule in _BLOCKED)
    return {site.name: site for site in sites}


SITES: Mapping[str, Site] = _all_sites()


def site_named(name: str) -> Site:
    """Return the site called `name`; raises UsageError with the nearest known names."""
    site = SITES.get(name)
    if site is None:
        part = name.rpartition("-")[2]
        close = [known for known in SITES if part and part in known and not SITES[known].blocked]
        known = ", ".join(close or [s.name for s in SITES.values() if not s.blocked])
        raise UsageError(f"unknown body site {name!r}", what_to_do=f"use one of: {known}")
    return site


PADS_APART = "/"
"""Between the sites of the two pads of one channel, where they lie apart."""


def pad_sites(name: str) -> tuple[Site, ...]:
    """The sites of a channel's pads: one name for both, or two names with `/` between them.

    Raises UsageError for an unknown name, more than two, or one name twice.
    """
    names = name.split(PADS_APART)
    if len(names) > 2 or (len(names) == 2 and names[0] == names[1]):
        raise UsageError(
            f"{name!r} is no place for two pads",
            why="a channel has two pads: at one site, or at two that differ",
            what_to_do="write one site, or two such as left-forearm-flexor/left-biceps",
        )
    return tuple(site_named(one) for one in names)


def are_antagonists(a: Site, b: Site) -> bool:
    """Whether the two muscles pull one joint against each other (W10)."""
    return bool(a.joint) and (a.side, a.joint) == (b.side, b.joint) and a.pull != b.pull
