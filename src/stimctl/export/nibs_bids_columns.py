"""The columns of the tables of a NIBS-BIDS data set: those of the draft, and ours beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stimctl.export.columns import Column
from stimctl.export.shapes import CHANNELS

DRAFT: Final = "NIBS-BIDS (BEP037) proposal v6.3"
DRAFT_COMMIT: Final = "04ebefbf8f57f2f9e78aeb8ec2f99ae5f5a0fe1d"
DRAFT_FILE: Final = "nibs-bids-v6/examples/v.6.3/README.md of github.com/nigelrogasch/nibs-bids"
BIDS_VERSION: Final = "1.10.1"

_AMPLITUDE: Final = "the unit of the session"

#: Column: unit ("" where it has none) and description. `AMPLITUDE` stands for mA or percent.
NIBS: Final[Mapping[str, tuple[str, str]]] = {
    "nibs_event_id": ("", "Parameter set of one channel, or of one channel in one stage. "
                      "Linked from *_events.tsv."),
    "nibs_type": ("", "PNS: peripheral nerve stimulation, here electrical, through the skin."),
    "stimulator_id": ("", "Links to StimulatorSet."),
    "nibs_element_id": ("", "The pair of electrodes of the channel. Links to ElementSet."),
    "stimulus_shape": ("", "Custom, because the vocabulary has no biphasic electrical pulse."),
    "stimulus_description": ("", "Shape of one pulse, and the width of each of its parts."),
    "stimulus_intensity": (_AMPLITUDE, "Highest amplitude that the device acknowledged in the "
                           "session."),
    "stimulus_duration": ("us", "One pulse, from the first phase to the end of the last."),
    "ramp_up": ("s", "Ramp at the beginning of each on time."),
    "ramp_down": ("s", "Ramp at the end of each on time."),
    "pattern1_count": ("", "Pulses in a burst. n/a: no bursts; the pulses that were acknowledged "
                       "are counted in acknowledged_pulses."),
    "pattern1_frequency": ("Hz", "Of the pulses (within a burst); n/a where it changes, or differs "
                           "between stages."),
    "pattern1_duration": ("s", "On time that is filled with pulses; n/a: no cycle, or bursts."),
    "pattern2_frequency": ("Hz", "Of the bursts; n/a: no bursts."),
    "pattern2_interval": ("s", "From on time to on time, of pulses without bursts."),
    "pattern2_duration": ("s", "On time that is filled with bursts."),
    "pattern3_interval": ("s", "From on time to on time, of bursts."),
    "intensity_reference": ("", "absolute: the amplitude was set directly."),
    "intensity_scaling": ("", "absolute, as above."),
    "measured_current_intensity": ("mA", "Highest amplitude that the device measured; n/a: it does "
                                   "not measure."),
    "stimulus_validation": ("", "observed: the device measured its output. not_verified: it "
                            "acknowledged what it was sent, and did not measure."),
}  # fmt: skip
EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "onset": ("s", "Since the first start of output. Of a stimulation: when its "
              "first level came into effect."),
    "duration": ("s", "n/a: the end was not confirmed."),
    "nibs_event_id": ("", "Parameter set, of rows with the trial type stimulation."),
    "nibs_position_id": ("", "Where, in *_markers.tsv."),
    "trial_type": ("", "stimulation: an on time or run of a channel with acknowledged output. "
                   "active_rest: an off time with slow pulses. "
                   "Other types are kinds of events of stimctl; ack: a set point that the device "
                   "accepted."),
    "channel": ("", "Number of the channel."),
    "acknowledged_ma": ("mA", "Amplitude that the device acknowledged; highest of the event. n/a: "
                        "not on record for this event by itself."),
    "acknowledged_percent": ("%", "The same for a device in percent of its own scale."),
    "monotonic_ns": ("ns", "Onset on the monotonic clock of the computer."),
    "wall_utc": ("", "Onset on the wall clock of the computer, ISO 8601, UTC."),
    "wall_uncertainty_us": ("us", "How far the wall clock may lie from that."),
    "code": ("", "Stable code of a reason or alarm."),
    "text": ("", "In words."),
}  # fmt: skip
MARKERS: Final[Mapping[str, tuple[str, str]]] = {
    "nibs_position_id": ("", "Position of the electrodes of one channel."),
    "nibs_element_id": ("", "Links to ElementSet."),
    "position_label": ("", "Site: side and muscle or region, as it was planned."),
    "position_description": ("", "Role of the channel in the protocol."),
}
SESSIONS: Final[Mapping[str, tuple[str, str]]] = {
    "session_id": ("", "One session of stimctl."),
    "acq_time": ("", "First start of output on the wall clock, UTC."),
    "monotonic_ns": ("ns", "The same instant on the monotonic clock of the computer."),
    "wall_uncertainty_us": ("us", "How far the wall clock may lie from that."),
    "stimctl_session": ("", "Id of the session in stimctl."),
    "record_state": ("", "complete, or unfinished: the record has no closing row."),
    "outcome": ("", "How the run ended."),
}
PARTICIPANTS: Final[Mapping[str, tuple[str, str]]] = {
    "participant_id": ("", "From the pseudonym; the key to it is kept elsewhere."),
}
_PEAKS: Final = ("peak_ma", "peak_percent")
_TOTALS: Final = (*_PEAKS, "pulses", "charge_uc", "on_s")
OF_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "planned": ("peak_ma", "pulses", "charge_uc"),
    "commanded": _PEAKS,
    "acknowledged": (*_TOTALS, "contractions"),
    "acknowledged_at_least": _TOTALS,
    "acknowledged_at_most": (*_TOTALS, "unbounded"),
    "measured": _PEAKS,
}
"""The columns of our own in *_nibs.tsv, after those of the draft: the figures of the table
`channels` that a record can have, by source and bound."""
_UNITS: Final = {"ma": "mA", "percent": "%", "uc": "uC", "s": "s"}


def sidecar(columns: Mapping[str, tuple[str, str]], amplitude: str = "mA") -> dict[str, Any]:
    """The columns as a BIDS sidecar describes them."""
    return {name: _entry(unit, text, amplitude) for name, (unit, text) in columns.items()}


def figures_sidecar() -> dict[str, Any]:
    """Of our own columns."""
    by_name = {one.name: one for one in CHANNELS.columns}
    return {
        f"{source}_{name}": _figure(source, by_name[name])
        for source, names in OF_SOURCES.items()
        for name in names
    }


def _entry(unit: str, text: str, amplitude: str) -> dict[str, str]:
    told = {"Description": text}
    return told | ({"Units": amplitude if unit == _AMPLITUDE else unit} if unit else {})


def _figure(source: str, column: Column) -> dict[str, str]:
    told = {"Description": f"{source.replace('_', ' ')}: {column.text}"}
    unit = _UNITS.get(column.name.rpartition("_")[2])
    return told | ({"Units": unit} if unit else {})
