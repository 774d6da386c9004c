"""Takes the pictures of the terminal UI, as SVG, from the scenes in which the tests look at it.

python -m tools.make_tui_pictures [FOLDER]: writes tui-SCENE-THEME.svg, into docs/pictures unless
another folder is named. The screens are the real ones, over the P24 twin on a virtual bench; what
is drawn is what a terminal of 110 by 34 cells shows.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from stimctl.tui.widgets.alarm_banner import AlarmBanner
from tests.support.tui_desk import World
from tests.support.tui_scenes import SCENES

_SIZE = (110, 34)
_THEMES = ("night", "day")
#: The scene of each picture.
_PICTURES = {
    "run": "running", "run-cycle": "cycle", "run-two": "two", "run-eight": "eight",
    "protocols": "protocols", "electrodes": "setup", "settings": "adjust",
    "report": "report-after", "alarm": "alarm", "unknown": "unknown",
}  # fmt: skip


def main() -> int:
    """Every picture in both themes."""
    root = Path(__file__).resolve().parents[1]
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    for name, scene in _PICTURES.items():
        for theme in _THEMES:
            path = out / f"tui-{name}-{theme}.svg"
            path.write_text(picture(scene, theme), "utf-8")
            print(path)
    return 0


def picture(scene: str, theme: str) -> str:
    """One scene; without web fonts, so that it shows the same in a README viewed offline."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["STIMCTL_PROTOCOLS"] = f"{name}/protocols"
        world = World(Path(name) / "state", theme=theme)
        try:
            SCENES[scene](world)
            world.text(*_SIZE)
            for banner in world.ui.app.screen.query(AlarmBanner):
                banner.lit = True  # always the same half of its flash
            world.ui.settle()
            svg = world.ui.svg().replace(name, "~")
        finally:
            world.close()
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"terminal-\d+", "terminal-stimctl", svg)


if __name__ == "__main__":
    raise SystemExit(main())
