"""The manual's tables are those of the program, and its keymap example is one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from stimctl.errors import UsageError
from stimctl.tui.model.keymap import read_keymap
from tools import make_keys as make

ROOT = Path(__file__).resolve().parents[2]


def test_the_tables_of_the_manual_are_up_to_date() -> None:
    text = make.PAGE.read_text("utf-8")
    assert make.page(text) == text


def test_the_keymap_of_the_manual_is_read_and_adds_a_stop_key(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "terminal-ui.md").read_text("utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.S)
    assert example is not None
    assert "stop" in tomllib.loads(example[1])["keys"]
    path = tmp_path / "keymap.toml"
    path.write_text(example[1], "utf-8")
    keymap = read_keymap({"STIMCTL_KEYMAP": str(path)})
    assert {"space", "ctrl+x", "ctrl+c", "f12", "f11"} == keymap.stop_keys
    assert keymap.action_for("u", ["raise"]) == "raise"
    assert keymap.action_for("pageup", ["raise"]) is None


@pytest.mark.hazard("H29")
@pytest.mark.parametrize(("text", "says"), [
    ("[keys]\nraise = 'space'", "STOP"), ("[keys]\nfly = 'x'", "no action"), ("[keys", "cannot be"),
    ("[keys]\nraise = 3", "needs a key"), ("[keys]\nstop = 'u'\nraise = 'u'", "is a STOP key"),
])  # fmt: skip
def test_a_keymap_that_would_weaken_stop_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "keymap.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=says):
        read_keymap({"STIMCTL_KEYMAP": str(path)})


def test_without_a_file_the_keys_are_those_of_the_table(tmp_path: Path) -> None:
    keymap = read_keymap({"XDG_CONFIG_HOME": str(tmp_path)})
    assert keymap.name_of("raise") == "↑"
