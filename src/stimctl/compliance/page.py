"""The same as one page to read: no script, nothing loaded from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from stimctl.compliance.csv_file import output_lines, run_words
from stimctl.compliance.gather import Compliance
from stimctl.compliance.hazards import HazardRow
from stimctl.compliance.output_table import LOADS_OHM, RATE_HZ, SMALLEST_CM2
from stimctl.compliance.results import NOT_RUN, Result
from stimctl.report.page import fill


def render(found: Compliance) -> str:
    """The page."""
    code = found.own.code_sha256
    return fill(
        "compliance.html",
        simulation=False,
        found=found,
        own=found.own,
        soup=found.soup,
        ran=lambda result: run_words(result, code),
        tests=_counted(_test_outcomes(found.hazards)),
        removals=_counted(_removal_outcomes(found.hazards)),
        runs=_runs(found.hazards, code),
        outputs=[(table, list(output_lines(table))) for table in found.outputs],
        loads=", ".join(f"{ohm} ohm" for ohm in LOADS_OHM),
        rate_hz=RATE_HZ,
        smallest_cm2=SMALLEST_CM2,
        not_run=NOT_RUN,
    )


def _counted(outcomes: Iterable[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(outcomes).items()))


def _test_outcomes(rows: Iterable[HazardRow]) -> list[str]:
    """Each test once, whatever it proves."""
    found = {proof.test: proof.result for row in rows for proof in row.proofs}
    return [NOT_RUN if one is None else one.outcome for one in found.values()]


def _removal_outcomes(rows: Iterable[HazardRow]) -> list[str]:
    found = {one.name: one for row in rows for proof in row.proofs for one in proof.removals}
    return [one.outcome for one in found.values()]


def _runs(rows: Iterable[HazardRow], code_sha256: str) -> list[str]:
    """Every run that a result is of."""
    results: list[Result | None] = []
    for row in rows:
        for proof in row.proofs:
            results += [proof.result, *(one.result for one in proof.removals)]
    return sorted({one.run.words(code_sha256) for one in results if one is not None})
