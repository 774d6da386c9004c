"""Each hazard with its control, the tests that prove it, and what became of them when last run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.compliance.packaged import HAZARDS, REMOVALS, TESTS, read_json
from stimctl.compliance.results import NOT_RUN, Result, results_from
from stimctl.errors import BugError

_NO_TEST = {
    "software": "no test",
    "hardware": "not in software's power",
    "operator": "not in software's power",
    "none": "not controlled",
}


@dataclass(frozen=True, slots=True)
class Removal:
    """A control that was taken out. `without`: what stimctl is like then. None: not run."""

    name: str
    without: str
    file: str
    result: Result | None

    @property
    def outcome(self) -> str:
        """Whether its test noticed."""
        return NOT_RUN if self.result is None else self.result.outcome


@dataclass(frozen=True, slots=True)
class Proof:
    """A test, how it ended when it was last run, and the controls without which it has to fail."""

    test: str
    result: Result | None
    removals: tuple[Removal, ...]

    @property
    def outcome(self) -> str:
        """How the test ended; of one with parameters, how all of them did."""
        if self.result is None:
            return NOT_RUN
        detail = f" ({self.result.detail})" if self.result.detail else ""
        return f"{self.result.outcome}{detail}"


@dataclass(frozen=True, slots=True)
class HazardRow:
    """A hazard. `control`: what holds it back; `left_open`: what that leaves open.

    `figure`: what a test has measured last. `no_test`: why there is no proof, or empty.
    """

    id: str
    hazard: str
    situation: str
    cause: str
    control: str
    measure: str
    left_open: str
    figure: str
    proofs: tuple[Proof, ...]

    @property
    def no_test(self) -> str:
        return "" if self.proofs else _NO_TEST[self.control]


def hazard_rows() -> tuple[HazardRow, ...]:
    """Every hazard, in order, with the results that came with this program."""
    content = read_json(HAZARDS)
    if content is None:
        raise BugError("the list of hazards is not in the package")
    return join(content, results_from(read_json(TESTS)), results_from(read_json(REMOVALS)))


def join(
    content: Mapping[str, Any], tests: Mapping[str, Result], removals: Mapping[str, Result]
) -> tuple[HazardRow, ...]:
    """The rows of a list of hazards, with these results."""
    found = []
    for one in content["hazards"]:
        fields = dict(one)
        marked = fields.pop("tests")
        removed = [row for row in content["removals"] if one["id"] in row["hazards"]]
        found.append(HazardRow(**fields, proofs=tuple(_proofs(marked, removed, tests, removals))))
    return tuple(found)


def _proofs(
    marked: list[str],
    removed: list[dict[str, Any]],
    tests: Mapping[str, Result],
    removals: Mapping[str, Result],
) -> Iterator[Proof]:
    """The marked tests, and those that only a removal names."""
    named = [row["test"].partition("[")[0] for row in removed]
    for test in dict.fromkeys([*marked, *named]):
        controls = tuple(
            Removal(row["name"], row["without"], row["file"], removals.get(row["name"]))
            for row, of_test in zip(removed, named, strict=True)
            if of_test == test
        )
        yield Proof(test, tests.get(test), controls)
