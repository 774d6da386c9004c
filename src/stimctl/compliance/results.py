"""Recorded results of tests and removals: each with its day, commit, machine and code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

SCHEMA: Final = "stimctl.results/1"
NOT_RUN: Final = "not run here"


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `changed`: the working copy had changes that are in no commit.

    `code_sha256`: of the sources of stimctl and firmware_sim (`stimctl.version.code_digest`).
    """

    utc: str
    commit: str
    changed: bool
    code_sha256: str
    system: str
    python: str

    def words(self, code_sha256: str) -> str:
        """In a line; `code_sha256` is that of the program that tells it."""
        commit = f"commit {self.commit or 'unknown'}{' with changes' if self.changed else ''}"
        same = "this code" if self.code_sha256 == code_sha256 else f"code {self.code_sha256[:12]}"
        return f"{self.utc}, {commit}, {self.system}, Python {self.python}, {same}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one test or one removal in its last run; `detail` in a few words, or empty."""

    outcome: str
    run: Run
    detail: str = ""


def results_from(content: Mapping[str, Any] | None) -> dict[str, Result]:
    """The results in the content of a file by name; none where there is no file.

    ValueError where it is of another form.
    """
    if content is None:
        return {}
    if content.get("schema") != SCHEMA:
        raise ValueError(f"expected {SCHEMA}, got {content.get('schema')!r}")
    runs = {key: Run(**fields) for key, fields in content["runs"].items()}
    return {
        name: Result(one["outcome"], runs[one["run"]], one.get("detail", ""))
        for name, one in content["results"].items()
    }


def content_of(results: Mapping[str, Result]) -> dict[str, Any]:
    """The content of a file with these results; each run stands in it once."""
    runs = sorted({one.run for one in results.values()}, key=lambda run: (run.utc, run.commit))
    keys = {run: str(number) for number, run in enumerate(runs, 1)}
    return {
        "schema": SCHEMA,
        "runs": {key: asdict(run) for run, key in keys.items()},
        "results": {
            name: {"outcome": one.outcome, "run": keys[one.run]}
            | ({"detail": one.detail} if one.detail else {})
            for name, one in sorted(results.items())
        },
    }
