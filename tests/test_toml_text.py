"""TOML is bounded before it is parsed, and what a person would write is far inside the bounds."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimctl.toml_text import (
    MOST_BRACKETS_OPEN,
    MOST_CHARACTERS,
    MOST_PARTS_IN_A_KEY,
    TomlBoundError,
    parse_toml,
)
from tests.support.paths import ROOT

SHIPPED = sorted((ROOT / "protocols").rglob("*.toml"))
DEEP = "a" + ".a" * 3000
BEYOND = {
    "one key of many parts": f"{DEEP} = 1",
    "a table's name": f"[{DEEP}]",
    "a table of a list": f"[[{DEEP}]]",
    "spaces around the dots": ". ".join(["a"] * 50) + " = 1",
    "quoted parts": ".".join(['"a"'] * 50) + " = 1",
    "literal parts": ".".join(["'a'"] * 50) + " = 1",
    "inside an inline table": "x = { " + ".".join("a" * 50) + " = 1 }",
    "lists in lists": "x = " + "[" * 2000 + "]" * 2000,
    "tables in tables": "x = " + "{a = " * 500 + "1" + "}" * 500,
    "behind a string with quotes": 'y = "\\"#\\\\" \n' + f"{DEEP} = 1",
    "behind a long string": f'y = """\n#"{DEEP}" \\""""\n{DEEP} = 1',
    "behind a comment": f'# \' """ \n{DEEP} = 1',
    "too large": "# " + "x" * MOST_CHARACTERS,
}


@pytest.mark.hazard("H37")
@pytest.mark.parametrize("text", BEYOND.values(), ids=BEYOND)
def test_what_is_nested_too_deeply_or_too_large_is_never_given_to_the_parser(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tomllib, "loads", lambda _: pytest.fail("it was parsed"))
    with pytest.raises(TomlBoundError):
        parse_toml(text)


def test_an_error_names_the_line() -> None:
    with pytest.raises(TomlBoundError) as caught:
        parse_toml(f'a = """\n\n"""\n# c\n{DEEP} = 1\n')
    assert caught.value.line == 5


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_protocols_are_inside_the_bounds(path: Path) -> None:
    text = path.read_text("utf-8")
    assert parse_toml(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        'note = "a.b.c.d.e.f.g.h.i.j.k [[[[[[[[[[[[[["',
        "note = 'a.b.c.d.e.f.g.h.i.j.k \\'",
        'note = """a.b.c.d.e.f.g.h.i.j\n[[[[[[[[[[[[[[[[[ \\""" """',
        "# a.b.c.d.e.f.g.h.i.j.k.l.m {{{{{{{{{{{{",
        "x = [" + ", ".join(["1.5"] * 200) + "]",
        "[channels.amplitude.range.more]\nx = 1.5",
    ],
)
def test_dots_and_brackets_in_texts_comments_and_numbers_do_not_count(text: str) -> None:
    assert parse_toml(text) == tomllib.loads(text)


@given(st.text(alphabet="ab.=[]{}\"'\\#\n, 1", max_size=80))
def test_what_passes_the_bounds_is_read_as_the_parser_reads_it(text: str) -> None:
    try:
        expected: object = tomllib.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            parse_toml(text)
        return
    try:
        assert parse_toml(text) == expected
    except TomlBoundError:
        assert text.count(".") >= MOST_PARTS_IN_A_KEY or text.count("[") > MOST_BRACKETS_OPEN
