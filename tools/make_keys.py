"""Makes the tables of docs/how-to/terminal-ui.md from actions of the UI and its plain words.

`python tools/make_keys.py` writes them between the page's marks; a test holds them up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from stimctl.tui.model.actions import ACTIONS, Group, key_name
from stimctl.tui.plain.commands import COMMANDS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "terminal-ui.md"


def keys() -> str:
    """Every action by group: keys, id for a keymap file, what it does."""
    rows = ["| keys | id | what it does |", "|---|---|---|"]
    for group in Group:
        for one in ACTIONS:
            if one.group is group:
                names = " ".join(f"`{key_name(key)}`" for key in one.keys)
                rows.append(f"| {names} | `{one.id}` | {one.help} |")
    return "\n".join(rows)


def words() -> str:
    """Every word of the plain face."""
    rows = ["| word | what it does |", "|---|---|", "| an empty line, `stop` | all output off |"]
    rows += [f"| `{word}` | {one.help} |" for word, one in COMMANDS.items() if not word.isdigit()]
    return "\n".join(rows)


def page(text: str) -> str:
    """The page with its tables made anew. ValueError where a mark is missing."""
    for name, table in (("keys", keys()), ("words", words())):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{PAGE.name} has no place for the {name}")
        head, _, rest = text.partition(begin)
        text = f"{head}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return text


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
