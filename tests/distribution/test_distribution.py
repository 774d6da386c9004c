"""What a package index gets: a bill of materials that is valid and whole, and no dead link."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from packaging.requirements import Requirement

from tools.pypi_readme import long_description
from tools.wheel_sbom import DEVELOPMENT, PARTS, SbomHook, sbom

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
README = (ROOT / "README.md").read_text("utf-8")


def made(**other: Any) -> dict[str, Any]:
    fields = {
        "name": PROJECT["name"],
        "release": PROJECT["version"],
        "description": PROJECT["description"],
        "licence": PROJECT["license"],
        "required": PROJECT["dependencies"],
        "extras": PROJECT["optional-dependencies"],
    }
    return sbom(**{**fields, **other})


def built(root: Path) -> dict[str, Any]:
    """What the hook hands to the build of the wheel."""
    metadata: ProjectMetadata[Any] = ProjectMetadata(str(root), PluginManager())
    hook = SbomHook(str(root), {}, cast(Any, None), metadata, "", "wheel")
    data: dict[str, Any] = {"sbom_files": []}
    hook.initialize("standard", data)
    (path,) = map(Path, data["sbom_files"])
    whole: dict[str, Any] = json.loads(path.read_text("utf-8"))
    hook.finalize("standard", data, "")
    assert not path.exists()
    return whole


def names(requirements: list[str]) -> set[str]:
    return {Requirement(one).name for one in requirements}


def test_the_bill_of_materials_in_the_wheel_is_valid_and_of_this_project() -> None:
    whole = built(ROOT)
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(json.dumps(whole)) is None
    assert whole == made()
    broken = whole | {"components": [{"name": "without a type"}]}
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(json.dumps(broken)) is not None


def test_the_bill_of_materials_has_what_a_user_installs_and_nothing_else() -> None:
    by_scope: dict[str, set[str]] = {"required": set(), "optional": set()}
    for one in made()["components"]:
        by_scope[one["scope"]].add(one["name"])
    extras = PROJECT["optional-dependencies"]
    of_users = [one for extra in extras.keys() - DEVELOPMENT for one in extras[extra]]
    assert by_scope["required"] == names(PROJECT["dependencies"])
    assert by_scope["optional"] == names(of_users) - by_scope["required"]


def test_the_bill_of_materials_says_which_versions_are_accepted() -> None:
    (one,) = made(required=["pyserial<4,>=3.5"], extras={})["components"]
    assert (one["versionRange"], one["purl"]) == ("vers:pypi/>=3.5|<4", "pkg:pypi/pyserial")


def test_the_bill_of_materials_names_the_packages_that_the_wheel_holds() -> None:
    packages = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(PARTS) == {Path(one).name for one in packages}


def test_the_same_content_has_the_same_serial_number_and_another_has_another() -> None:
    assert made() == made()
    assert made()["serialNumber"] != made(required=[])["serialNumber"]


def test_the_long_description_without_a_known_address_has_no_dead_link_and_loses_no_word() -> None:
    shown = long_description(README, "", "1.0")
    assert [one for one in re.findall(r"\]\(([^)]*)\)", shown) if "://" not in one] == []
    assert "![" not in shown
    plain = re.sub(r"\]\([^)]*\)|[\[\]]", "", re.sub(r"!\[[^\]]*\]\([^)]*\)", "", README))
    assert re.sub(r"\]\([^)]*\)|[\[\]]", "", shown).split() == plain.split()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](docs/a.md#b)", "[a](https://h/o/r/blob/v1.0/docs/a.md#b)"),
        ("![p](docs/p.svg)\n", "![p](https://h/o/r/raw/v1.0/docs/p.svg)\n\n"),
        ("[x](https://x.y), [here](#there)", "[x](https://x.y), [here](#there)"),
    ],
)
def test_the_long_description_leads_to_the_tag_where_the_address_is_known(
    text: str, shown: str
) -> None:
    assert long_description(text, "https://h/o/r/", "1.0") == shown
