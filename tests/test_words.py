"""Plain words: what people read has no private, old-fashioned or inverted word of this list.

People read messages, help texts and pages. A word that is banned here says to a reader who does
not know this project something else, or nothing; beside it stands what to write.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from stimctl.cli.app import app
from tests.support.paths import ROOT

BANNED = {
    r"\bhot (channel|one|now)\b|\bis hot\b|\bmake .* hot\b": "selected channel",
    r"\bchannel is lost\b": "deselected",
    r"\bdead-man trip\b": "watchdog test",
    r"\bsigns? of life\b": "heartbeat",
    r"\bnothing refuses this\b": "all checks passed",
    r"\bnot told\b": "not reported",
    r"\btells no\b": "reports no",
    r"\bit was told\b": "was commanded",
    r"\bfrom memory\b": "unverified",
    r"\bin force\b": "in effect",
    r"\bnobody has said\b": "not confirmed",
    r"\buses the line\b": "another program is using the port",
    r"\bcannot be(?=[.,;:)]|$)": "invalid",
    r"(\{\}|\d|') is none(?=[.,;:)]|$)": "expected X, got Y",
    r"\bin vain\b": "no reply within 10 s",
    r"\bno day of the calendar\b": "not a valid date",
    r"\bheaps? up\b": "concentrates",
    r"\bthis answers nothing\b": "unrecognised answer",
    r"\bis no command\b": "unknown command",
    r"\ba bug of its own\b": "internal error",
    r"(?<!-)\banew\b": "again",
    r"\bborne\b": "tolerated",
    r"\bbe it\b": "even",
    r"\bof its own accord\b": "by itself",
    r"\bfor good\b": "permanently",
    r"\bis let go\b": "is released, is disconnected",
    r"\bit is so\b": "yes, confirmed",
    r"\bfar enough apart\b": "electrode spacing confirmed",
    r"\b(its|same|for) papers\b": "checklist, preconditions",
    r"\basked and used\b": "requested, the device gives",
    r"\bpapers\b": "checklist, preconditions",
    r"\bdead-man(?!-)\b": "watchdog",
    r"\bthe line is used\b|\bsomebody else uses\b": "another program is using the port",
    r"\blets? (an|the|its) [a-z ]*\bhost go\b": "disconnects",
    r"\btold to be off\b|\bheard of\b": "confirmed",
    r"(^|[.;:] )Who [^?.]*, (does|gives|puts|takes|asks|needs)\b": "subject first: 'To do X, ...'",
}
"""A pattern, and what is written instead of it."""

_UNIT = r"(mA|uA|mV|V|k?ohm|ms|us|ns|min|[mk]?Hz|[cm]m2|[mun]C|MB|[KM]iB|bytes|m?W|mJ)"
NUMBERS = {
    rf"(?<![\w=.:/#-])(\d+(\.\d+)?|\{{\}}){_UNIT}\b(?! *=)": "a space before the unit: 5 mA",
    rf"(?<![\w.])\.\d+ ?{_UNIT}\b": "a digit before the point: 0.5 mA",
    rf"\b\d+,\d+ {_UNIT}\b": "a decimal point: 0.5 mA",
    r"(?<!\.)(\d|\{\})\.\.-?(\d|\{\})": "a range: 10 us to 4.095 ms",
}
"""How numbers are written. What a person types (`1=12mA`, examples) has its own form."""
BANNED |= NUMBERS
_TYPED = re.compile(
    r"\b(such as|e\.g\.|for example:?) .*|`[^`]*`|^ *(stimctl|--)\b.*|--duration \S+"
)

_RULES = [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in BANNED.items()]
_TWO_WORDS = re.compile(r"[A-Za-z]{2,}\S*\s+\S*[A-Za-z]")

PAGES = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "protocols").glob("*.md"),
        ROOT / "docs" / "hazards.toml",
    )
    # Decision records keep the words of their day; hazards.md is made from hazards.toml and from
    # the names of tests.
    if "decisions" not in path.parts and path.name != "hazards.md"
)
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "firmware_sim").rglob("*.py")])


def banned_in(text: str) -> list[str]:
    """Each banned word of a text, with what to write instead."""
    text = _TYPED.sub("", text)
    found = [(rule.search(text), instead) for rule, instead in _RULES]
    return [f"{match.group()!r}: write {instead}" for match, instead in found if match]


def said_in(source: str) -> Iterator[tuple[int, str]]:
    """The texts of a module that may reach people: literals of two words or more, not docstrings.

    An f-string is one text, with {} where a value goes.
    """
    tree = ast.parse(source)
    apart = {
        id(part)
        for node in ast.walk(tree)
        for part in ([node.value] if isinstance(node, ast.Expr) else getattr(node, "values", []))
        if isinstance(node, (ast.Expr, ast.JoinedStr)) and isinstance(part, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = "" if id(node) in apart else node.value
        else:
            continue
        if _TWO_WORDS.search(text):
            yield node.lineno, text


def test_what_the_modules_say_is_plain() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {bad} in {text!r}"
        for path in SOURCES
        for number, text in said_in(path.read_text(encoding="utf-8"))
        if (bad := banned_in(text))
    ]
    assert found == []


def prose_of(path: Path) -> str:
    """A page without its code blocks."""
    text = re.sub(r"(?ms)^```.*?^```|^    .*?$", "", path.read_text(encoding="utf-8"))
    return " ".join(text.split())


def test_the_pages_are_plain() -> None:
    texts = {path: prose_of(path) for path in PAGES}
    assert {path.name: bad for path, text in texts.items() if (bad := banned_in(text))} == {}


def help_texts(command: Any, name: str, parent: Any = None) -> Iterator[tuple[str, str]]:
    """The help of a verb, and of each verb under it."""
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    yield context.command_path, command.get_help(context)
    if hasattr(command, "list_commands"):
        for under in command.list_commands(context):
            yield from help_texts(command.get_command(context, under), under, context)


def test_every_help_text_is_plain() -> None:
    shown = dict(help_texts(get_command(app), "stimctl"))
    assert {"stimctl run", "stimctl sessions verify", "stimctl stop-face test"} <= shown.keys()
    assert {
        way: bad for way, text in shown.items() if (bad := banned_in(" ".join(text.split())))
    } == {}


@pytest.mark.parametrize(
    "text",
    [
        "channel 1 is hot now", "make channel 2 the hot one", "'arm' was in vain",
        "an electrode area of 5 mm2 cannot be", "5 is none", "the heartbeat is borne",
        "the device tells no serial number", "nobody has said that the pads are far enough apart",
        "the maximum is 5mA", "lower it by .5 mA", "raise it by 0,5 mA", "takes from 1..9 us",
        "answers within 20ms",
        "the dead-man ended it", "it asks for the same papers", "this lets an idle host go",
        "stopped of its own accord", "Who wants more, gives a rule", "limits from memory",
    ],
)  # fmt: skip
def test_a_banned_word_is_found(text: str) -> None:
    assert banned_in(text)
    assert [said for _line, said in said_in(f"def f():\n    '''{text}'''\n    g({text!r})")] == [
        text
    ]
    assert [said for _line, said in said_in(f'x = f"{{n}}: {text}"')] == [f"{{}}: {text}"]


@pytest.mark.parametrize(
    "text",
    [
        "a screenshot", "it cannot be opened", "result 3 is none of 0, 1", "hot channels?",
        "Who is in charge?", "an old hotel", "5 mA", "a pulse of 0.5 mA", "10 us to 4.095 ms",
        "a shorter session, e.g. 30s or 5min", "write `1=12mA`", "29:57 left", "dead-man-missing",
    ],
)  # fmt: skip
def test_other_words_are_not(text: str) -> None:
    assert not banned_in(text) or text == "hot channels?"
