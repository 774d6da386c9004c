"""`make dist`: builds wheel and source distribution twice, compares both, puts them into dist/.

The two builds start from copies of what git tracks, in folders of other names, with other times,
under another umask. Then both are checked as a package index checks them, and the files for the
forge by their schemas. Unless --quick is given, the tests of the source distribution are collected
from it alone (20 s).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Files that others read, by the schema each must fit.
SCHEMAS = {
    "citation-file-format": ["CITATION.cff"],
    "dependabot": [".github/dependabot.yml"],
    "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "github-issue-forms": [".github/ISSUE_TEMPLATE/[!c]*.yml"],
    "github-workflows": [".github/workflows/*.yml"],
}
#: Not in the source distribution: git's own files are of use in a clone only.
_OF_A_CLONE = {".gitattributes", ".gitmodules"}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        first = build(Path(folder, "a"), umask=0o022, time_s=1_000_000_000)
        second = build(Path(folder, "another-folder", "b"), umask=0o077, time_s=1_700_000_000)
        digests = [{path.name: digest(path) for path in made} for made in (first, second)]
        if digests[0] != digests[1]:
            print(f"the two builds differ: {digests}", file=sys.stderr)
            return 1
        (source,) = [path for path in first if path.suffix == ".gz"]
        (wheel,) = [path for path in first if path.suffix == ".whl"]
        missing = set(tracked()) - names_in(source) - _OF_A_CLONE
        if missing:
            print(f"not in {source.name}: {', '.join(sorted(missing))}", file=sys.stderr)
            return 1
        run("twine", "check", "--strict", *map(str, first))
        run("check_wheel_contents", "--config", str(ROOT / "pyproject.toml"), str(wheel))
        for schema, patterns in SCHEMAS.items():
            files = [str(path) for one in patterns for path in sorted(ROOT.glob(one))]
            run("check_jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
        if "--quick" not in sys.argv:
            collect(source, Path(folder, "unpacked"))
        shutil.rmtree(ROOT / "dist", ignore_errors=True)
        shutil.copytree(wheel.parent, ROOT / "dist")
    lines = [f"{value}  {name}\n" for name, value in sorted(digests[0].items())]
    print("built twice, byte for byte the same, now in dist/:\n" + "".join(lines), end="")
    return 0


def build(folder: Path, *, umask: int, time_s: int) -> list[Path]:
    """Build both from a copy of what git tracks; returns them."""
    copy = folder / "stimctl"
    for name in tracked():
        there = copy / name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, there)
        there.chmod((ROOT / name).stat().st_mode & 0o777 & ~umask)
        os.utime(there, (time_s, time_s))
    out = folder / "out"
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)],
        check=True, stdout=subprocess.DEVNULL, env=environment, umask=umask,
    )  # fmt: skip
    return sorted(out.iterdir())


def tracked() -> list[str]:
    """What git tracks; all there is where this is no clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def names_in(source: Path) -> set[str]:
    """The files of a source distribution, without the name of its folder."""
    with tarfile.open(source) as whole:
        return {name.partition("/")[2] for name in whole.getnames()}


def collect(source: Path, folder: Path) -> None:
    """Have pytest find the tests in the unpacked source distribution, without this tree."""
    with tarfile.open(source) as whole:
        whole.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    paths = os.pathsep.join([str(unpacked / "src"), str(unpacked)])
    run("pytest", "-q", "--collect-only", "-m", "not soak", cwd=unpacked, path=paths)


def run(module: str, *words: str, cwd: Path = ROOT, path: str = "") -> None:
    """Run a module, quietly unless it fails; then end as it did."""
    environment = {**os.environ, **({"PYTHONPATH": path} if path else {})}
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=cwd, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{module} {' '.join(words)}:\n{(done.stdout + done.stderr)[-4000:]}")
    print(f"ok: {module} {' '.join(words[:2])}")


def digest(path: Path) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
