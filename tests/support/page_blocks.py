"""The code blocks of the pages, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^( *)(`{3,})([^\n]*)\n(.*?)^\1\2$", re.M | re.S)
_MARK = re.compile(r"(?:#|--|//) not run: (.+)")
_EXIT = re.compile(r"#.*exit code (\d+)")
_VARIABLE = re.compile(r"([A-Z_]+)=(.*)")
#: They wait for people, time or a device: their options are read, and `make soak` runs them.
LIVE = {"run", "stop", "identify", "sim", "replay", "stop-face test", "people erase", "commission",
        "capture"}  # fmt: skip


def pages() -> list[Path]:
    """Every page of the site."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "protocols" / "README.md"]
    return sorted([*found, *ROOT.glob("examples/**/README.md")])


@dataclass(frozen=True)
class Block:
    """One code block. `file`: the name under which the page has it saved (`file=NAME`)."""

    page: str
    line: int
    language: str
    file: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def not_run(self) -> str:
        """Why it is not run, as its first line says; "" where it is."""
        mark = _MARK.match(self.text)
        return mark[1].strip() if mark else ""


def blocks_of(path: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    text = path.read_text(encoding="utf-8")
    page = path.relative_to(ROOT).as_posix()
    found = []
    for match in _FENCE.finditer(text):
        language, _, rest = match[3].strip().partition(" ")
        file = rest.removeprefix("file=") if rest.startswith("file=") else ""
        lines = [line.removeprefix(match[1]) for line in match[4].splitlines(keepends=True)]
        number = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, number, language, file, "".join(lines)))
    return found


@dataclass(frozen=True)
class Command:
    """One command of a shell block: what it is given, and the exit code that the page promises."""

    words: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    given: str = ""
    from_file: str = ""
    to_file: str = ""
    code: int = 0

    @property
    def is_live(self) -> bool:
        """Whether it needs real time, a device or a person."""
        verb = self.words[1:3]
        return bool(verb) and (verb[0] in LIVE or " ".join(verb) in LIVE)


def commands_of(block: Block) -> Iterator[Command]:
    """The commands of a block of `sh` or `console` (there those behind `$ `)."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    for line in lines:
        if line.strip() and not line.startswith("#"):
            yield _command(line)


def _command(line: str) -> Command:
    promised = _EXIT.search(line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>")
    lexer.whitespace_split = True
    words, variables, files, given = list(lexer), [], {"<": "", ">": ""}, ""
    while words and (variable := _VARIABLE.fullmatch(words[0])):
        variables.append((variable[1], variable[2]))
        del words[0]
    if words[:1] == ["echo"] and "|" in words:
        at = words.index("|")
        given, words = " ".join(words[1:at]) + "\n", words[at + 1 :]
    for sign in files:
        if sign in words:
            at = words.index(sign)
            files[sign] = words[at + 1]
            del words[at : at + 2]
    code = int(promised[1]) if promised else 0
    return Command(tuple(words), tuple(variables), given, files["<"], files[">"], code)
