"""The device families that can be named here, whose they are, and whether they may have a port."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from stimctl.codes import Code
from stimctl.devices.packages import Package, package_of
from stimctl.errors import BugError, StateError, StimctlError, UsageError
from stimctl.records import trusted
from stimctl.supervisor.device_names import FAMILIES, installed_families

_CHECK_WITHIN_S = 600


class Listed(NamedTuple):
    """One family. `trouble`: why it drives no device; "" where it does."""

    family: str
    package: str
    version: str
    sha256: str
    checked: bool
    trusted: bool
    trouble: str


def listed(state: Path) -> list[Listed]:
    """Every family; nothing of another package is run."""
    ours = [Listed(name, "stimctl", "", "", True, True, "") for name in FAMILIES]
    return ours + [_listed(state, name) for name in installed_families()]


def _listed(state: Path, name: str) -> Listed:
    try:
        package = package_of(name)
    except StimctlError as error:
        return Listed(name, "", "", "", False, False, str(error))
    unchecked = trusted.is_checked(state, name, package)
    is_trusted = trusted.is_trusted(state, package)
    trouble = unchecked or ("" if is_trusted else "its release is not trusted")
    return Listed(
        name, package.distribution, package.version, package.sha256, not unchecked, is_trusted,
        trouble,
    )  # fmt: skip


def check(state: Path, name: str) -> list[dict[str, Any]]:
    """Check a family in a process of its own: every check with `name`, `ok` and `detail`.

    What has passed is kept in the state folder, with the hash of the files as they were before and
    after; what has failed takes away what was kept.
    """
    if name in FAMILIES:
        raise UsageError(
            f"{name} is built in",
            why="it is checked with every release of stimctl",
            what_to_do="name a family of another package; stimctl devices list shows them",
        )
    package = package_of(name)
    checks = _in_a_process(name)
    same = package_of(name) == package
    checks.append(_said("unchanged", same, "" if same else "its files changed meanwhile"))
    if all(one["ok"] for one in checks):
        stopped = any(one["name"].startswith("stop") for one in checks)
        trusted.remember_check(state, name, package, _now(), stopped=stopped)
    else:
        trusted.forget_check(state, name)
    return checks


def _in_a_process(name: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-P", "-m", "stimctl.testing.check_driver", name]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_CHECK_WITHIN_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [_said("ends", False, f"it was not done within {_CHECK_WITHIN_S} s")]
    try:
        last = done.stdout.strip().rpartition("\n")[2]
        found = json.loads(last)["checks"]
        return [_said(str(one["name"]), one["ok"] is True, str(one["detail"])) for one in found]
    except (ValueError, KeyError, TypeError):
        why = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        return [_said("ends", False, why)]


def _said(name: str, ok: bool, detail: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail}


def release_of(text: str) -> Package:
    """The installed package whose release `text` (DIST==VERSION) names. UsageError without one."""
    known: list[str] = []
    for name in installed_families():
        try:
            package = package_of(name)
        except UsageError:
            continue
        if package.release == text:
            return package
        known.append(package.release)
    raise UsageError(
        f"{text!r} is no release of an installed driver",
        why=f"installed are: {', '.join(known) or 'none'}",
        what_to_do="write DIST==VERSION as stimctl devices list shows it",
    )


def trust(state: Path, text: str, *, said: bool) -> Package:
    """Trust a release, once somebody has said that code in the same process is not sandboxed."""
    package = release_of(text)
    if not said:
        raise StateError(
            f"{text} is not trusted",
            code=Code.DRIVER_UNTRUSTED,
            why="nobody has agreed",
            what_to_do="nothing was changed",
        )
    trusted.remember_trust(state, package.release, _now())
    if not trusted.is_trusted(state, package):
        raise BugError("a trust that was written cannot be read")
    return package


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def release(name: str) -> str:
    """The release that offers this family, as it is trusted: DIST==VERSION."""
    return package_of(name).release
