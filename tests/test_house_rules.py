"""The architecture's rules that a linter cannot see, held by machine."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
import tty
from functools import cache
from pathlib import Path

import pytest

from stimctl.devices.family import NAMES
from tests.support.own_pty import own_pty

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "stimctl"
PURE = ("session", "treatment", "devices", "wire", "safety", "stimulus")
PURE_MODULES = ("quantity.py", "errors.py")


def modules_of(*parts: str) -> list[Path]:
    found: list[Path] = []
    for part in parts:
        path = SRC / part
        found.extend([path] if path.is_file() else sorted(path.rglob("*.py")))
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(path: Path) -> list[ast.Call]:
    tree = tree_of(path)
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@cache
def packages_imported(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return frozenset(found)


def loaded_after(statement: str) -> set[str]:
    """Names of the modules a fresh interpreter holds after `statement`."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("path", modules_of(*PURE, *PURE_MODULES), ids=lambda p: p.stem)
def test_the_pure_core_opens_no_file(path: Path) -> None:
    names = {call.func.id for call in calls(path) if isinstance(call.func, ast.Name)}
    assert "open" not in names


def test_pydantic_back_doors_are_used_nowhere_in_the_sources() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SRC.rglob("*.py")
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in {"model_construct", "model_copy"}
    ]
    assert offenders == []


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("serial", {"supervisor/port.py", "supervisor/stop.py"}),
        ("textual", {"tui/"}),
        ("numpy", set()),
        ("cryptography", {"records/ed25519.py"}),
        ("psycopg", {"sync/server.py"}),
        ("jinja2", {"report/page.py"}),
        ("weasyprint", {"report/pdf.py"}),
        ("pyarrow", set()),  # `export/parquet.py` asks for it by name, when it is needed
    ],
)
def test_a_package_is_imported_only_where_the_architecture_lets_it(
    package: str, allowed: set[str]
) -> None:
    users = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if package in packages_imported(path)
    }
    assert {user for user in users if not user.startswith(tuple(allowed))} == set()


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import stimctl.supervisor.stop", {"pydantic", "textual", "typer", "dataclasses"}),
        ("import stimctl", {"pydantic", "textual", "typer", "serial"}),
        ("import stimctl.cli.app", {"textual", "pydantic", "serial", "stimctl.cli.run"}),
        ("import stimctl.cli.session_list, stimctl.records.sessions", {"pydantic", "typer"}),
        ("import stimctl.supervisor.serve", {"cryptography", "textual", "typer"}),
        ("import stimctl.records.checked, stimctl.records.backup", {"cryptography"}),
        ("import firmware_sim.__main__", {"stimctl", "pydantic", "textual"}),
    ],
)
def test_a_light_path_stays_light(statement: str, absent: set[str]) -> None:
    assert loaded_after(statement) & absent == set()


# Each of them takes time of the 60 ms to the first byte of a stop; `typing` alone takes 5.
HEAVY = {
    "argparse", "collections", "contextlib", "dataclasses", "enum", "functools", "importlib.util",
    "inspect", "ipaddress", "json", "logging", "pathlib", "pydantic", "re", "serial", "signal",
    "socket", "struct", "subprocess", "textual", "threading", "typer", "typing", "urllib.parse",
    "zlib", "stimctl.errors", "stimctl.supervisor.holders", "stimctl.supervisor.locks",
    "stimctl.supervisor.stop_outcome", "stimctl.supervisor.twin",
    "stimctl.wire.sciencemode4.framing",
}  # fmt: skip
UNTIL_FIRST_BYTE = """
import os, sys
whole = os.write

def first(fd, data):
    if not os.isatty(fd):
        return whole(fd, data)
    whole(1, " ".join(sys.modules).encode())
    os._exit(0)

os.write = first
from stimctl.__main__ import main
main(["stop", sys.argv[1]])
"""


@pytest.mark.parametrize(
    ("family", "needed"),
    [("p24", set()), ("rehamove3", set()), ("rehastim2", {"struct"}), ("openemsstim", set())],
)
def test_a_stop_has_loaded_nothing_heavy_when_it_sends_its_first_byte(
    family: str, needed: set[str]
) -> None:
    master, slave = own_pty()
    tty.setraw(slave)
    command = [sys.executable, "-S", "-c", UNTIL_FIRST_BYTE, f"{family}:{os.ttyname(slave)}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60,
            env={**os.environ, "PYTHONPATH": str(SRC.parent)},
        )  # fmt: skip
    finally:
        os.close(master)
        os.close(slave)
    loaded = set(done.stdout.split())
    assert "stimctl.supervisor.stop_direct" in loaded, done.stderr
    assert loaded & HEAVY == needed


@pytest.mark.parametrize(
    "path",
    sorted([*SRC.rglob("*.py"), *(ROOT / "firmware_sim").rglob("*.py")]),
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_a_module_says_in_its_first_line_why_it_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        pytest.skip("an empty package marker")
    doc = ast.get_docstring(tree_of(path))
    assert doc, f"{path} has no docstring"
    assert len(text.splitlines()) <= 400, f"{path} has more than one reason to exist"


@pytest.mark.hazard("H53")
def test_every_library_we_run_on_is_bounded_from_above() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    unbounded = [one for one in project["dependencies"] if "<" not in one and "==" not in one]
    assert unbounded == []


def test_the_repository_names_no_issue_and_no_foreign_path() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    forbidden = re.compile(r"\.\./" + r"shared|/wo" + r"rk/|issue " + r"#?\d")
    offenders = []
    for name in listed.stdout.split("\n"):
        path = ROOT / name
        if not name or not path.is_file() or path.suffix in {".png", ".svg", ".pdf"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if forbidden.search(line):
                offenders.append(f"{name}:{number}")
    assert offenders == []


# The RehaMove3 before it has its rows, too.
FAMILIES = "|".join(sorted({*NAMES, "rehamove3"}))
FAMILY_WORDS = re.compile(rf"(?<!\w)({FAMILIES})(?!\w)")
#: The two tables, and what belongs to one family: its folders and its modules, by their name.
TABLES = {"src/stimctl/devices/family.py", "firmware_sim/devices.py"}
FAMILY_PLACES = re.compile(
    rf"src/stimctl/(devices|wire)/({FAMILIES})/"
    rf"|firmware_sim/(firmware|invariant)/({FAMILIES})(_\w+)?[./]"
)


def docstring_lines(tree: ast.AST) -> set[int]:
    """The lines of every string that is a statement of its own."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def families_named(source: str) -> list[tuple[int, str]]:
    """Where the code, comments and docstrings left aside, names a device family."""
    if not FAMILY_WORDS.search(source):
        return []
    prose = docstring_lines(ast.parse(source))
    return [
        (token.start[0], found.group())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type != tokenize.COMMENT and token.start[0] not in prose
        for found in FAMILY_WORDS.finditer(token.string)
    ]


def test_no_code_but_the_two_tables_and_its_own_names_a_device_family() -> None:
    found = []
    for path in sorted([*SRC.rglob("*.py"), *(ROOT / "firmware_sim").rglob("*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if name not in TABLES and not FAMILY_PLACES.match(name):
            named = families_named(path.read_text(encoding="utf-8"))
            found += [f"{name}:{line}: {word}" for line, word in named]
    assert found == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('DEVICE = "p24"', ["p24"]),
        ('def f(family="rehastim2"): ...', ["rehastim2"]),
        ("import x.openemsstim.y", ["openemsstim"]),
        ('TEXT = f"sim:p24 or {name}"', ["p24"]),
        ('TEXT = """\nfor example\np24:/dev/ttyACM0"""', ["p24"]),
        ("it.p24.crash()", ["p24"]),
        ('"""A P24, or p24."""\n# p24\nx = 1  # p24', []),
        ('def f():\n    """As\n    p24."""', []),
        ("from x import p24_twin, P24Driver", []),
    ],
)
def test_a_name_of_a_family_is_seen_in_code_and_not_in_prose(source: str, words: list[str]) -> None:
    assert [word for _, word in families_named(source)] == words


def test_no_test_or_tool_makes_an_import_path_of_its_own() -> None:
    """What tests share is in `tests.support`; pyproject's `pythonpath` finds it."""
    folders = [ROOT / name for name in ("tests", "benchmarks", "tools", "examples")]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    own = "sys." + "path"
    assert [path for path in files if re.search(rf"{own}\b", path.read_text("utf-8"))] == []
    roots = ("tests", "soak", "support")
    outside = [
        path
        for path in (ROOT / "tests").rglob("*.py")
        if path.parent.name not in roots and not path.name.startswith(("test_", "conftest"))
    ]
    assert {path.name for path in outside} <= PROGRAMS_OF_TESTS


# Started by their path, in a process of their own; nobody imports them.
PROGRAMS_OF_TESTS = {
    "forking_program.py", "ems_program.py", "pysciencemode_program.py", "sitecustomize.py",
}  # fmt: skip
