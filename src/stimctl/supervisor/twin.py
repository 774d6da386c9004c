"""Twins that stimctl starts for `sim:FAMILY`, each a process behind a pty, and which still run.

A twin outlives the supervisor, as a device would, and ends itself when nobody has talked to it for
longer than its watchdog. On the stop path: what starts a twin imports more, and late.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from stimctl.devices.family import family_row
from stimctl.errors import NoDeviceError
from stimctl.supervisor.locks import candidates, start_time_of, sub_folder
from stimctl.supervisor.runtime_folders import login_is_used

# More than the 2 s watchdog of a P24, so that a test or a person can see it act.
IDLE_EXIT_S = 10
_READY_WITHIN_S = 10.0
# A file for the twin's own record of what reached the electrodes.
RECORD_VARIABLE = "STIMCTL_TWIN_RECORD"
# More options of `python -m firmware_sim FAMILY`, as in a shell.
OPTIONS_VARIABLE = "STIMCTL_TWIN_OPTIONS"
# Kept, so that Python does not report a child as forgotten: a twin is left to itself.
_children: list[object] = []


class Twin(NamedTuple):
    """A running twin: the pty to open, and its process."""

    address: str
    pid: int


def twin_name(family: str) -> str:
    """What `python -m firmware_sim` calls the twin of a family."""
    return family_row(family).twin


def launch_twin(family: str) -> Twin:
    """Start a twin and wait until it is ready.

    The environment variables `STIMCTL_TWIN_RECORD` (file for its record, or a folder for one of
    its own) and `STIMCTL_TWIN_OPTIONS` (further options, e.g. `--load 2000 --seed 7`) are handed to
    it. Raises `NoDeviceError` if it does not start.
    """
    import secrets  # these cost 15 ms that the stop path does not have to pay
    import shlex
    import subprocess

    folder = sub_folder("twins")
    _forget_the_dead(folder)
    name = f"{family}-{secrets.token_hex(4)}"
    link, told = folder / f"{name}.pty", folder / f"{name}.out"
    command = [sys.executable, "-P", "-m", "firmware_sim", twin_name(family), "--link", str(link)]
    command += ["--idle-exit", str(IDLE_EXIT_S)]
    if record := os.environ.get(RECORD_VARIABLE):
        place = Path(record)
        command += ["--record", str(place / f"{name}.jsonl" if place.is_dir() else place)]
    command += shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))
    # A file, not a pipe: a twin that outlives us must not die of a closed pipe when it says
    # something.
    with told.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )
    _children.append(process)
    _write_note(folder / f"{name}.json", process.pid, str(link))
    give_up = time.monotonic() + _READY_WITHIN_S
    while not told.read_bytes().startswith(b"ready "):
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            raise NoDeviceError(
                f"the digital twin of {family} did not start",
                why=told.read_text("utf-8", "replace").strip()[-400:] or "it said nothing",
                what_to_do=f"try `{shlex.join(command)}`",
            )
        time.sleep(0.005)
    return Twin(str(link), process.pid)


def twin_place(family: str) -> Path:
    """A free path for the pty of a twin that somebody else starts."""
    import secrets

    folder = sub_folder("twins")
    _forget_the_dead(folder)
    return folder / f"{family}-{secrets.token_hex(4)}.pty"


def announce_twin(family: str, address: str) -> None:
    """Note that this process is about to become a twin at `address`, so that a stop finds it."""
    folder = sub_folder("twins")
    name = Path(address).stem if Path(address).parent == folder else f"{family}-{os.getpid()}"
    _write_note(folder / f"{name}.json", os.getpid(), address)


def running_twins(family: str) -> list[str]:
    """The addresses of every running twin of this family of this user, whoever started it."""
    from stimctl.supervisor.foreign_twins import foreign_twins

    twins = [twin for note in _notes(family) if (twin := _living(note)) is not None]
    known = [twin.address for twin in twins if "://" in twin.address or Path(twin.address).exists()]
    return known + foreign_twins(family, frozenset(twin.pid for twin in twins))


def _notes(family: str) -> list[Path]:
    """In every folder that a program of this user may have taken.

    But where our login has a folder, what was started without any belongs to no login, or to a
    test, and is left alone; what could not use its own is not.
    """
    by_login = login_is_used()
    found = []
    for folder in _twin_folders():
        notes = _listed(folder, f"{family}-")
        shared = by_login and "stimctl-" in folder.parent.name
        found += [note for note in notes if not shared or _said(note).get("login")]
    return found


def _twin_folders() -> list[Path]:
    return [folder / "twins" for folder in candidates()]


def _listed(folder: Path, begin: str) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - the names are all that is needed
    except OSError:
        return []
    return [folder / name for name in names if name.startswith(begin) and name.endswith(".json")]


def is_dead_twin(address: str) -> bool:
    """True for the place of a twin that has ended: its pty's number may be somebody else's now.

    Where that cannot be read it is not known, and the port is to be tried.
    """
    place = Path(address)
    if place.suffix != ".pty" or not place.is_absolute():
        return False
    note = place.with_suffix(".json")
    if not os.path.lexists(note):
        return place.parent in _twin_folders() and os.access(place.parent, os.R_OK | os.X_OK)
    try:
        note.read_bytes()
    except OSError:
        return False
    twin = _living(note)
    return twin is None or twin.address != address


def _write_note(path: Path, pid: int, link: str) -> None:
    import json

    note = {"pid": pid, "start_time": start_time_of(pid), "link": link}
    note["login"] = os.environ.get("XDG_RUNTIME_DIR", "")
    path.write_text(json.dumps(note), "utf-8")


def _said(note: Path) -> dict[str, object]:
    import json

    try:
        said = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _living(note: Path) -> Twin | None:
    # A link alone proves nothing: the pty's number may be somebody's terminal by now.
    try:
        said = _said(note)
        started = start_time_of(int(str(said["pid"])))
        alive = started and started == said["start_time"]
        return Twin(str(said["link"]), int(str(said["pid"]))) if alive else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _forget_the_dead(folder: Path) -> None:
    for note in folder.glob("*.json"):
        if _living(note) is None:
            for suffix in (".json", ".pty", ".out"):
                note.with_suffix(suffix).unlink(missing_ok=True)
