"""Every code block of the pages is run, or says in its first line why not; then it is read."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import webbrowser
from pathlib import Path
from typing import Any

import pytest
import yaml

from stimctl.__main__ import main
from stimctl.cli.verbs import load
from stimctl.session.config import SECOND
from stimctl.session.intents import Close, Stop
from stimctl.session.states import State
from tests.support.page_blocks import ROOT, Block, Command, blocks_of, commands_of, pages
from tests.support.recorded import record
from tests.support.session_world import BY_SCRIPT, plan_of, running

BLOCKS = {path: blocks_of(path) for path in pages()}
ALL = [block for blocks in BLOCKS.values() for block in blocks]
LANGUAGES = {"sh", "console", "python", "toml", "yaml", "json", "sql", "text", "js", "html"}
#: Pages whose blocks are run in their order by a test of their own, which sets up what they need.
ELSEWHERE = {
    "docs/how-to/many-stations.md": "tests/sync/test_sync_page.py",
    "docs/how-to/lock-step.md": "tests/faultlib/test_lockstep_contract.py",
}
#: A rehearsal in percent takes half a minute.
SLOW = {"percent-sessions.md"}
#: Named on a page, and somewhere else here.
_PLACES = {"/media/usb": "usb", "/srv/protocols": "clinic-protocols", "/home/stim": "stim"}
_FINGERPRINT = re.compile(r"\b[0-9a-f]{4}(?:-[0-9a-f]{4}){7}\b")


def read(block: Block) -> None:
    """Whether a block is what its language says."""
    if block.language in ("sh", "console"):
        if block.language == "sh":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True, timeout=60)
        for command in commands_of(block):
            read_options(command)
    elif block.language == "python":
        compile(block.text, block.name, "exec")
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "yaml":
        assert yaml.safe_load(block.text)
    elif block.language == "json":
        for line in [block.text] if block.text.startswith("{\n") else block.text.splitlines():
            json.loads(line)


def read_options(command: Command) -> None:
    """Whether the program knows the command and each of its options; nothing is done."""
    if command.words[0] != "stimctl" or command.words[1].startswith("-"):
        return
    verb: Any = load(command.words[1])
    words = list(command.words[2:])
    while words and words[0] in getattr(verb, "commands", {}):
        verb = verb.commands[words.pop(0)]
    # A group takes its first verb where none is named; --help and lists end the program.
    if words and not getattr(verb, "commands", {}) and not {"list", "--help"} & set(words):
        verb.make_context("stimctl", words)


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.name)
def test_a_block_is_of_a_known_language_and_can_be_read(block: Block) -> None:
    # What Sphinx makes something of is no example.
    if not block.language.startswith("{"):
        assert block.language in LANGUAGES, "name its language: sh, console, python, text, ..."
        read(block)


def test_the_pages_that_have_a_test_of_their_own_have_it() -> None:
    for page, test in ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with two sessions of two people."""
    state = tmp_path_factory.mktemp("recorded") / "state"
    plan = plan_of("nmes-tka", 12_000, duration_s=480, site="left-quadriceps")
    bench = running(plan, BY_SCRIPT)
    bench.run_for(20 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.command(Close())
    for day, person in enumerate(("P-017", "K-17")):
        record(bench, state / "journal", person=person, day=day)
    return state


class Sandbox:
    """Where the commands of one page are run, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys
        self._last = ""

    def run(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> str:
        """What is wrong with it, or ""."""
        if command.words[0] == "make":
            known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
            return "" if set(command.words[1:]) <= set(known) else "no such target of make"
        if command.words[0] == "source":
            return ""
        if command.words[0] != "stimctl":
            return "only commands of stimctl are run here: write '# not run: WHY' above it"
        if command.is_live:  # `read` has looked at its options
            return ""
        for name, value in command.variables:
            monkeypatch.setenv(name, self._here(value))
        given = io.TextIOWrapper(io.BytesIO(self._given(command).encode()))
        monkeypatch.setattr(sys, "stdin", given)
        code = main([self._here(word) for word in command.words[1:]])
        told = self._capsys.readouterr()
        if found := _FINGERPRINT.findall(told.out):
            self._last = found[-1]
        if command.to_file:
            (self._folder / command.to_file).write_text(told.out, encoding="utf-8")
        return "" if code == command.code else f"exit code {code}: {told.out}{told.err}"

    def _given(self, command: Command) -> str:
        if command.from_file:
            return (self._folder / command.from_file).read_text(encoding="utf-8")
        return command.given

    def _here(self, word: str) -> str:
        for place, name in _PLACES.items():
            word = word.replace(place, str(self._folder / name))
        return _FINGERPRINT.sub(self._last, word) if self._last else word


@pytest.fixture
def sandbox(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Sandbox:  # fmt: skip
    for name in [name for name in os.environ if name.startswith("STIMCTL_")]:
        monkeypatch.delenv(name)
    shutil.copytree(recorded, tmp_path / "state")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name in ("usb", "clinic-protocols", "stim"):
        (tmp_path / name).mkdir()
    shipped = (ROOT / "protocols" / "nmes-tka.toml").read_text(encoding="utf-8")
    ours = tmp_path / "clinic-protocols" / "our-tka.toml"
    ours.write_text(shipped.replace('id = "nmes-tka"', 'id = "our-tka"'), encoding="utf-8")
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("STIMCTL_PROTOCOLS", str(tmp_path / "protocols"))
    monkeypatch.setattr(webbrowser, "open", lambda *_: True)
    monkeypatch.chdir(tmp_path)
    return Sandbox(tmp_path, capsys)


def runs_here(block: Block) -> bool:
    # The tests of examples run what their pages name; recorded JSON is compared elsewhere.
    if block.page.startswith("examples/") or block.page == "docs/reference/json.md":
        return False
    return not block.not_run and block.page not in ELSEWHERE


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.soak] if path.name in SLOW else [])
        for path, blocks in BLOCKS.items()
        if any(map(runs_here, blocks))
    ],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_the_blocks_of_a_page_do_what_they_say(
    path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong: list[str] = []
    for block in filter(runs_here, BLOCKS[path]):
        if block.file:
            (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        if block.language in ("sh", "console"):
            for command in commands_of(block):
                said = is_run_later(command, tmp_path) or sandbox.run(command, monkeypatch)
                if isinstance(said, str) and said:
                    wrong.append(f"{block.name}: {' '.join(command.words)}: {said}")
        elif block.language == "python" and not is_slow(block):
            exec(compile(block.text, block.name, "exec"), {"__name__": "page"})  # noqa: S102
    assert wrong == []


def is_slow(block: Block) -> bool:
    """A program with a device, or a test: it takes real time, and the walks run it."""
    return bool(block.file) or "stimctl.connect" in block.text or "def test_" in block.text


def is_run_later(command: Command, folder: Path) -> bool:
    """`python NAME` and `pytest` of a file of the page: the walk over the page runs it."""
    return command.words[0] == "pytest" or (
        command.words[0] == "python" and (folder / command.words[-1]).exists()
    )


PROGRAMS = [
    block
    for block in ALL
    if block.language == "python" and not (block.file or block.not_run or "examples/" in block.page)
]


@pytest.mark.soak
@pytest.mark.pty
@pytest.mark.parametrize(
    "block", [block for block in PROGRAMS if is_slow(block)], ids=lambda block: block.name
)
def test_a_program_of_a_page_runs(block: Block, tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text(block.text, encoding="utf-8")
    how = ["-m", "pytest", "-q"] if "def test_" in block.text else []
    environment = {**os.environ, "STIMCTL_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, *how, "test_page.py"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
