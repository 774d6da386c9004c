"""Makes docs/reference/hazards.md from docs/hazards.toml, the marks of tests, and their figures.

`python tools/make_hazards.py` writes the page. With `--figures RESULTS.xml` (pytest --junitxml) it
first takes over what tests have measured: a test says `record_property("H03", "zero after 3 ms")`.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "docs" / "hazards.toml"
FIGURES = ROOT / "docs" / "hazards-figures.toml"
PAGE = ROOT / "docs" / "reference" / "hazards.md"
IDS = tuple(f"H{number:02}" for number in range(1, 79))
CONTROLS = ("software", "hardware", "operator", "none")
_PARTS = {
    "H01": "Line and host",
    "H18": "Operator and display",
    "H36": "Data, scripts and files",
    "H61": "Several devices, people and programs",
}
_WITHOUT_TEST = {
    "hardware": "not in software's power",
    "operator": "not in software's power",
    "none": "not controlled",
}
_HEAD = """# What can go wrong, and where each control is proved

Made by `python tools/make_hazards.py` from `docs/hazards.toml` and the tests that carry
`@pytest.mark.hazard`; do not edit. **software**: a test fails when the control is removed.
**hardware** and **operator**: software cannot control it. **none**: known, and not controlled here.
`make removals` shows it: it takes the
controls of `tools/removals.toml` out of a copy, one after the other, and sees the test fail.
"""


@dataclass(frozen=True, slots=True)
class Hazard:
    """One row. `rest`: what the control leaves open, or empty."""

    id: str
    situation: str
    control: str
    how: str
    rest: str = ""


def hazards() -> tuple[Hazard, ...]:
    """Every row of the data file; ValueError where one is not whole."""
    rows = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    found = tuple(Hazard(id, **fields) for id, fields in rows.items())
    for one in found:
        if one.control not in CONTROLS:
            raise ValueError(f"{one.id}: control {one.control!r} is none of {', '.join(CONTROLS)}")
    return found


def figures() -> Mapping[str, str]:
    """The last figure measured for each id."""
    if not FIGURES.exists():
        return {}
    return tomllib.loads(FIGURES.read_text(encoding="utf-8"))


@cache
def marked_tests(folder: Path = ROOT / "tests") -> Mapping[str, list[str]]:
    """For each id the tests that carry its mark, as file::test; found without importing them."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.hazard" not in text:
            continue
        tree = ast.parse(text)
        name = path.relative_to(ROOT).as_posix()
        of_module = set(_marks(_module_marks(tree)))
        for test, ids in _tests(tree, of_module):
            for id in sorted(ids):
                found[id].append(f"{name}::{test}")
    return dict(found)


def _module_marks(tree: ast.Module) -> list[ast.expr]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        ):
            return list(node.value.elts) if isinstance(node.value, ast.List) else [node.value]
    return []


def _tests(tree: ast.Module | ast.ClassDef, outer: set[str]) -> Iterator[tuple[str, set[str]]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            inner = outer | set(_marks(node.decorator_list))
            yield from ((f"{node.name}::{test}", ids) for test, ids in _tests(node, inner))
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node.name, outer | set(_marks(node.decorator_list))


def _marks(decorators: list[ast.expr]) -> Iterator[str]:
    for one in decorators:
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.hazard":
            yield from (str(ast.literal_eval(argument)) for argument in one.args)


def page() -> str:
    """The whole text of docs/reference/hazards.md."""
    tests, measured = marked_tests(), figures()
    lines = [_HEAD]
    for one in hazards():
        if one.id in _PARTS:
            lines += [
                f"\n## {_PARTS[one.id]}\n",
                "| id | what can go wrong | control | how | proved by | last figure |",
                "|---|---|---|---|---|---|",
            ]
        lines.append(_row(one, tests.get(one.id, []), measured.get(one.id, "")))
    return "\n".join(lines) + "\n"


def _row(one: Hazard, tests: list[str], figure: str) -> str:
    how = f"{one.how} *Left open:* {one.rest}" if one.rest else one.how
    proof = "<br>".join(_link(test) for test in tests)
    if not proof:
        proof = _WITHOUT_TEST.get(one.control, "**no test**")
    cells = (one.id, one.situation, one.control, how, proof, figure)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../../{path})"


def take_figures(results: Path) -> None:
    """Read what tests recorded from a JUnit XML file and keep the last figure of each id."""
    kept = dict(figures())
    for item in ElementTree.parse(results).iter("property"):
        if item.get("name") in IDS:
            kept[str(item.get("name"))] = str(item.get("value"))
    text = "# The last figures that tests have measured; written by tools/make_hazards.py.\n"
    rows = (f'{id} = "{kept[id]}"\n' for id in sorted(kept))
    FIGURES.write_text(text + "".join(rows), encoding="utf-8")


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path, metavar="RESULTS.xml")
    options = parser.parse_args()
    if options.figures is not None:
        take_figures(options.figures)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
