"""A FHIR R4B bundle of one session.

What was given is an observation per channel and source: commanded, acknowledged, measured. The plan
is a service request, because no observation may hold a prediction. Bounds are ranges beside the
figure that they hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stimctl.export.content import Answer, SessionContent, Threshold
from stimctl.export.csv_tables import json_bytes
from stimctl.export.fhir_figures import components_of, values_of
from stimctl.export.fhir_parts import (
    Json,
    Names,
    concept,
    entry,
    extension,
    quantity,
    stamped,
    wall_time,
)
from stimctl.export.tables import level_in
from stimctl.records.outcome_form import AFTER, BEFORE
from stimctl.report.model import NOT_RECORDED, ChannelReport, Figures
from stimctl.version import __version__

FILE: Final = "bundle.json"
_STATUS: Final = {"completed": "completed", "stopped": "stopped", "fault": "stopped"}
"""Of the procedure, by the outcome of the run; every other end is not known."""
_TEST_DATA: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
_PAIN: Final = {
    "system": "http://loinc.org",
    "code": "72514-3",
    "display": "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
}
_WORDS: Final = {
    "commanded": "Commanded output (what was sent, not what was given)",
    "acknowledged": "Acknowledged output (what the device accepted)",
    "measured": "Measured output (what the device measured)",
}


def fhir_files(content: SessionContent) -> dict[str, bytes]:
    """One file, a bundle of the type collection."""
    return {FILE: json_bytes(bundle_of(content))}


def bundle_of(content: SessionContent) -> Json:
    """The bundle. The same record gives the same bundle, ids and all."""
    return _Bundle(content).made()


class _Bundle:
    def __init__(self, content: SessionContent) -> None:
        self._content, self._report, self._time = content, content.report, content.time
        self._names = Names(content.report.session)
        self._patient = self._names.reference(
            "patient", self._report.person or "no person on record"
        )
        self._device = self._names.reference("device", content.identity.get("family") or "device")
        self._tag = {"meta": {"security": [_TEST_DATA]}} if content.is_simulated else {}

    def made(self) -> Json:
        resources = dict(self._resources())
        return {
            "resourceType": "Bundle",
            **self._tag,
            "identifier": {"system": "urn:stimctl:session", "value": self._report.session},
            "type": "collection",
            "timestamp": wall_time(self._content.record_end_ns, self._time),
            "entry": [
                entry(self._names, name, {**one, **self._tag}) for name, one in resources.items()
            ],
        }

    def _resources(self) -> Iterator[tuple[str, Json]]:
        yield "patient", self._person()
        yield "device", self._stimulator()
        yield "software", self._software()
        planned = [one for one in self._report.channels if one.planned != Figures()]
        if planned:
            yield "plan", self._plan(planned)
        yield "procedure", self._procedure(bool(planned))
        observed = dict(self._observations())
        yield from observed.items()
        yield "provenance", self._provenance(["procedure", *observed])

    def _person(self) -> Json:
        person = self._report.person
        told = {"identifier": [{"system": "urn:stimctl:pseudonym", "value": person}]}
        return {"resourceType": "Patient", **(told if person else {})}

    def _stimulator(self) -> Json:
        identity = self._content.identity
        told: Json = {"resourceType": "Device"}
        name = identity.get("family") or self._content.header.get("device")
        if name:
            told["deviceName"] = [{"name": str(name), "type": "model-name"}]
        if identity.get("serial"):
            told["serialNumber"] = str(identity["serial"])
        if identity.get("firmware"):
            told["version"] = [{"value": str(identity["firmware"])}]
        if self._content.is_simulated:
            told["note"] = [{"text": "A simulated device. No current was given to anybody."}]
        return told

    def _software(self) -> Json:
        recorder = str(self._content.header.get("stimctl") or NOT_RECORDED)
        return {
            "resourceType": "Device",
            "deviceName": [{"name": "stimctl", "type": "model-name"}],
            "version": [
                {"type": {"text": "recorded with"}, "value": recorder},
                {"type": {"text": "exported with"}, "value": __version__},
            ],
        }

    def _plan(self, channels: list[ChannelReport]) -> Json:
        return {
            "resourceType": "ServiceRequest",
            "status": "completed",
            "intent": "plan",
            "code": {"text": f"Planned: {self._report.protocol}"},
            "subject": self._patient,
            "extension": [
                extension(
                    "planned",
                    extension=[
                        extension("channel", valueInteger=one.number),
                        *(
                            extension(name, valueQuantity=quantity(name, value))
                            for name, value in values_of(one, one.planned)
                        ),
                    ],
                )
                for one in channels
            ],
            "note": [{"text": "A prediction, made before the start. Nothing of it was given."}],
        }

    def _procedure(self, with_plan: bool) -> Json:
        report = self._report
        has_run = self._time.start_ns is not None
        status = _STATUS.get(report.outcome, "unknown") if has_run else "not-done"
        if report.cut:
            status = "unknown"
        period = {"performedPeriod": self._period()} if has_run else {}
        reason = {"statusReason": {"text": report.reason}} if report.reason else {}
        sites = [one.site for one in report.channels if one.site != NOT_RECORDED]
        return {
            "resourceType": "Procedure",
            "identifier": [{"system": "urn:stimctl:session", "value": report.session}],
            **({"basedOn": [self._names.reference("plan", "planned")]} if with_plan else {}),
            "status": status,
            **reason,
            "code": {"text": f"Electrical stimulation: {report.protocol or NOT_RECORDED}"},
            "subject": self._patient,
            **period,
            **({"bodySite": [{"text": one} for one in sites]} if sites else {}),
            "usedReference": [self._device],
        }

    def _observations(self) -> Iterator[tuple[str, Json]]:
        if self._time.start_ns is not None:
            for one in self._report.channels:
                for source in ("commanded", "acknowledged", "measured"):
                    components = list(components_of(one, source))
                    if components:
                        name = f"channel-{one.number}-{source}"
                        yield name, self._output(one, source, components)
        for threshold in self._content.thresholds:
            yield self._threshold(threshold)
        for question in (BEFORE, AFTER):
            if (answer := self._content.answers.get(question)) is not None:
                yield self._pain(question.split()[1], answer)

    def _threshold(self, one: Threshold) -> tuple[str, Json]:
        ma, percent = level_in(one.unit, one.level)
        unit, level = ("percent", percent) if ma is None else ("ma", ma)
        return f"threshold-{one.name}-{one.channel}-{one.monotonic_ns}", {
            **self._observation(concept(f"threshold-{one.name}", f"{one.name} threshold")),
            "extension": [extension("channel", valueInteger=one.channel)],
            **stamped("effectiveDateTime", one.monotonic_ns, self._time),
            "valueQuantity": quantity(unit, level or 0),
        }

    def _pain(self, when: str, answer: Answer) -> tuple[str, Json]:
        return f"pain-{when}", {
            **self._observation({"coding": [_PAIN], "text": f"Pain {when} the session"}),
            **stamped("effectiveDateTime", answer.monotonic_ns, self._time),
            "valueInteger": int(answer.value),
        }

    def _output(self, one: ChannelReport, source: str, components: list[Json]) -> Json:
        told = {
            **self._observation(concept(f"{source}-output", _WORDS[source])),
            "extension": [extension("channel", valueInteger=one.number)],
            "effectivePeriod": self._period(),
            "component": components,
        }
        if one.site != NOT_RECORDED:
            told["bodySite"] = {"text": one.site}
        if source == "acknowledged":
            told["note"] = [{"text": self._report.how}]
        return told

    def _period(self) -> Json:
        """From the first start to the verified zero; without an end where that was not verified."""
        period = stamped("start", self._time.start_ns or 0, self._time)
        if self._content.output_end_ns is not None:
            period |= stamped("end", self._content.output_end_ns, self._time)
        return period

    def _observation(self, code: Json) -> Json:
        complete = self._report.state == "complete"
        return {
            "resourceType": "Observation",
            "status": "final" if complete else "preliminary",
            "code": code,
            "subject": self._patient,
            "partOf": [self._names.reference("procedure", self._report.session)],
            "device": self._device,
        }

    def _provenance(self, targets: list[str]) -> Json:
        integrity, signature = self._report.integrity, self._content.signature
        told: Json = {
            "resourceType": "Provenance",
            "target": [self._names.reference(one, one) for one in targets],
            **stamped("recorded", self._content.record_end_ns, self._time),
            "agent": [{"who": self._names.reference("software", "stimctl")}],
            "entity": [
                {
                    "role": "source",
                    "what": {
                        "identifier": {
                            "system": "urn:stimctl:journal-last-sha256",
                            "value": integrity.last_hash,
                        },
                        "display": f"{integrity.rows} rows; {integrity.words}",
                    },
                }
            ],
        }
        if signature is not None:
            told["extension"] = [
                extension("signing-key-public", valueString=signature.public_key),
                extension("signing-key-fingerprint", valueString=signature.fingerprint),
            ]
        return told
