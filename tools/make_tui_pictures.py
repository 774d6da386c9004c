"""Takes the README's pictures of the terminal UI from a real demo session in a real pty, as SVG.

python tools/make_tui_pictures.py FOLDER: writes tui-protocols.svg, tui-adjust.svg, tui-run.svg.
The pictures are those that Ctrl-S saves, so they are what a person saw.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from stimctl.testing.terminal import Terminal

_UP, _DOWN, _SAVE = b"\x1b[A", b"\x1b[B", b"\x13"


def main() -> int:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "run").mkdir(mode=0o700)
        terminal = Terminal([sys.executable, "-m", "stimctl", "--demo"], _environment(folder))
        try:
            _play(terminal)
        finally:
            terminal.close()
        for path in (folder / "state" / "screens").glob("*.svg"):
            screen = path.name.partition("-")[0]
            svg = path.read_text("utf-8").replace(name, "~")
            # No web fonts: the picture must show the same in a README viewed offline.
            svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
            svg = re.sub(r"terminal-\d+", "terminal-stimctl", svg)
            (out / f"tui-{screen}.svg").write_text(svg, "utf-8")
            print(out / f"tui-{screen}.svg")
    return 0


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "SSH_CONNECTION")}
    return {
        **kept, "XDG_RUNTIME_DIR": str(folder / "run"), "TERM": "xterm-256color",
        "STIMCTL_STATE_HOME": str(folder / "state"), "COLORTERM": "truecolor",
    }  # fmt: skip


def _play(terminal: Terminal) -> None:
    """Quadriceps after knee replacement, up to 2 mA in the first contraction."""
    terminal.wait_for("0.0 mA confirmed")
    for _ in range(5):
        terminal.key(_UP)
        terminal.settle(0.05)
    terminal.key(_DOWN)
    _save(terminal)
    for title in ("SET-UP", "ADJUST"):
        terminal.key(b"\r")
        terminal.wait_for(f"┌ {title}")
    _save(terminal)
    terminal.key(b"\r")
    terminal.wait_for("READY")
    terminal.key(b"a")
    terminal.wait_for("▲ ARMED")
    terminal.settle(0.5)
    terminal.key(b"g")
    terminal.wait_for("● STIM")
    terminal.key(b"1")
    terminal.settle(3.5)
    for _ in range(4):
        terminal.key(_UP)
        terminal.settle(0.9)
    _save(terminal)
    terminal.key(b" ")
    terminal.wait_for("■ STOPPED")
    terminal.key(b"q")
    terminal.end()


def _save(terminal: Terminal) -> None:
    terminal.settle(0.3)
    terminal.key(_SAVE)
    terminal.wait_for("saved ")


if __name__ == "__main__":
    raise SystemExit(main())
