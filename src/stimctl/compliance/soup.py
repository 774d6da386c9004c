"""What stimctl runs on and did not make: versions installed here, and their known anomalies."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from stimctl.compliance.packaged import SOUP, read_toml

ABSENT: Final = "not installed"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_FOR_TESTS: Final = frozenset({"test", "dev", "dist", "docs", "examples"})
"""Extras of whoever works on stimctl; nothing of stimctl imports what is in them."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A known anomaly of a package that touches what stimctl does with it."""

    id: str
    what: str
    source: str
    certainty: str
    seen_in: str
    fixed_in: str
    effect: str
    control: str


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package that stimctl names itself. `accepted`: the range of versions, of `extra` if any.

    `searched`: the words with which anomalies were looked for.
    """

    package: str
    title: str
    maker: str
    version: str
    accepted: str
    extra: str
    licence: str
    requirement: str
    needs: str
    used_in: str
    searched: str
    anomalies: tuple[Anomaly, ...]


@dataclass(frozen=True, slots=True)
class Brought:
    """A package that another one brings. Nothing is asked of it here; no anomaly was looked for."""

    package: str
    version: str
    licence: str
    by: str


@dataclass(frozen=True, slots=True)
class Soup:
    """The whole list. `day`, `how`, `not_searched`: of the search for anomalies."""

    day: str
    how: str
    not_searched: str
    dependencies: tuple[Dependency, ...]
    brought: tuple[Brought, ...]


def soup() -> Soup:
    """What is installed here now. Asks no network."""
    known = read_toml(SOUP)
    named = [_dependency(known, *one) for one in _named(known)]
    python = _entry(
        known, "python", version=platform.python_version(),
        accepted=_python_range(), extra="", licence="PSF-2.0",
    )  # fmt: skip
    direct = {_same(one.package) for one in named}
    brought = {row.package: row for one in named for row in _brought_by(one.package, direct, set())}
    return Soup(
        **known["search"],
        dependencies=(python, *named),
        brought=tuple(brought[name] for name in sorted(brought, key=str.lower)),
    )


def _named(known: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, accepted versions and extra of every dependency that is not for tests alone."""
    try:
        required = metadata.requires("stimctl") or []
    except metadata.PackageNotFoundError:  # run from its sources: no range is known
        required = [name for name in known if name not in ("search", "python")]
    for one in required:
        text, _, condition = one.partition(";")
        extra = _EXTRA.search(condition)
        if extra is None or extra[1] not in _FOR_TESTS:
            name = _name(text)
            accepted = text[len(name) :].strip()
            yield name, re.sub(r"^\[[^]]*\]", "", accepted), extra[1] if extra else ""


def _dependency(known: dict[str, Any], package: str, accepted: str, extra: str) -> Dependency:
    return _entry(
        known, package, version=_version(package), accepted=accepted, extra=extra,
        licence=_licence(package),
    )  # fmt: skip


def _entry(known: dict[str, Any], package: str, **found: str) -> Dependency:
    fields = dict(known[_same(package)])
    anomalies = tuple(Anomaly(**one) for one in fields.pop("anomaly", ()))
    return Dependency(package=package, anomalies=anomalies, **fields, **found)


def _brought_by(package: str, direct: set[str], seen: set[str]) -> Iterator[Brought]:
    """What is installed of all that a package needs, and of what that needs."""
    try:
        required = metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        return
    for one in required:
        name = _name(one)
        if _EXTRA.search(one) or _same(name) in direct | seen or _version(name) == ABSENT:
            continue
        seen.add(_same(name))
        yield Brought(name, _version(name), _licence(name), package)
        yield from _brought_by(name, direct, seen)


def _name(requirement: str) -> str:
    found = _NAME.match(requirement.strip())
    return found[0].rstrip(".") if found else requirement


def _same(name: str) -> str:
    """A name of a package as every spelling of it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ABSENT


def _licence(package: str) -> str:
    """As its metadata say; the classifiers where there is no field, and empty where nothing is."""
    try:
        told = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return ""
    classified = (one for one in told.get_all("Classifier") or () if one.startswith("License ::"))
    text = _field(told, "License-Expression") or _field(told, "License")
    # Some have the whole text in the field.
    first = text.strip().split("\n")[0]
    return first or next((one.rpartition(":: ")[2] for one in classified), "")


def _python_range() -> str:
    try:
        return _field(metadata.metadata("stimctl"), "Requires-Python")
    except metadata.PackageNotFoundError:
        return ""


def _field(told: metadata.PackageMetadata, name: str) -> str:
    return "".join(told.get_all(name, []))
