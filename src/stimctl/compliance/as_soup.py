"""stimctl as a part of somebody else's product: what it promises, needs, and is known not to do."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.compliance.packaged import AS_SOUP, read_toml
from stimctl.version import __version__, code_digest


@dataclass(frozen=True, slots=True)
class Requirement:
    """`kind`: functional or performance. `hazards`: the rows whose tests prove it."""

    id: str
    kind: str
    text: str
    hazards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """What it needs of the machine."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class OwnAnomaly:
    """What is known to be missing or wrong."""

    id: str
    what: str
    effect: str
    source: str
    certainty: str


@dataclass(frozen=True, slots=True)
class AsSoup:
    """The whole statement; `is_not` says what it is not."""

    title: str
    maker: str
    licence: str
    purpose: str
    version: str
    code_sha256: str
    is_not: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    needs: tuple[Need, ...]
    anomalies: tuple[OwnAnomaly, ...]


def as_soup() -> AsSoup:
    """The statement, with the version and the digest of the program that makes it."""
    told = read_toml(AS_SOUP)
    return AsSoup(
        title=told["title"],
        maker=told["maker"],
        licence=told["licence"],
        purpose=told["purpose"],
        version=__version__,
        code_sha256=code_digest(),
        is_not=tuple(told["is_not"]),
        requirements=tuple(
            Requirement(one["id"], one["kind"], one["text"], tuple(one["hazards"]))
            for one in told["requirement"]
        ),
        needs=tuple(Need(**one) for one in told["need"]),
        anomalies=tuple(OwnAnomaly(**one) for one in told["anomaly"]),
    )
