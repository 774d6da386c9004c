"""What the pytest plug-in costs a project without twins: `python -m benchmarks.bench_plugin`.

Method: a project with one empty test, and two folders of packages beside it: one has pytest and
what that needs, the other has stimctl besides, as pip would install it. `pytest` runs on one, then
on the other, warm, in turn, in an order that changes from round to round. `named_off` is the
second folder with `-p no:stimctl.testing.plugin`: pytest then still reads the list of files of each
package with a plug-in. Figures: median of the differences within a round, and median of the runs
without, in milliseconds: from start to end (`wall`), and what the process computed (`cpu`), which a
busy machine disturbs less.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUDGET_MS = 20.0
_PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")


def _pytest_alone(folder: Path) -> Path:
    """A folder of packages that has pytest and nothing else."""
    folder.mkdir()
    for name in _PYTEST:
        package = metadata.distribution(name)
        tops = {Path(str(file)).parts[0] for file in package.files or []} - {"..", "__pycache__"}
        for top in tops:
            (folder / top).symlink_to(Path(str(package.locate_file(top))))
    return folder


def _with_stimctl(bare: Path, folder: Path) -> Path:
    """The same with stimctl, and the list of its files that an installer writes."""
    shutil.copytree(bare, folder, symlinks=True)
    for source, name in (("src/stimctl", "stimctl"), ("firmware_sim", "firmware_sim")):
        shutil.copytree(ROOT / source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "protocols", folder / "stimctl" / "_protocols")
    ours = metadata.distribution("stimctl")
    info = folder / f"stimctl-{ours.version}.dist-info"
    info.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        (info / name).write_text(ours.read_text(name) or "", encoding="utf-8")
    listed = [
        path.relative_to(folder).as_posix()
        for top in ("stimctl", "firmware_sim", info.name)
        for path in (folder / top).rglob("*")
        if path.is_file()
    ]
    lines = "".join(f"{name},sha256={'0' * 43},1000\n" for name in listed)
    (info / "RECORD").write_text(lines, encoding="utf-8")
    return folder


def _run(project: Path, packages: Path, *options: str) -> tuple[float, float]:
    """One run of pytest: its time from start to end, and of its processor, in ms."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(packages),
        "PYTHONPYCACHEPREFIX": str(packages.with_suffix(".pyc")),
    }
    command = [sys.executable, "-S", "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(said.decode())
    return elapsed * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Run the pairs; medians in ms."""
    rounds = 5 if quick else 60
    shuffled = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="plugin") as made:
        folder = Path(made)
        project = folder / "project"
        project.mkdir()
        (project / "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
        bare = _pytest_alone(folder / "bare")
        whole = _with_stimctl(bare, folder / "whole")
        off = (whole, "-p", "no:stimctl.testing.plugin")
        variants: dict[str, tuple[Any, ...]] = {
            "without": (bare,), "installed": (whole,), "named_off": off,
        }  # fmt: skip
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
        for number in range(-1, rounds):
            for name in shuffled.sample(list(variants), len(variants)):
                took = _run(project, *variants[name])
                if number >= 0:  # the round before compiles
                    times[name].append(took)
    result: dict[str, Any] = {"rounds": rounds, "budget_ms": BUDGET_MS}
    for which, kind in enumerate(("wall", "cpu")):
        alone = [took[which] for took in times["without"]]
        result[kind] = {"without_ms": round(median(alone), 1)}
        for name in ("installed", "named_off"):
            more = [took[which] - one for took, one in zip(times[name], alone, strict=True)]
            result[kind][f"{name}_adds_ms"] = round(median(more), 1)
    return result


def report(result: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [f"pytest of a project without twins, {result['rounds']} rounds (medians, ms)"]
    for kind in ("wall", "cpu"):
        one = result[kind]
        lines.append(
            f"  {kind:5} without stimctl {one['without_ms']:6.1f}   installed adds "
            f"{one['installed_adds_ms']:5.1f}   switched off adds {one['named_off_adds_ms']:5.1f}"
        )
    return "\n".join([*lines, f"  budget: {result['budget_ms']:.0f} ms more"])


if __name__ == "__main__":
    print(report(measure(quick="--quick" in sys.argv)))
