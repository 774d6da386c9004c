"""The line finder agrees with tomllib about what is where, and never raises."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from stimctl.treatment.locate import Path, key_lines, line_of


def paths_in(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_in(item, (*path, index))


HARD = r'''
# a comment with [brackets] and "quotes"
top = 1
"quoted key" = "a # no comment"
'single.quoted' = 'back\slash'
"escaped \" \u00e9 key" = "x"
a.b.c = 1
a . "b" . d = 2
text = """
[not.a.table]
key = "inside a string"
with \""" escaped quotes, and two at the end""""" # end
raw = @@@
'[[also.not]]\
@@@
list = [ # with comments
  "one, two", # ]
  [1, 2],
  { x = 1, y.z = [ { deep = true } ] },
]
inline = { one = "1", two = { three = 3 } }
when = 1979-05-27 07:32:00
[table]
key = 1
[table.sub."dotted.name"]
key = 2
[[array]]
key = 3
[array.sub]
key = 4
[[array.inner]]
key = 5
[[array.inner]]
key = 6
[[array]]
[[array.inner]]
key = 7
'''.replace("@@@", "'" * 3)


def test_every_path_tomllib_sees_has_a_line() -> None:
    lines = key_lines(HARD)
    assert [path for path in paths_in(tomllib.loads(HARD)) if path not in lines] == []
    assert [path for path in lines if path not in set(paths_in(tomllib.loads(HARD)))] == []


@pytest.mark.parametrize(
    ("path", "start"),
    [
        (("top",), "top = 1"),
        (("quoted key",), '"quoted key"'),
        (('escaped " é key',), '"escaped'),
        (("a", "b", "c"), "a.b.c"),
        (("a", "b", "d"), "a . "),
        (("list",), "list = ["),
        (("list", 0), '  "one, two"'),
        (("list", 2, "y", "z", 0, "deep"), "  { x = 1"),
        (("inline", "two", "three"), "inline"),
        (("when",), "when"),
        (("table",), "[table]"),
        (("table", "sub", "dotted.name", "key"), "key = 2"),
        (("array", 0, "sub", "key"), "key = 4"),
        (("array", 0, "inner", 1, "key"), "key = 6"),
        (("array", 1, "inner", 0, "key"), "key = 7"),
    ],
)
def test_a_path_is_found_on_the_line_where_it_is_written(path: Path, start: str) -> None:
    line = key_lines(HARD)[path]
    assert HARD.split("\n")[line - 1].startswith(start)


def test_an_unknown_path_gets_the_line_of_what_is_around_it() -> None:
    lines = key_lines("a = 1\n[b]\nc = 2\n")
    assert line_of(lines, ("b", "missing", 0, "x")) == 2
    assert line_of(lines, ("nowhere",)) == 1
    assert line_of({}, ()) == 1


@pytest.mark.parametrize(
    "text",
    ["", "=", "[", "[[", "[a", "a", "a.", 'a = "', "a = '''", 'a = """\\', "a = [1", "a = {b",
     'a = {b = 1 c = 2}', "a = [1 2]", '"\\uD8', '"\\UFFFFFFFF" = 1', "a = [" * 5000, "\x00", "]"],
)  # fmt: skip
def test_what_is_not_toml_is_read_as_far_as_it_goes(text: str) -> None:
    assert all(line >= 1 for line in key_lines(text).values())


def test_carriage_returns_do_not_shift_lines() -> None:
    assert key_lines("a = 1\r\n\r\n[b]\r\nc = 2\r\n")[("b", "c")] == 4
