"""Which current paths may arise: every pair of body zones is decided here, and says why.

One table for both cases: the two pads of one channel, between which its current flows by intent;
and pads of two channels of a device that is not isolated between channels, where current may flow
from one to the other. FDA warning 4 and IEC 60601-2-10 items e and h: no current across the heart,
through the neck or the head (R). What that means for each pair of zones is our reading (D).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

from stimctl.safety.sites import SIDED_ZONES, Site, pad_sites


@dataclass(frozen=True, slots=True)
class Path:
    """What is decided about current between two zones (or within one).

    `refused_by` is the id of the rule that forbids it, "" where it is allowed.
    """

    zones: frozenset[str]
    refused_by: str
    why: str


PATH_SOURCE = "FDA warnings for powered muscle stimulators; IEC 60601-2-10 items e, h; hazard H42"
_OK = ""
_HEART = "C06"  # through the chest
_BELLY = "H42"  # through the trunk, below the heart
_SAME, _OTHER, _ANY = "same side", "other side", ""

# zone, zone, sides (of two zones that have one), refused by, why
_ROWS = (
    ("arm", "arm", _SAME, _OK, "within one arm"),
    ("arm", "arm", _OTHER, _HEART, "arm to arm passes the heart"),
    ("arm", "shoulder", _SAME, _OK, "along one arm"),
    ("arm", "shoulder", _OTHER, _HEART, "arm to the other shoulder passes the heart"),
    ("shoulder", "shoulder", _SAME, _OK, "within one shoulder"),
    ("shoulder", "shoulder", _OTHER, _HEART, "shoulder to shoulder passes chest and neck"),
    ("arm", "leg", _SAME, _HEART, "arm to leg passes the whole trunk, and the heart"),
    ("arm", "leg", _OTHER, _HEART, "arm to leg passes the whole trunk, and the heart"),
    ("shoulder", "leg", _SAME, _HEART, "shoulder to leg passes the whole trunk, and the heart"),
    ("shoulder", "leg", _OTHER, _HEART, "shoulder to leg passes the whole trunk, and the heart"),
    ("leg", "leg", _SAME, _OK, "within one leg"),
    ("leg", "leg", _OTHER, _OK, "leg to leg passes the pelvis, below the heart"),
    ("arm", "pelvis", _ANY, _HEART, "arm to pelvis passes the trunk, and the heart"),
    ("arm", "low-back", _ANY, _HEART, "arm to back passes the chest"),
    ("arm", "upper-back", _ANY, _HEART, "arm to back passes the chest"),
    ("arm", "abdomen", _ANY, _HEART, "arm to abdomen passes the chest"),
    ("shoulder", "pelvis", _ANY, _HEART, "shoulder to pelvis passes the chest"),
    ("shoulder", "low-back", _ANY, _HEART, "shoulder to back passes the chest"),
    ("shoulder", "upper-back", _ANY, _HEART, "shoulder to back passes the upper chest"),
    ("shoulder", "abdomen", _ANY, _HEART, "shoulder to abdomen passes the chest"),
    ("leg", "pelvis", _ANY, _OK, "leg to pelvis stays below the heart"),
    ("leg", "low-back", _ANY, _OK, "leg to low back stays below the heart, as along a nerve root"),
    ("leg", "upper-back", _ANY, _HEART, "leg to upper back passes the chest"),
    ("leg", "abdomen", _ANY, _BELLY, "leg to abdomen passes the groin and the belly"),
    ("pelvis", "pelvis", _ANY, _OK, "within the buttocks and the sacrum"),
    ("pelvis", "low-back", _ANY, _OK, "along the lowest part of the back"),
    ("pelvis", "upper-back", _ANY, _HEART, "along the whole back passes behind the heart"),
    ("pelvis", "abdomen", _ANY, _BELLY, "back to front passes the belly"),
    ("low-back", "low-back", _ANY, _OK, "within the low back"),
    ("low-back", "upper-back", _ANY, _HEART, "along the back passes behind the heart"),
    ("low-back", "abdomen", _ANY, _BELLY, "back to front passes the belly"),
    ("upper-back", "upper-back", _ANY, _OK, "within the muscles of the upper back"),
    ("upper-back", "abdomen", _ANY, _HEART, "back to front passes the chest"),
    ("abdomen", "abdomen", _ANY, _OK, "within the wall of the abdomen"),
)
# Nothing is stimulated there, so no path to or from there is, either.
_BLOCKED_ZONES = {"head": "C05", "neck": "C04", "chest": "C06"}
_KINDS = ("arm", "shoulder", "leg", "pelvis", "low-back", "upper-back", "abdomen")


def zones_of(kind: str) -> tuple[str, ...]:
    """The zones of one kind: two of a limb, one of the trunk."""
    return (f"left-{kind}", f"right-{kind}") if kind in SIDED_ZONES else (kind,)


ZONES = tuple(zone for kind in (*_KINDS, *_BLOCKED_ZONES) for zone in zones_of(kind))


def _table() -> dict[frozenset[str], Path]:
    table: dict[frozenset[str], Path] = {}
    for first, second, sides, refused_by, why in _ROWS:
        for a, b in product(zones_of(first), zones_of(second)):
            related = _SAME if a.partition("-")[0] == b.partition("-")[0] else _OTHER
            if sides in (_ANY, related):
                table[frozenset({a, b})] = Path(frozenset({a, b}), refused_by, why)
    for a, b in combinations_with_replacement(ZONES, 2):
        for zone in (a, b):
            if zone in _BLOCKED_ZONES:
                why = f"nothing is stimulated at the {zone}"
                path = Path(frozenset({a, b}), _BLOCKED_ZONES[zone], why)
                table.setdefault(path.zones, path)
    return table


PATHS: Mapping[frozenset[str], Path] = _table()


@dataclass(frozen=True, slots=True)
class PathProblem:
    """A forbidden current path, by the names of its two sites; `channels` where it has two."""

    sites: tuple[str, str]
    path: Path
    channels: tuple[int, int] | None = None


def forbidden(a: Site, b: Site) -> PathProblem | None:
    """What forbids current between these two sites, if anything."""
    path = PATHS[frozenset({a.zone, b.zone})]
    return PathProblem((a.name, b.name), path) if path.refused_by else None


def problem_within(site: str) -> PathProblem | None:
    """What forbids current between the two pads of one channel, if anything."""
    pads = pad_sites(site)
    return forbidden(pads[0], pads[-1])


def problem_between(sites: Mapping[int, str | None]) -> PathProblem | None:
    """The first forbidden path between pads of two channels (channel: site), if any.

    Only for outputs that are not isolated from each other; a channel without a site is left out.
    """
    placed = [(ch, pad_sites(name)) for ch, name in sorted(sites.items()) if name is not None]
    for i, (first, pads) in enumerate(placed):
        for second, others in placed[i + 1 :]:
            for a, b in product(pads, others):
                found = forbidden(a, b)
                if found is not None:
                    return PathProblem(found.sites, found.path, (first, second))
    return None
