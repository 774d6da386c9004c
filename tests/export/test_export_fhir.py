"""The FHIR bundle: valid R4B, each kind of figure in a resource of its own, bounds as ranges."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from fhir.resources.R4B.bundle import Bundle

from stimctl.export.fhir import bundle_of
from stimctl.export.signature import Signature
from tests.support.exported import SESSIONS, Recorded
from tools.make_exports import FOLDER

Sessions = Callable[[str], Recorded]
SCHEMA = json.loads((FOLDER / "fhir.schema.json").read_text("utf-8"))


def of_type(bundle: Any, name: str) -> list[Any]:
    resources = (one["resource"] for one in bundle["entry"])
    return [one for one in resources if one["resourceType"] == name]


@pytest.mark.parametrize(
    "name", ["link ended", "two channels, completed", "bursts in cycles, host killed"]
)
def test_the_bundle_is_valid_and_loses_nothing_in_a_reader(name: str, session: Sessions) -> None:
    bundle = bundle_of(session(name).content)
    read = Bundle.model_validate(bundle)
    assert json.loads(read.model_dump_json()) == bundle
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(bundle)
    addresses = {one["fullUrl"] for one in bundle["entry"]}
    assert len(addresses) == len(bundle["entry"])
    text = json.dumps(bundle)
    for reference in text.split('"reference": "')[1:]:
        assert reference.partition('"')[0] in addresses


def test_no_observation_holds_the_plan(session: Sessions) -> None:
    content = session("link ended").content
    bundle = bundle_of(content)
    planned = content.report.channels[0].planned.pulses
    assert str(planned) in json.dumps(of_type(bundle, "ServiceRequest"))
    assert str(planned) not in json.dumps(of_type(bundle, "Observation"))
    kinds = {one["code"]["coding"][0]["code"] for one in of_type(bundle, "Observation")}
    assert kinds == {"commanded-output", "acknowledged-output", "threshold-sensory", "72514-3"}


@pytest.mark.parametrize("name", SESSIONS)
def test_the_procedure_says_how_the_session_ended(name: str, session: Sessions) -> None:
    one = session(name)
    (procedure,) = of_type(bundle_of(one.content), "Procedure")
    expected = {"completed": "completed", "stopped": "stopped", "fault": "stopped"}
    assert procedure["status"] == expected.get(one.content.report.outcome, "unknown")
    assert ("end" in procedure["performedPeriod"]) is (one.content.output_end_ns is not None)


def test_only_a_simulated_session_is_labelled_test_data(session: Sessions) -> None:
    content = session("link ended").content
    assert "HTEST" in json.dumps(bundle_of(content))
    for told in (False, None):
        other = replace(content, report=replace(content.report, simulation=told))
        assert "HTEST" not in json.dumps(bundle_of(other))
        assert "simulated" not in json.dumps(bundle_of(other)).lower()


def test_what_nothing_bounds_has_no_upper_end_and_says_so(session: Sessions) -> None:
    content = session("link ended").content
    (channel,) = content.report.channels
    opened = replace(channel, most=replace(channel.most, pulses=None), open_ended=True)
    report = replace(content.report, channels=(opened,))
    bundle = bundle_of(replace(content, report=report))
    jsonschema.Draft202012Validator(SCHEMA).validate(bundle)
    parts = {
        part["code"]["coding"][0]["code"]: part
        for one in of_type(bundle, "Observation")
        for part in one.get("component", ())
    }
    assert "high" not in parts["pulses-bounds"]["valueRange"]
    assert parts["pulses-bounds"]["extension"][0]["url"] == "urn:stimctl:unbounded"
    assert "high" in parts["charge-uc-bounds"]["valueRange"]


def test_the_signing_key_is_kept(session: Sessions) -> None:
    content = replace(session("link ended").content, signature=Signature("public", "fingerprint"))
    (provenance,) = of_type(bundle_of(content), "Provenance")
    told = [one["valueString"] for one in provenance["extension"]]
    assert told == ["public", "fingerprint"]
