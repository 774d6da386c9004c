"""The pages: four kinds, each page in one, every link leads somewhere."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
INDEX = (DOCS / "README.md").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "protocols").glob("*.md")])
_LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


def links_of(path: Path) -> list[Path]:
    found = _LINK.findall(re.sub(r"`[^`\n]*`", "", path.read_text("utf-8")))
    return [(path.parent / one).resolve() for one in found if "://" not in one]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(path: Path) -> None:
    assert [one for one in links_of(path) if not one.exists()] == []


def test_the_index_has_the_four_kinds_and_every_page_once() -> None:
    assert re.findall(r"^## (.*)", INDEX, re.M) == [
        "Tutorials", "How-to", "Reference", "Explanation",
    ]  # fmt: skip
    body = INDEX[INDEX.index("## Tutorials") :]
    listed = [(DOCS / one).resolve() for one in _LINK.findall(body)]
    assert len(listed) == len(set(listed))
    # Decision records are listed by their own index.
    wanted = {path for path in DOCS.rglob("*.md") if "decisions" not in path.parts}
    assert wanted - {DOCS / "README.md"} <= set(listed)
    records = set(links_of(DOCS / "decisions" / "README.md"))
    assert set((DOCS / "decisions").glob("*.md")) - {DOCS / "decisions" / "README.md"} <= records


def test_the_readme_leads_to_the_index() -> None:
    assert DOCS / "README.md" in links_of(ROOT / "README.md")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_has_one_title_and_no_level_is_left_out(path: Path) -> None:
    text = re.sub(r"^( *)```.*?^\1```", "", path.read_text("utf-8"), flags=re.M | re.S)
    levels = [len(one) for one in re.findall(r"^(#+) ", text, re.M)]
    assert (levels[:1], levels.count(1)) == ([1], 1)
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_architecture_names_the_layers_and_the_packages_that_there_are() -> None:
    page = (DOCS / "explanation" / "architecture.md").read_text("utf-8")
    drawn = page[page.index("## Who may import whom") :].split("```")[1].split("\n")[1:]
    layers = [re.sub(r"\(.*", "", line).strip() for line in drawn if line.strip()]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (held,) = [one["layers"] for one in contracts["contracts"] if one["type"] == "layers"]
    assert layers == [one.strip("()") for one in held]
    tree = page[page.index("## The tree") :].split("```")[1]
    packages = {path.parent.name for path in (ROOT / "src" / "stimctl").glob("*/__init__.py")}
    twins = {path.parent.name for path in (ROOT / "firmware_sim").glob("*/__init__.py")}
    assert {one for one in packages | twins if f"{one}/" not in tree} == set()
