"""Makes docs/reference/cli.md from the verbs of the program.

`python -m tools.make_cli` writes the page; a test says when it is not up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from stimctl.cli.app import app
from stimctl.cli.verbs import VERBS, load
from tools.markdown import table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cli.md"
_HEAD = """# Command line

Made by `python -m tools.make_cli` from the program; do not edit.

`stimctl VERB --help` prints the same for one verb. Data goes to stdout, words to stderr. What
`--json` prints is on [a page of its own](json.md), as are the [exit codes](errors.md). An option
with `...` can be given more than once.
"""


def page() -> str:
    """The whole page."""
    from typer.main import get_command

    parts = [_HEAD, "## `stimctl`\n", "Without a verb: the terminal UI.\n"]
    parts += _parameters(get_command(app))
    for name, (_, words) in VERBS.items():
        verb = load(name)
        if words.startswith("Gone"):
            continue
        parts += _command(f"stimctl {name}", verb, "##")
    return "\n".join(parts)


def _command(name: str, command: Any, level: str) -> Iterator[str]:
    yield f"{level} `{name}`\n"
    if text := cleandoc(command.help or ""):
        yield text.replace("<", "\\<") + "\n"
    inner: dict[str, Any] = getattr(command, "commands", {})
    if not inner or command.invoke_without_command:
        usage = [name, *(_argument(one) for one in command.params if _is_argument(one))]
        if any(not _is_argument(one) for one in command.params):
            usage.insert(1, "[OPTIONS]")
        yield f"    {' '.join(usage)}\n"
        yield from _parameters(command)
    for word, one in inner.items():
        if not one.hidden:
            yield from _command(f"{name} {word}", one, level + "#")


def _parameters(command: Any) -> Iterator[str]:
    rows = [_row(one) for one in command.params if not getattr(one, "hidden", False)]
    if rows:
        yield table(("argument or option", "what", "default"), rows)


def _is_argument(one: Any) -> bool:
    return str(one.param_type_name) == "argument"


def _argument(one: Any) -> str:
    bare = (one.metavar or one.name.upper()).strip("[]").removesuffix("...")
    text = f"{bare}..." if one.nargs == -1 else bare
    return text if one.required else f"[{text}]"


def _row(one: Any) -> tuple[str, str, str]:
    if _is_argument(one):
        return f"`{_argument(one)}`", one.help or "", _default(one)
    names = ", ".join([*one.opts, *one.secondary_opts])
    value = "" if one.is_flag else f" {one.metavar or one.name.upper()}"
    more = " ..." if one.multiple else ""
    needed = " Required." if one.required else ""
    return f"`{names}{value}{more}`", f"{one.help or ''}{needed}", _default(one)


def _default(one: Any) -> str:
    given = one.default
    if given in (None, False, "", (), []) or callable(given) or "Sentinel" in type(given).__name__:
        return ""
    return f"`{given}`"


def main() -> int:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
