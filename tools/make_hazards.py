"""Makes docs/reference/hazards.md from docs/hazards.toml, the marks of tests, and their figures.

`python -m tools.make_hazards` writes the page, and the same as data for `stimctl compliance`. With
`--figures RESULTS.xml` (pytest --junitxml) it first takes over how the tests ended, and what they
have measured: a test says `record_property("H03", "zero after 3 ms")`.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stimctl.compliance import packaged
from stimctl.compliance.results import Result
from tools import remove_controls, result_file

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "docs" / "hazards.toml"
FIGURES = ROOT / "docs" / "hazards-figures.toml"
PAGE = ROOT / "docs" / "reference" / "hazards.md"
DATA = result_file.DATA / packaged.HAZARDS
IDS = tuple(f"H{number:02}" for number in range(1, 83))
CONTROLS = ("software", "hardware", "operator", "none")
KINDS = {
    "goes-on": "output goes on when it should have ended",
    "too-much": "more current or charge than was meant",
    "misplaced": "output at the wrong time or place, or to the wrong person",
    "misleading": "people are misled about the output",
    "record": "a record is wrong, lost or disclosed",
}
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

Made by `python -m tools.make_hazards` from `docs/hazards.toml` and the tests that carry
`@pytest.mark.hazard`; do not edit. **software**: a test fails when the control is removed.
**hardware** and **operator**: software cannot control it. **none**: known, and not controlled here.
`make removals` shows it: it takes the
controls of `tools/removals.toml` out of a copy, one after the other, and sees the test fail.
"""


@dataclass(frozen=True, slots=True)
class Hazard:
    """One row. `hazard`: one of `KINDS`. `rest`: what the control leaves open, or empty."""

    id: str
    situation: str
    hazard: str
    cause: str
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
        if one.hazard not in KINDS:
            raise ValueError(f"{one.id}: hazard {one.hazard!r} is none of {', '.join(KINDS)}")
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


def data() -> str:
    """The same as data, for `stimctl compliance`: an installed wheel has neither docs nor tests."""
    tests, measured = marked_tests(), figures()
    rows = [
        {
            "id": one.id, "hazard": KINDS[one.hazard], "situation": one.situation,
            "cause": one.cause, "control": one.control, "measure": one.how, "left_open": one.rest,
            "figure": measured.get(one.id, ""), "tests": tests.get(one.id, []),
        }
        for one in hazards()
    ]  # fmt: skip
    removals = [
        {"name": one.name, "hazards": list(one.hazards), "without": one.gone, "file": one.file,
         "test": one.test}
        for one in remove_controls.removals()
    ]  # fmt: skip
    content: dict[str, Any] = {
        "schema": "stimctl.hazards/1", "hazards": rows, "removals": removals
    }  # fmt: skip
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def outcomes(results: Path) -> dict[str, tuple[str, str]]:
    """How each test function of a JUnit XML file ended, and a detail; parameters are counted."""
    cases: dict[str, list[str]] = defaultdict(list)
    for case in ElementTree.parse(results).iter("testcase"):
        path = case.get("file", "")
        module = path.removesuffix(".py").replace("/", ".")
        classes = case.get("classname", "").removeprefix(module).strip(".")
        name = case.get("name", "").partition("[")[0]
        cases["::".join(filter(None, (path, classes.replace(".", "::"), name)))].append(_end(case))
    return {name: _together(ends) for name, ends in cases.items()}


def _end(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def _together(ends: list[str]) -> tuple[str, str]:
    """One failure is a failure; what was skipped beside passes is counted."""
    worst = next(one for one in ("failed", "passed", "skipped") if one in ends)
    count = ends.count(worst)
    return worst, "" if count == len(ends) else f"{count} of {len(ends)}"


def take_results(results: Path) -> None:
    """Keep how the marked tests ended, with the day, the commit and the machine."""
    known = {test for tests in marked_tests().values() for test in tests}
    run = result_file.this_run()
    new = {
        name: Result(outcome, run, detail) for name, (outcome, detail) in outcomes(results).items()
    }
    result_file.keep(result_file.TESTS, new, known)


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
    """Write the page and the data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path, metavar="RESULTS.xml")
    options = parser.parse_args()
    if options.figures is not None:
        take_figures(options.figures)
        take_results(options.figures)
    PAGE.write_text(page(), encoding="utf-8")
    DATA.write_text(data(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
