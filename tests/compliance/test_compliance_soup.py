"""SOUP both ways: what stimctl runs on, and stimctl as a part of somebody else's product."""

from __future__ import annotations

import re
from importlib import metadata

import pytest

from stimctl.compliance.as_soup import as_soup
from stimctl.compliance.packaged import SOUP, read_toml
from stimctl.compliance.soup import ABSENT, soup
from stimctl.version import __version__, code_digest
from tests.support.paths import ROOT
from tools.make_hazards import IDS

CERTAINTIES = {"R", "R2", "M+", "M?", "D"}


def test_every_dependency_has_an_entry_with_its_installed_version_and_none_is_of_no_use() -> None:
    listed = {one.package: one for one in soup().dependencies}
    assert listed["pydantic"].version == metadata.version("pydantic")
    assert listed["pydantic"].accepted == "<3,>=2.10"
    assert listed["psycopg"].extra == "sync"
    assert set(listed) == set(read_toml(SOUP)) - {"search"}


def test_what_is_not_installed_is_listed_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        if package == "weasyprint":
            raise metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr(metadata, "version", version)
    listed = {one.package: one.version for one in soup().dependencies}
    assert (listed["weasyprint"], listed["textual"]) == (ABSENT, "1")


def test_without_installation_every_known_dependency_is_listed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(package: str) -> None:
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "requires", absent)
    assert {one.package for one in soup().dependencies} == set(read_toml(SOUP)) - {"search"}


def test_what_others_bring_is_listed_once_with_who_brings_it() -> None:
    found = soup()
    brought = {one.package: one.by for one in found.brought}
    assert brought["pydantic-core"] == "pydantic"
    assert len(brought) == len(found.brought)
    assert not {one.package for one in found.dependencies} & set(brought)


def test_every_anomaly_has_an_address_and_says_how_certain_it_is() -> None:
    found = soup()
    anomalies = [known for one in found.dependencies for known in one.anomalies]
    assert anomalies
    for known in anomalies:
        assert re.fullmatch(r"https://github\.com/[^/]+/[^/]+/(issues|pull)/\d+", known.source)
        assert known.certainty in CERTAINTIES
        assert known.effect
        assert known.control
    assert {one.certainty for one in as_soup().anomalies} <= CERTAINTIES


def test_every_package_says_with_which_words_anomalies_were_looked_for_and_when() -> None:
    found = soup()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found.day)
    assert [one.package for one in found.dependencies if not one.searched] == []


def test_no_template_uses_the_filter_that_lets_attributes_in() -> None:
    """Jinja before 3.1.4, which the accepted range has in it."""
    templates = (ROOT / "src" / "stimctl" / "report" / "templates").glob("*.html")
    assert [path.name for path in templates if "xmlattr" in path.read_text("utf-8")] == []


def test_stimctl_as_soup_names_its_code_and_each_requirement_leads_to_tests() -> None:
    own = as_soup()
    assert (own.version, own.code_sha256) == (__version__, code_digest())
    assert {id for one in own.requirements for id in one.hazards} <= set(IDS)
    assert [one.id for one in own.requirements if not one.hazards] == []
    assert {one.kind for one in own.requirements} == {"functional", "performance"}
    assert any("declaration of conformity" in one for one in own.is_not)
    assert any("No medical device" in one for one in own.is_not)
