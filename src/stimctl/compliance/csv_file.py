"""All of it as one CSV: a row for each statement, and the column `part` says of what kind it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stimctl.compliance.gather import Compliance
from stimctl.compliance.hazards import HazardRow, Proof, Removal
from stimctl.compliance.results import Result
from stimctl.export.csv_tables import csv_text

COLUMNS: Final = {
    "part": "not, program, hazard, dependency, brought, anomaly, requirement, need or output",
    "id": "of the row within its part; a hazard has a row for each test and each removal",
    "name": "what it is about: the hazardous situation, a package, a property",
    "hazard": "what it comes to",
    "cause": "what brings it about",
    "control": "software, hardware, operator or none",
    "measure": "what the control does",
    "left_open": "what the control leaves open",
    "test": "the test that proves it, or why there is none",
    "last_result": "how the test ended when it was last run: passed, failed, skipped, not run here",
    "last_run": "of that result: time, commit, machine, Python, whether it was this code",
    "removal": "a control that was taken out, to see the test fail",
    "without": "what stimctl is like without it",
    "removal_result": "noticed (the test failed), not noticed, not run here",
    "removal_run": "of that result, as last_run",
    "version": "installed here",
    "value": "the statement itself",
    "source": "where it comes from",
    "certainty": "R read in a primary text, R2 quoted, M+ and M? unverified, D decided here",
    "note": "what else there is to say",
}
"""Every column, and what is in it."""


def csv_file(found: Compliance) -> str:
    """The file: comma separated, UTF-8, an empty field where a column says nothing."""
    return csv_text(
        tuple(COLUMNS), [{**dict.fromkeys(COLUMNS, ""), **row} for row in _rows(found)], ","
    )


def _rows(found: Compliance) -> Iterator[Mapping[str, str]]:
    own = found.own
    for number, text in enumerate(own.is_not, 1):
        yield {"part": "not", "id": str(number), "value": text}
    for name, value in (
        ("title", own.title), ("maker", own.maker), ("licence", own.licence),
        ("purpose", own.purpose), ("version", own.version), ("code_sha256", own.code_sha256),
        ("made_utc", found.made_utc), ("machine", found.machine),
    ):  # fmt: skip
        yield {"part": "program", "id": name, "value": value}
    for one in own.requirements:
        yield {"part": "requirement", "id": one.id, "name": one.kind, "value": one.text,
               "source": " ".join(one.hazards)}  # fmt: skip
    for need in own.needs:
        yield {"part": "need", "id": need.name, "value": need.text}
    for known in own.anomalies:
        yield {"part": "anomaly", "id": known.id, "name": own.title, "value": known.what,
               "note": known.effect, "source": known.source,
               "certainty": known.certainty}  # fmt: skip
    for hazard in found.hazards:
        yield from _hazard_rows(hazard, own.code_sha256)
    yield from _soup_rows(found)
    for table in found.outputs:
        yield from _output_rows(table)


def _hazard_rows(one: HazardRow, code_sha256: str) -> Iterator[Mapping[str, str]]:
    told = {
        "part": "hazard", "id": one.id, "name": one.situation, "hazard": one.hazard,
        "cause": one.cause, "control": one.control, "measure": one.measure,
        "left_open": one.left_open, "note": one.figure,
    }  # fmt: skip
    if one.no_test:
        yield told | {"test": one.no_test}
    for proof in one.proofs:
        tested = told | _tested(proof, code_sha256)
        if not proof.removals:
            yield tested
        for removal in proof.removals:
            yield tested | _removed(removal, code_sha256)


def _tested(proof: Proof, code_sha256: str) -> dict[str, str]:
    return {
        "test": proof.test,
        "last_result": proof.outcome,
        "last_run": run_words(proof.result, code_sha256),
    }


def _removed(removal: Removal, code_sha256: str) -> dict[str, str]:
    return {
        "removal": removal.name,
        "without": removal.without,
        "removal_result": removal.outcome,
        "removal_run": run_words(removal.result, code_sha256),
        "source": removal.file,
    }


def run_words(result: Result | None, code_sha256: str) -> str:
    """When and where a result was recorded; empty where there is none."""
    return "" if result is None else result.run.words(code_sha256)


def _soup_rows(found: Compliance) -> Iterator[Mapping[str, str]]:
    for one in found.soup.dependencies:
        extra = f", extra {one.extra}" if one.extra else ""
        yield {
            "part": "dependency", "id": one.package, "name": one.title, "version": one.version,
            "value": one.requirement, "source": one.maker, "measure": f"used in {one.used_in}",
            "note": f"licence {one.licence}; accepted {one.accepted}{extra}; needs {one.needs}; "
            f"anomalies searched with: {one.searched}",
        }  # fmt: skip
        for known in one.anomalies:
            yield {
                "part": "anomaly", "id": known.id, "name": one.package, "version": one.version,
                "value": known.what, "note": f"seen in {known.seen_in}; fixed in {known.fixed_in}",
                "hazard": known.effect, "measure": known.control, "source": known.source,
                "certainty": known.certainty,
            }  # fmt: skip
    for other in found.soup.brought:
        yield {
            "part": "brought", "id": other.package, "version": other.version,
            "source": other.by, "note": f"licence {other.licence}",
        }  # fmt: skip


def _output_rows(table: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    family = table["family"]
    for name, value in output_lines(table):
        yield {"part": "output", "id": family, "name": name, "value": value}
    for fact in table["facts"]:
        yield {"part": "output", "id": family, "name": fact["name"], "value": fact["value"],
               "source": fact["source"], "certainty": fact["certainty"],
               "note": fact["note"]}  # fmt: skip


def output_lines(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The table of a device as names and values; what it assumes is in its facts."""
    yield "device", f"{table['device']}, {table['wire']}, {table['intended_use']}"
    for title in ("output", "basic_unit"):
        yield from table[title].items()
    for load in table["max_output"]:
        yield (
            f"most into {load['load_ohm']} ohm",
            f"{load['current_ma']:g} mA, {load['voltage_v']:g} V, "
            f"{load['phase_charge_uc']:g} uC a phase, {load['rms_ma']:.4g} mA r.m.s., "
            f"{load['average_ma']:.4g} mA average, {load['current_density_ma_cm2']:.3g} mA/cm2, "
            f"{load['power_density_w_cm2']:.3g} W/cm2",
        )
    for name, one in table["protections"].items():
        yield name, f"{one['presence']}. {one['note']}"
    for name, value in table["output_after_host_death"].items():
        yield f"output after host death: {name}", value
