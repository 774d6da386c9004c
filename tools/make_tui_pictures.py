"""Takes the README's pictures of the terminal UI from a real demo session in a real pty, as SVG.

python tools/make_tui_pictures.py FOLDER: writes tui-protocols.svg, tui-adjust.svg, tui-run.svg.
The pictures are those that Ctrl-S saves, so they are what a person saw.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from stimctl.testing.demo import ENTER, UP, DemoSession

_SAVE = b"\x13"
_PROTOCOL = "nmes-tka"


def main() -> int:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session = DemoSession(folder)
        try:
            _play(session)
        finally:
            session.close()
        for path in (folder / "state" / "screens").glob("*.svg"):
            screen = path.name.partition("-")[0]
            svg = path.read_text("utf-8").replace(name, "~")
            # No web fonts: the picture must show the same in a README viewed offline.
            svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
            svg = re.sub(r"terminal-\d+", "terminal-stimctl", svg)
            (out / f"tui-{screen}.svg").write_text(svg, "utf-8")
            print(out / f"tui-{screen}.svg")
    return 0


def _play(session: DemoSession) -> None:
    """Quadriceps after knee replacement, up to 2 mA in the first contraction."""
    terminal = session.terminal
    terminal.wait_for("0.0 mA confirmed", within_s=30)
    while f"▸ {_PROTOCOL} " not in terminal.text():
        terminal.key(UP)
        terminal.settle(0.1)
    _save(session)
    for title in ("SET-UP", "ADJUST"):
        terminal.key(ENTER)
        terminal.wait_for(f"┌ {title}")
    _save(session)
    terminal.key(ENTER)
    terminal.wait_for("READY")
    session.run()
    terminal.key(b"1")
    terminal.settle(3.5)  # the first contraction ramps up for 3 s
    for _ in range(4):
        terminal.key(UP)
        terminal.settle(0.9)
    _save(session)
    session.stop()
    terminal.key(b"q")
    terminal.end()


def _save(session: DemoSession) -> None:
    session.terminal.settle(0.3)
    session.terminal.key(_SAVE)
    session.terminal.wait_for("saved ")


if __name__ == "__main__":
    raise SystemExit(main())
