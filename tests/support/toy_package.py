"""Installs the example package into a folder, as pip does and without a network."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples" / "toy-stimulator"


def install(target: Path, source: Path = EXAMPLE, *, version: str = "") -> Path:
    """Copy its packages into `target` and write what the system of packages knows of it."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(
        source / "src", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    version = version or project["version"]
    for old in target.glob("*.dist-info"):
        shutil.rmtree(old)
    info = target / f"{project['name'].replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    told = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    (info / "METADATA").write_text(told, encoding="utf-8")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {place}" for name, place in places.items())])
        for group, places in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups) + "\n", encoding="utf-8")
    return target
