"""Body sites: the closed list, which are blocked, and which current paths may not arise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stimctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a pair of electrodes.

    `region` is what currents of several channels add up in (H43), `zone` what current paths
    between channels are judged by (H42); `blocked` is the id of the contraindication that forbids
    the site, or "". `joint` and `pull` tell muscles that work against each other (W10).
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


@dataclass(frozen=True, slots=True)
class ForbiddenPath:
    """Two zones between which no current may be able to flow."""

    zones: frozenset[str]
    limit_id: str
    why: str


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
    ("deltoid", "shoulder", "arm", "", ""),
    ("supraspinatus", "shoulder", "arm", "", ""),
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
            place = f"{side}-{zone}" if zone == "arm" else zone
            sites.append(
                Site(f"{side}-{part}", side, f"{side}-{region}", place, joint=joint, pull=pull)
            )
        sites.extend(Site(f"{side}-{part}", side, part, part) for part in _TRUNK_PARTS)
    sites.extend(Site(part, "both", part, part) for part in _TRUNK_PARTS)
    sites.extend(Site(name, "", zone, zone, blocked=rule) for name, zone, rule in _BLOCKED)
    return {site.name: site for site in sites}


SITES: Mapping[str, Site] = _all_sites()

# Warning FDA 4 and IEC items e, h: no current across the heart or through the neck (R). Which
# zones that means for pads of different channels is our reading (D).
FORBIDDEN_PATHS: tuple[ForbiddenPath, ...] = (
    ForbiddenPath(frozenset({"left-arm", "right-arm"}), "C06", "arm to arm passes the heart"),
    ForbiddenPath(frozenset({"upper-back", "chest"}), "C06", "back to chest passes the heart"),
    ForbiddenPath(frozenset({"upper-back", "abdomen"}), "C06", "back to front passes the chest"),
    ForbiddenPath(frozenset({"left-arm", "chest"}), "C06", "arm to chest passes the heart"),
    ForbiddenPath(frozenset({"right-arm", "chest"}), "C06", "arm to chest passes the heart"),
    ForbiddenPath(frozenset({"neck"}), "C04", "between two places on the neck"),
)


@dataclass(frozen=True, slots=True)
class PathProblem:
    """A forbidden current path between two channels."""

    channels: tuple[int, int]
    path: ForbiddenPath


def site_named(name: str) -> Site:
    """Return the site called `name`; raises UsageError with the nearest known names."""
    site = SITES.get(name)
    if site is None:
        part = name.rpartition("-")[2]
        close = [known for known in SITES if part and part in known and not SITES[known].blocked]
        known = ", ".join(close or [s.name for s in SITES.values() if not s.blocked])
        raise UsageError(f"unknown body site {name!r}", what_to_do=f"use one of: {known}")
    return site


def path_problem(sites: Mapping[int, str | None]) -> PathProblem | None:
    """Return the first forbidden path between pads of two channels (channel: site), if any.

    Only for outputs that are not isolated from each other; a channel without a site is left out.
    """
    placed = [(ch, site_named(name)) for ch, name in sorted(sites.items()) if name is not None]
    for i, (first, a) in enumerate(placed):
        for second, b in placed[i + 1 :]:
            for path in FORBIDDEN_PATHS:
                if frozenset({a.zone, b.zone}) == path.zones:
                    return PathProblem((first, second), path)
    return None


def are_antagonists(a: Site, b: Site) -> bool:
    """Whether the two muscles pull one joint against each other (W10)."""
    return bool(a.joint) and (a.side, a.joint) == (b.side, b.joint) and a.pull != b.pull
