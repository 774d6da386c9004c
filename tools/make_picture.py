"""Takes the README's picture: runs stimctl in a real terminal (tmux) and saves the screen as SVG.

`make picture`, or: python tools/make_picture.py OUT.svg COLUMNSxROWS SECONDS COMMAND...
Needs tmux (`apt-get install tmux`, `brew install tmux`); rich comes with textual.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

SESSION = "stimctl-picture"


def tmux(*words: str) -> str:
    done = subprocess.run(["tmux", *words], check=True, capture_output=True, text=True)
    return done.stdout


def capture(command: list[str], columns: int, rows: int, after_s: float) -> str:
    """The screen of a real terminal, with its colours, `after_s` into the command."""
    # A state folder of its own, so that no home folder's name gets into the picture.
    shell = "env PS1='$ ' STIMCTL_STATE_HOME=/tmp/stimctl-picture sh"
    tmux("new-session", "-d", "-s", SESSION, "-x", str(columns), "-y", str(rows), shell)
    try:
        tmux("send-keys", "-t", SESSION, " clear; " + " ".join(command), "Enter")
        time.sleep(after_s)
        return tmux("capture-pane", "-t", SESSION, "-e", "-p")
    finally:
        tmux("kill-session", "-t", SESSION)


def main() -> int:
    out, size, seconds, *command = sys.argv[1:]
    columns, rows = (int(part) for part in size.split("x"))
    screen = capture(command, columns, rows, float(seconds)).rstrip("\n")
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True)
        console.print(Text("$ " + " ".join(command), style="bold"))
        console.print(Text.from_ansi(screen), soft_wrap=True)
        # The default id is random: a fixed one keeps the committed picture's diff readable.
        svg = console.export_svg(title="stimctl", unique_id="stimctl")
    # No web fonts: the picture must show the same in a README viewed offline.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
    Path(out).write_text(svg, encoding="utf-8")
    print(f"{out}: {len(screen.splitlines())} lines")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
