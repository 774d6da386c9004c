"""What is built beside the wheel asks for the same as the wheel, and starts what there is."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from firmware_sim import options
from stimctl.cli.verbs import VERBS
from stimctl.version import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RECIPE = (ROOT / "recipe" / "recipe.yaml").read_text("utf-8")


def part(name: str) -> list[str]:
    """The list under a name of the recipe."""
    found = re.search(rf"^[ -]*{name}:\n((?: +- .*\n)+)", RECIPE, re.M)
    assert found is not None, name
    return [line.strip().removeprefix("- ") for line in found[1].splitlines()]


def asked(lines: list[str]) -> dict[str, str]:
    return {one.name: str(one.specifier) for one in map(Requirement, lines)}


def test_the_conda_recipe_needs_what_the_wheel_needs() -> None:
    needed = [line for line in part("run") if not line.startswith("python ")]
    assert asked(needed) == asked(PROJECT["dependencies"])
    (least,) = re.findall(r'python_min: "(.*)"', RECIPE)
    assert PROJECT["requires-python"] == f">={least}"


def test_the_conda_recipe_builds_this_version_with_the_build_tool_of_the_wheel() -> None:
    assert f'version: "{PROJECT["version"]}"' in RECIPE
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert asked([one for one in part("host") if "${{" not in one and one != "pip"]) == asked(tool)
    scripts = [f"{name} = {where}" for name, where in PROJECT["scripts"].items()]
    assert part("entry_points") == scripts


def test_the_conda_recipe_tries_verbs_that_there_are() -> None:
    tried = [shlex.split(one)[1] for one in part("script") if one.startswith("stimctl ")]
    assert tried
    assert set(tried) <= {*VERBS, "--version"}


def test_the_citation_and_the_program_name_this_version() -> None:
    assert __version__ == PROJECT["version"]
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.*)$", text, re.M) == [PROJECT["version"]]
    assert re.findall(r"^license: (.*)$", text, re.M) == [PROJECT["license"]]


def test_the_image_starts_a_simulated_device_as_the_command_line_takes_it() -> None:
    text = (ROOT / "Containerfile").read_text("utf-8")
    (entry,), (words,) = (
        re.findall(rf"^{name} (\[.*\])$", text, re.M) for name in ("ENTRYPOINT", "CMD")
    )
    assert json.loads(entry)[-2:] == ["-m", "firmware_sim"]
    arguments = json.loads(words)
    parsed = options.make_parser(arguments[0]).parse_args(arguments)
    assert parsed.tcp == ("0.0.0.0", 7000)
    assert parsed.allow_remote


def test_the_matrix_of_pythons_is_that_of_the_classifiers() -> None:
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if " :: 3." in one]
    matrix, _windows = re.findall(
        r"python: (\[.*\])", (ROOT / ".github/workflows/ci.yml").read_text()
    )
    assert json.loads(matrix) == named
