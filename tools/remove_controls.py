"""Removes one safety control after the other and shows that its test notices.

Every entry of `tools/removals.toml` says how a control is disabled: in `file`, the text `old`
becomes `new`. Each is done to a copy of the tree, never to the tree itself; there the named test
must fail, after it has passed on the copy as it was. A control whose removal no test notices is a
promise that nobody keeps. `tests/test_removals.py` holds that every text still fits.
What came of each is kept for `stimctl compliance`, with the day, the commit and the machine.

    python -m tools.remove_controls                  all of them, on every core
    python -m tools.remove_controls --only H12       those of one hazard, or one by its name
    python -m tools.remove_controls --markdown FILE  the table as Markdown, too
    python -m tools.remove_controls --no-record      keep no result
"""

from __future__ import annotations

import argparse
import ast
import compileall
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from py_compile import PycInvalidationMode

from stimctl.compliance import results as kept
from tools import result_file

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tools" / "removals.toml"
_COPIED = (
    "src",
    "firmware_sim",
    "protocols",
    "tests",
    "tools",
    "docs",
    "examples",
    "pyproject.toml",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".hypothesis", "pictures")
_PATIENCE_S = 300.0
_FAILED = 1  # pytest's exit code for "tests ran and some of them failed"


@dataclass(frozen=True, slots=True)
class Removal:
    """One control and the test that misses it. `gone`: what it is without, in a few words."""

    name: str
    hazards: tuple[str, ...]
    gone: str
    file: str
    old: str
    new: str
    test: str

    def disable(self, tree: Path) -> str:
        """Take the control out of a copy; gives back the text of the file as it was."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: the old text is {text.count(self.old)} times in {path}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        return text


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one removal. `noticed`: the test failed, in the way that `how` says."""

    removal: Removal
    noticed: bool
    how: str


def removals(table: Path = TABLE) -> tuple[Removal, ...]:
    """Every entry of the table; ValueError where one is not whole."""
    found = []
    for name, fields in tomllib.loads(table.read_text(encoding="utf-8")).items():
        try:
            hazards = tuple(fields.pop("hazards"))
            found.append(Removal(name, hazards, **fields))
        except (KeyError, TypeError) as error:
            raise ValueError(f"removal {name!r} is not whole: {error}") from error
    return tuple(found)


def problems(one: Removal, root: Path = ROOT) -> list[str]:
    """Why an entry proves nothing (any more); empty where it fits the tree."""
    found = []
    text = (root / one.file).read_text(encoding="utf-8")
    changed = text.replace(one.old, one.new)
    if text.count(one.old) != 1:
        found.append(f"its old text is {text.count(one.old)} times in {one.file}, not once")
    elif one.file.endswith(".py") and ast.dump(ast.parse(changed)) == _dump_of(root / one.file):
        found.append("it changes nothing")
    path, _, test = one.test.partition("::")
    if re.sub(r"\[.*", "", test) not in _functions_in(root / path):
        found.append(f"there is no test {one.test}")
    return found


@cache
def _dump_of(path: Path) -> str:
    return ast.dump(ast.parse(path.read_text(encoding="utf-8")))


@cache
def _functions_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def copy_of_tree(folder: Path) -> Path:
    """A copy in which controls can be removed."""
    for name in _COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=_LEFT_OUT)
        else:
            shutil.copy2(source, target)
    # Valid by what the sources say, not by their time: one that is changed is compiled anew.
    for name in ("src", "firmware_sim"):
        compileall.compile_dir(
            folder / name, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH
        )
    return folder


def run_tests(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """pytest's exit code and output for these tests of a copy, with the copy's own sources."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join((str(tree / "src"), str(tree)))
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # a byte code file may outlive the text it is of
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "--timeout=60",
        "--no-header",
        "--tb=short",
        *tests,
    ]
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True,
            timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _FAILED, f"E   it did not end within {_PATIENCE_S:.0f} s"
    return done.returncode, done.stdout + done.stderr


def without(one: Removal, tree: Path) -> Result:
    """Remove one control from a copy, run its test there, put the control back."""
    whole = one.disable(tree)
    try:
        code, output = run_tests(tree, [one.test])
    finally:
        (tree / one.file).write_text(whole, encoding="utf-8")
    if code == _FAILED:
        return Result(one, noticed=True, how=_reason(output))
    if code == 0:
        return Result(one, noticed=False, how="SURVIVES: the test passes without the control")
    return Result(one, noticed=False, how=f"pytest says {code}: {_reason(output)}")


def _reason(output: str) -> str:
    """The first line in which pytest says what went wrong."""
    told = re.search(r"^E\s+(.+)$", output, re.MULTILINE)
    words = told[1] if told else (output.strip().splitlines() or ["nothing was said"])[-1]
    return re.sub(r"\s+", " ", words)[:140]


def remove_each(chosen: Sequence[Removal], workers: int) -> Iterable[Result]:
    """Every result, in the order of the table; each worker has a copy of its own."""
    with tempfile.TemporaryDirectory(prefix="stimctl-removals-") as folder:
        trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(workers):
            trees.put(copy_of_tree(Path(folder, str(number))))

        def work(one: Removal) -> Result:
            tree = trees.get()
            try:
                return without(one, tree)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(work, chosen)


def untouched(chosen: Sequence[Removal]) -> tuple[int, str]:
    """The same tests on a copy with every control in its place: they have to pass."""
    with tempfile.TemporaryDirectory(prefix="stimctl-removals-") as folder:
        return run_tests(copy_of_tree(Path(folder)), sorted({one.test for one in chosen}))


def record(results: Sequence[Result]) -> None:
    """Keep what came of each, over what was kept of it before."""
    run = result_file.this_run()
    new = {
        one.removal.name: kept.Result("noticed" if one.noticed else "not noticed", run, one.how)
        for one in results
    }
    result_file.keep(result_file.REMOVALS, new, {one.name for one in removals()})


def markdown(results: Sequence[Result]) -> str:
    """The results as a table."""
    lines = [
        "| hazards | control removed | file | test that fails | how it fails |",
        "|---|---|---|---|---|",
    ]
    for one in results:
        removal = one.removal
        test = removal.test.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        cells = (", ".join(removal.hazards), removal.gone, f"`{removal.file}`", test, one.how)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _chosen(only: Sequence[str]) -> list[Removal]:
    wanted = set(only)
    return [one for one in removals() if not wanted or wanted & {one.name, one.test, *one.hazards}]


def main() -> int:
    """Exit code 1 where a removal goes unnoticed, or a test fails without one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names or hazards")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--no-record", action="store_true", help="keep no result")
    options = parser.parse_args()
    chosen = _chosen(options.only)
    if not chosen:
        parser.error("no removal has that name")
    code, output = untouched(chosen)
    if code:
        print(output)
        print("a test fails although no control was removed")
        return 1
    results = []
    for one in remove_each(chosen, max(1, options.workers)):
        results.append(one)
        hazards, mark = ", ".join(one.removal.hazards), "noticed" if one.noticed else "NOT NOTICED"
        print(f"{hazards:13} {one.removal.name:32} {mark:12} {one.how}", flush=True)
    noticed = sum(one.noticed for one in results)
    print(f"{noticed} of {len(results)} removals are noticed by their test")
    if not options.no_record:
        record(results)
    if options.markdown is not None:
        options.markdown.write_text(markdown(results), encoding="utf-8")
    return int(noticed < len(results))


if __name__ == "__main__":
    sys.exit(main())
