"""Keeps the last result of each test and removal, with the day, the commit and the machine.

`make hazards` and `make removals` write here; `stimctl compliance` reads it, also from a wheel.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

from stimctl.compliance import packaged
from stimctl.compliance.results import Result, Run, content_of, results_from
from stimctl.version import code_digest

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src" / "stimctl" / "compliance" / "data"
TESTS = DATA / packaged.TESTS
REMOVALS = DATA / packaged.REMOVALS


def this_run() -> Run:
    """The run that is now: commit, code and machine; the machine without its name."""
    changes = _git("status", "--porcelain", "--", "src", "firmware_sim", "tests", "protocols")
    return Run(
        utc=datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        commit=_git("rev-parse", "--short=12", "HEAD"),
        changed=any(_counts(line) for line in changes.splitlines()),
        code_sha256=code_digest(),
        system=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        python=platform.python_version(),
    )


def _counts(line: str) -> bool:
    """Whether a changed file says anything about what was run: these records do not."""
    return DATA.relative_to(ROOT).as_posix() not in line


def keep(path: Path, new: Mapping[str, Result], known: Collection[str]) -> None:
    """Put new results over those in the file, and leave out what is in `known` no longer."""
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    kept = {**results_from(old), **new}
    content = content_of({name: one for name, one in kept.items() if name in known})
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _git(*arguments: str) -> str:
    """What git says in this repository; empty where there is none."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.rstrip() if done.returncode == 0 else ""
