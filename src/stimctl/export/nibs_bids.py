"""A NIBS-BIDS data set of one session: peripheral nerve stimulation, after the draft v6.3.

The draft records the stimulation that was delivered. What stands in its own columns is therefore
what a device acknowledged, or a setting; what was planned stands in columns that say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from stimctl.errors import UsageError
from stimctl.export import nibs_bids_columns as columns
from stimctl.export.columns import Value
from stimctl.export.content import SessionContent
from stimctl.export.csv_tables import csv_text, json_bytes
from stimctl.export.nibs_bids_events import event_rows, stage_set
from stimctl.export.settings import Settings, settings_of, stage_settings
from stimctl.export.tables import channel_rows, level_in
from stimctl.report.model import NOT_RECORDED, ChannelReport
from stimctl.version import __version__

_STIMULATOR: Final = "stimulator"
_NOT_LABEL: Final = re.compile(r"[^A-Za-z0-9]")
_IGNORED: Final = "# The public validator does not know the folder of the draft yet.\n**/nibs\n"


def nibs_bids_files(content: SessionContent) -> dict[str, bytes]:
    """A whole data set with one participant and one session. UsageError where there was no output:
    the draft has no place for a session without stimulation."""
    if content.time.start_ns is None:
        raise UsageError(
            "this session is not exported to NIBS-BIDS",
            why="output was never started in it, and the draft describes delivered stimulation",
            what_to_do="Export it with --to csv",
        )
    subject = f"sub-{label_of(content.report.person) or 'unknown'}"
    session = f"ses-{label_of(content.report.session)}"
    task = label_of(str(content.setup.get("protocol_id", ""))) or "stimulation"
    stem = f"{subject}/{session}/nibs/{subject}_{session}_task-{task}"
    files = {
        "dataset_description.json": json_bytes(_description(content)),
        "README.md": _readme(content).encode(),
        ".bidsignore": _IGNORED.encode(),
        "participants.tsv": _tsv(columns.PARTICIPANTS, [{"participant_id": subject}]),
        "participants.json": json_bytes(columns.sidecar(columns.PARTICIPANTS)),
        f"{subject}/{subject}_sessions.tsv": _tsv(columns.SESSIONS, [_session(content, session)]),
        f"{subject}/{subject}_sessions.json": json_bytes(columns.sidecar(columns.SESSIONS)),
    }
    channels = content.report.channels
    figures = columns.figures_sidecar()
    return files | {
        f"{stem}_nibs.tsv": _tsv(
            {**columns.NIBS, **figures},
            [row for one in channels for row in _parameter_sets(content, one)],
        ),
        f"{stem}_nibs.json": json_bytes(_nibs_sidecar(content, task)),
        f"{stem}_markers.tsv": _tsv(columns.MARKERS, [_marker(one) for one in channels]),
        f"{stem}_markers.json": json_bytes(columns.sidecar(columns.MARKERS)),
        f"{stem}_events.tsv": _tsv(columns.EVENTS, event_rows(content)),
        f"{stem}_events.json": json_bytes(columns.sidecar(columns.EVENTS)),
    }


def label_of(text: str) -> str:
    """A BIDS label: letters and digits only."""
    return _NOT_LABEL.sub("", text)


def _tsv(names: Mapping[str, Any], rows: Sequence[Mapping[str, Value]]) -> bytes:
    """BIDS tables know no quotes: text is written without what would need them."""
    plain = [
        {
            name: " ".join(value.replace('"', "'").split()) if isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return csv_text(tuple(names), plain, "\t", empty="n/a").encode()


def _description(content: SessionContent) -> dict[str, Any]:
    simulated = "Simulated: " if content.is_simulated else ""
    return {
        "Name": f"{simulated}stimctl session {content.report.session}",
        "BIDSVersion": columns.BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [
            {
                "Name": "stimctl",
                "Version": __version__,
                "Description": f"nibs folder after {columns.DRAFT}, commit {columns.DRAFT_COMMIT}",
            }
        ],
    }


def _readme(content: SessionContent) -> str:
    simulated = (
        "SIMULATED DATA: a digital twin was at the other end; no current was given to anybody.\n\n"
        if content.is_simulated
        else ""
    )
    return (
        f"# Electrical stimulation session {content.report.session}\n\n{simulated}"
        f"Made by stimctl {__version__}. The folder nibs follows {columns.DRAFT}: "
        f"{columns.DRAFT_FILE}, commit {columns.DRAFT_COMMIT}. It is a draft, so .bidsignore keeps "
        "the public validator from it.\n\n"
        "Planned, commanded, acknowledged and measured figures stand in columns of their own in "
        "`*_nibs.tsv`. A device acknowledges what it is sent; only one that measures says what it "
        "gave. `acknowledged_at_least_*` and `acknowledged_at_most_*` are bounds of what was "
        "given.\n\n"
        f"Record: {content.report.integrity.words}.\n"
    )


def _session(content: SessionContent, session: str) -> dict[str, Value]:
    start_ns = content.time.start_ns or 0
    wall = content.time.wall_utc(start_ns)
    return {
        "session_id": session,
        "acq_time": f"{wall[:26]}Z",
        "monotonic_ns": start_ns,
        "wall_uncertainty_us": content.time.uncertainty_us,
        "stimctl_session": content.report.session,
        "record_state": content.report.state,
        "outcome": content.report.outcome or None,
    }


def _parameter_sets(content: SessionContent, one: ChannelReport) -> Iterator[dict[str, Value]]:
    """Of a channel in the whole session, with its figures; and of each stage in which it is on."""
    setup = content.channel_setups.get(one.number, {})
    name = f"ch{one.number}"
    ma, percent = level_in(one.unit, one.acknowledged.peak)
    measured = None if one.measured is None else level_in(one.unit, one.measured.peak)[0]
    whole = _parameters(one, name, settings_of(setup, content.stages))
    whole["stimulus_intensity"] = percent if ma is None else ma
    whole["measured_current_intensity"] = measured
    yield whole | _figures(content, one.number)
    nothing = dict.fromkeys(columns.figures_sidecar())
    for each in stage_settings(setup, content.stages):
        if each.settings is not None:
            yield _parameters(one, stage_set(name, each.number), each.settings) | nothing


def _parameters(one: ChannelReport, name: str, told: Settings) -> dict[str, Value]:
    in_bursts = told.burst_pulses is not None
    interval_s = (
        None
        if told.cycle_on_s is None or told.cycle_off_s is None
        else told.cycle_on_s + told.cycle_off_s
    )
    return {
        "nibs_event_id": name,
        "nibs_type": "PNS",
        "stimulator_id": _STIMULATOR,
        "nibs_element_id": f"ch{one.number}electrodes",
        "stimulus_shape": "Custom",
        "stimulus_description": _shape(told),
        "stimulus_intensity": None,
        "stimulus_duration": _pulse_us(told),
        "ramp_up": told.ramp_up_s,
        "ramp_down": told.ramp_down_s,
        "pattern1_count": told.burst_pulses,
        "pattern1_frequency": None if told.frequency_changes else told.pulse_frequency_hz,
        "pattern1_duration": None if in_bursts else told.cycle_on_s,
        "pattern2_frequency": told.burst_frequency_hz,
        "pattern2_interval": None if in_bursts else interval_s,
        "pattern2_duration": told.cycle_on_s if in_bursts else None,
        "pattern3_interval": interval_s if in_bursts else None,
        "intensity_reference": "absolute",
        "intensity_scaling": "absolute",
        "measured_current_intensity": None,
        "stimulus_validation": "not_verified" if one.measured is None else "observed",
    }


def _figures(content: SessionContent, number: int) -> dict[str, Value]:
    """The rows of the table `channels` side by side; n/a where the record has no such row."""
    row: dict[str, Value] = dict.fromkeys(columns.figures_sidecar())
    for one in channel_rows(content):
        if one["channel"] == number:
            bound = "" if one["bound"] == "figure" else f"_{one['bound']}"
            source = f"{one['source']}{bound}"
            row |= {f"{source}_{name}": one[name] for name in columns.OF_SOURCES[source]}
    return row


def _shape(told: Settings) -> str | None:
    if told.pulse_shape is None:
        return "pulses of another unit, in percent of its output"
    parts = [f"{told.pulse_shape} rectangular"]
    if told.phase_width_us is not None:
        parts.append(f"first phase {told.phase_width_us:g} us")
    if told.interphase_gap_us:
        parts.append(f"gap {told.interphase_gap_us:g} us")
    if told.second_phase_width_us:
        parts.append(f"second phase {told.second_phase_width_us:g} us")
    changing = {
        "frequency": (told.frequency_changes, told.frequency_law),
        "width": (told.width_changes, told.width_law),
        "amplitude": (told.amplitude_changes, told.amplitude_law),
    }
    for name, (changes, law) in changing.items():
        if changes:
            parts.append(f"{name} changes over time" + (f" ({law})" if law else ""))
    if told.rest_frequency_hz is not None:
        level = told.rest_level_percent
        at = "" if level is None else f" at {level:g} % of the plateau"
        parts.append(f"in the off time {told.rest_frequency_hz:g} Hz{at}")
    return ", ".join(parts)


def _pulse_us(told: Settings) -> float | None:
    if told.phase_width_us is None or told.width_changes:
        return None
    return told.phase_width_us + (told.interphase_gap_us or 0) + (told.second_phase_width_us or 0)


def _marker(one: ChannelReport) -> dict[str, Value]:
    return {
        "nibs_position_id": f"ch{one.number}",
        "nibs_element_id": f"ch{one.number}electrodes",
        "position_label": None if one.site == NOT_RECORDED else one.site,
        "position_description": one.role or None,
    }


def _nibs_sidecar(content: SessionContent, task: str) -> dict[str, Any]:
    identity, report, signature = content.identity, content.report, content.signature
    unit = "% of the device's own scale" if content.setup.get("unit") == "%" else "mA"
    simulated = {"SoftwareVersion": __version__, "Manufacturer": "simulated device of stimctl"}
    told: dict[str, Any] = {
        "NIBSDescription": f"{'SIMULATED. ' if content.is_simulated else ''}Electrical stimulation "
        f"through skin electrodes, protocol {report.protocol or NOT_RECORDED}.",
        "TaskName": task,
        "ConcurrentModalities": ["none"],
        "Draft": {
            "Name": columns.DRAFT,
            "File": columns.DRAFT_FILE,
            "Commit": columns.DRAFT_COMMIT,
        },
        "Record": {
            "JournalRows": report.integrity.rows,
            "JournalLastSha256": report.integrity.last_hash,
            "Integrity": report.integrity.words,
            "AcknowledgedHow": report.how,
        },
        "StimulatorSet": [
            {
                "StimulatorID": _STIMULATOR,
                "ManufacturerModelName": str(identity.get("family") or NOT_RECORDED),
                "ManufacturerSerialNumber": str(identity.get("serial") or NOT_RECORDED),
                **(simulated if content.is_simulated else {"SoftwareVersion": __version__}),
            }
        ],
        "ElementSet": [
            _element(content.channel_setups.get(one.number, {}), one) for one in report.channels
        ],
        **columns.sidecar(columns.NIBS, unit),
        **columns.figures_sidecar(),
    }
    if signature is not None:
        told["Record"] |= {
            "Signature": signature.says,
            "SigningKeyPublic": signature.public_key,
            "SigningKeyFingerprint": signature.fingerprint,
        }
    return told


def _element(setup: Mapping[str, Any], one: ChannelReport) -> dict[str, Any]:
    area = settings_of(setup).electrode_area_cm2
    element: dict[str, Any] = {
        "ElementID": f"ch{one.number}electrodes",
        "ElementType": "electrode",
        "ElectrodeRole": "other",
        "Description": "Both electrodes of one channel; which lead goes where is not on record.",
    }
    if area is not None:
        element["ElectrodeArea"] = {"Value": area, "Units": "cm2", "Description": "Of each one"}
    return element
