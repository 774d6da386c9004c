"""Which key does what, as data: the table of actions, and what a file adds to it.

A keymap file is TOML: `[keys]`, action id = key or list of keys. What it names is replaced, except
STOP, to which keys can only be added, and no other action may take a STOP key.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from stimctl.errors import UsageError
from stimctl.records.places import config_folder
from stimctl.toml_text import parse_toml
from stimctl.tui.model.actions import ACTION_BY_ID, ACTIONS, STOP_KEYS, key_name

VARIABLE = "STIMCTL_KEYMAP"
#: The name of an action that no key does (here).
NO_KEY = "-"


def is_typed(key: str) -> bool:
    """A text field takes this key as a character, whatever else it means."""
    return len(key) == 1 or key in ("minus", "underscore")


def is_text(key: str, character: str | None, action: str | None) -> bool:
    """A key for an open text field, where it stands for `action` outside of one."""
    if key in ("backspace", "delete"):
        return True
    special = action is not None and not is_typed(key)
    return bool(character) and character is not None and character.isprintable() and not special


class Keymap:
    """From a key to the ids it may stand for; the screen says which of them it has."""

    def __init__(self, changes: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._changes = dict(changes or {})
        self._keys = {action.id: action.keys for action in ACTIONS} | dict(changes or {})
        self._keys["stop"] = tuple(dict.fromkeys((*STOP_KEYS, *self._keys["stop"])))
        self._by_key: dict[str, list[str]] = {}
        for action in ACTIONS:
            for key in self._keys[action.id]:
                self._by_key.setdefault(key, []).append(action.id)

    @property
    def stop_keys(self) -> frozenset[str]:
        """Every key that stops."""
        return frozenset(self._keys["stop"])

    def changed(self) -> dict[str, str]:
        """What a file has changed, as Textual's keymap has it: action id to its keys."""
        return {action: ",".join(keys) for action, keys in self._changes.items()}

    def keys_of(self, action: str) -> tuple[str, ...]:
        """The keys of an action."""
        return self._keys[action]

    def name_of(self, action: str, *, typing: bool = False) -> str:
        """The first key of an action, as a person reads it; `typing`: that no text field takes."""
        keys = [key for key in self._keys[action] if not (typing and is_typed(key))]
        return key_name(keys[0]) if keys else NO_KEY

    def action_for(self, key: str, offered: Iterable[str]) -> str | None:
        """What `key` means where these actions are offered."""
        if key in self.stop_keys:
            return "stop"
        there = set(offered)
        return next((one for one in self._by_key.get(key, ()) if one in there), None)


def read_keymap(environ: Mapping[str, str] | None = None) -> Keymap:
    """The keymap, with the changes of `$STIMCTL_KEYMAP` or of the user's `keymap.toml`.

    Raises UsageError for an unknown action, or a file that would take STOP a key.
    """
    environ = os.environ if environ is None else environ
    path = _file(environ)
    if path is None or not os.path.isfile(path):  # noqa: PTH113 - also where it may not be looked at
        return Keymap()
    try:
        found = parse_toml(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"the keymap {path} cannot be read", why=str(error)) from error
    keys = found.get("keys", {})
    if not isinstance(keys, dict):
        raise UsageError(f"the keymap {path} has no table of keys", what_to_do="write [keys] first")
    return Keymap(changes_in(keys, str(path)))


def _file(environ: Mapping[str, str]) -> Path | None:
    given = environ.get(VARIABLE)
    if given:
        return Path(given)
    folder = config_folder(environ)
    return None if folder is None else folder / "keymap.toml"


def changes_in(keys: Mapping[str, object], where: str) -> dict[str, tuple[str, ...]]:
    """The checked changes of a keymap file. Raises UsageError."""
    changes: dict[str, tuple[str, ...]] = {}
    for action, wanted in keys.items():
        if action not in ACTION_BY_ID:
            known = ", ".join(ACTION_BY_ID)
            raise UsageError(f"{where}: no action {action!r}", what_to_do=f"Known: {known}")
        named = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise UsageError(f"{where}: {action} needs a key or a list of keys")
        stolen = set(named) & set(STOP_KEYS)
        if stolen and action != "stop":
            raise UsageError(
                f"{where}: {min(stolen)} cannot mean {action!r}",
                why="it stops all output, everywhere and always",
                what_to_do="choose another key; STOP keys can be added, never taken away",
            )
        changes[action] = tuple(named)
    added = set(changes.get("stop", ()))
    for action, keys_now in changes.items():
        if action != "stop" and added & set(keys_now):
            raise UsageError(f"{where}: {min(added & set(keys_now))} is a STOP key and {action}")
    return changes
