"""The tables of an export: their columns, with types, units and meaning."""

from __future__ import annotations

from typing import Final

from stimctl.export.columns import Column, TableShape, Type

SOURCES: Final = ("planned", "commanded", "acknowledged", "measured")
BOUNDS: Final = ("figure", "at_least", "at_most")

_SESSION: Final = Column("session", Type.STRING, "Id of the session.", may_be_empty=False)
_CHANNEL: Final = Column("channel", Type.INTEGER, "Number of the channel.", may_be_empty=False)
_TIMES: Final = (
    Column(
        "monotonic_ns", Type.INTEGER, may_be_empty=False,
        text="When, on the monotonic clock of the computer that drove the device. The time base.",
    ),
    Column(
        "wall_utc", Type.STRING, may_be_empty=False,
        text="The same instant on that computer's wall clock, UTC, ISO 8601.",
    ),
    Column(
        "wall_uncertainty_us", Type.INTEGER, may_be_empty=False,
        text="How far the wall clock may lie from that at most, by every reading in the record. "
        "How far it was from true UTC is not recorded.",
    ),
    Column(
        "since_start_s", Type.NUMBER, "Time since the first start of output; negative before it.",
    ),
)  # fmt: skip
_LEVELS: Final = (
    Column("level_ma", Type.NUMBER, "Amplitude in mA; empty for a device in percent."),
    Column("level_percent", Type.NUMBER, "Percent of the device's own scale; empty for mA."),
)


def _text(name: str, text: str) -> Column:
    return Column(name, Type.STRING, text)


def _does(differs: str = "", share: str = "") -> tuple[Column, ...]:
    """What a channel gives; the first two say what else counts as a change."""
    return (
        _text("pulse_shape", "Shape of one pulse; empty for pulses of another unit."),
        Column("phase_width_us", Type.NUMBER, "Width of the first phase."),
        Column("interphase_gap_us", Type.NUMBER, "Gap between the phases."),
        Column("second_phase_width_us", Type.NUMBER, "Width of the second phase; 0: none."),
        Column("pulse_frequency_hz", Type.NUMBER, "Pulses a second, within a burst where there "
               "are bursts."),
        Column("burst_pulses", Type.INTEGER, "Pulses in a burst; empty: no bursts."),
        Column("burst_frequency_hz", Type.NUMBER, "Bursts a second."),
        Column("cycle_on_s", Type.NUMBER, "On time of a cycle, ramps included; empty: no cycle."),
        Column("cycle_off_s", Type.NUMBER, "Off time of a cycle."),
        Column("ramp_up_s", Type.NUMBER, "Ramp at the beginning of an on time."),
        Column("ramp_down_s", Type.NUMBER, "Ramp at its end."),
        Column("frequency_changes", Type.BOOLEAN, f"The frequency changes over time{differs}."),
        Column("width_changes", Type.BOOLEAN, f"The width changes over time{differs}."),
        Column("amplitude_changes", Type.BOOLEAN, f"The amplitude is modulated{share}."),
        Column("rest_frequency_hz", Type.NUMBER, "Of the slow pulses in the off time; empty: "
               "there are none."),
        Column("rest_phase_width_us", Type.NUMBER, "Width of their first phase."),
        Column("rest_level_percent", Type.NUMBER, "Their amplitude, of the plateau."),
        _text("frequency_law", "How the frequency changes, in words; pulse_frequency_hz is its "
              "highest value then."),
        _text("width_law", "How the width changes, in words; phase_width_us is its highest then."),
        _text("amplitude_law", "How the amplitude changes, in words."),
    )  # fmt: skip


SESSIONS: Final = TableShape(
    "sessions",
    "One row: what the session was, and how it ended.",
    (
        _SESSION,
        Column("record_state", Type.STRING, "Whether the record has its closing row.",
               may_be_empty=False, values=("complete", "unfinished")),
        Column("record_cut", Type.BOOLEAN, "The record ends while output may have been on.",
               may_be_empty=False),
        Column("simulation", Type.BOOLEAN, "A simulated device was at the other end; empty: not "
               "recorded."),
        _text("person", "The pseudonym of the patient, and nothing else about them."),
        _text("operator", "The code of who was in charge at the start."),
        _text("device", "Kind and address of the device, as it was asked for."),
        _text("device_family", "The kind of device that answered."),
        _text("device_serial", "Serial number that the device reported."),
        _text("device_firmware", "Firmware that the device reported."),
        _text("protocol", "Id of the protocol, and its version."),
        _text("protocol_sha256", "SHA-256 of the protocol file."),
        _text("plan_digest", "Digest of the plan that was loaded."),
        _text("limits_digest", "Digest of the limits in effect."),
        _text("outcome", "How the run ended: completed, stopped or fault."),
        _text("reason", "Why it ended."),
        Column("planned_duration_s", Type.NUMBER, "How long the plan is."),
        Column("record_began_monotonic_ns", Type.INTEGER, "First row, monotonic clock."),
        _text("record_began_wall_utc", "First row, wall clock."),
        Column("output_start_monotonic_ns", Type.INTEGER, "First start of output, monotonic clock; "
               "empty: there was none."),
        _text("output_start_wall_utc", "First start of output, wall clock."),
        Column("output_end_monotonic_ns", Type.INTEGER, "When zero was verified at the end of the "
               "last run, monotonic clock; empty: it was not, or there was no run."),
        _text("output_end_wall_utc", "The same on the wall clock."),
        Column("record_ended_monotonic_ns", Type.INTEGER, "Last row, monotonic clock."),
        _text("record_ended_wall_utc", "Last row, wall clock."),
        Column("wall_uncertainty_us", Type.INTEGER, "Of every wall clock time here."),
        Column("wall_clock_steps", Type.INTEGER, "How often the wall clock was set meanwhile."),
        Column("pain_before_0_10", Type.INTEGER, "Numeric rating of pain before (LOINC 72514-3)."),
        Column("pain_after_0_10", Type.INTEGER, "Numeric rating of pain after (LOINC 72514-3)."),
        _text("skin", "Skin after the session, in the words of the form."),
        _text("tolerance", "Tolerance, in the words of the form."),
        _text("comfort", "Comfort, in the words of the form."),
        _text("adverse_event", "Adverse event, in the words of the form."),
        Column("texts_left_out", Type.INTEGER, "Notes and answers of the checklist that stand in "
               "the journal and not in an export.", may_be_empty=False),
        _text("acknowledged_how", "Where the acknowledged figures come from."),
        Column("journal_rows", Type.INTEGER, "Rows of the journal.", may_be_empty=False),
        _text("journal_last_sha256", "SHA-256 of its last row, which the chain of all rows gives."),
        _text("journal_schema", "Schema of the journal."),
        _text("recorded_with", "Version of stimctl that recorded."),
        _text("exported_with", "Version of stimctl that made this export."),
        Column("amendments", Type.INTEGER, "Amendments of the record. Their text stands in it.",
               may_be_empty=False),
        _text("signature", "What a check said of the signature when this export was made; empty: "
              "the record is not signed."),
        _text("signing_key_public", "Public half of the station's signing key; empty: not signed."),
        _text("signing_key_fingerprint", "Fingerprint of that key."),
    ),
)  # fmt: skip

SETUPS: Final = TableShape(
    "setups",
    "One row per channel: what it was set up to give. Settings, not figures of what was given. "
    "With stages, a setting that is not the same in all of them is empty here: see the table "
    "stages.",
    (
        _SESSION,
        _CHANNEL,
        _text("role", "Role of the channel in the protocol."),
        _text("site", "Where its electrodes were, as planned."),
        Column("electrode_area_cm2", Type.NUMBER, "Area of one electrode."),
        Column("electrode_contact_percent", Type.NUMBER, "Share of it that touches the skin."),
        Column("maximum_ma", Type.NUMBER, "Highest amplitude that was cleared."),
        Column("maximum_percent", Type.NUMBER, "The same for a device in percent."),
        Column("start_after_s", Type.NUMBER, "Delay after the start."),
        *_does(
            ", or differs between stages", ", or a stage takes a share of another one's plateau"
        ),
    ),
)  # fmt: skip

CHANNELS: Final = TableShape(
    "channels",
    "Figures of the whole session, a row per channel, source and bound. Only rows of the source "
    "acknowledged say what the device accepted; planned is a prediction.",
    (
        _SESSION,
        _CHANNEL,
        Column("source", Type.STRING, "planned: a prediction made before the start. commanded: "
               "sent. acknowledged: accepted by the device. measured: read from a device that "
               "measures.", may_be_empty=False, values=SOURCES),
        Column("bound", Type.STRING, "figure: the value itself. at_least, at_most: bounds of what "
               "was given; they lie apart where an answer was lost or the link or record ended.",
               may_be_empty=False, values=BOUNDS),
        Column("unbounded", Type.BOOLEAN, "Some figure of this bound is not known: nothing bounds "
               "it. It is empty then, which is not zero.", may_be_empty=False),
        Column("peak_ma", Type.NUMBER, "Highest amplitude."),
        Column("peak_percent", Type.NUMBER, "Highest share of the device's own scale."),
        Column("pulses", Type.INTEGER, "Number of pulses."),
        Column("charge_uc", Type.NUMBER, "Charge of all first phases together."),
        Column("on_s", Type.NUMBER, "Time with output."),
        Column("contractions", Type.INTEGER, "On times with output."),
    ),
)  # fmt: skip

SAMPLES: Final = TableShape(
    "samples",
    "Output at one moment, about once a second. Between two bursts, and in off times, it is 0: "
    "what was given in between is in the tables channels and events.",
    (
        _SESSION,
        _CHANNEL,
        Column("source", Type.STRING, "As in the table channels.", may_be_empty=False,
               values=SOURCES[1:]),
        *_TIMES,
        Column("known", Type.BOOLEAN, "false: nothing is known of the level from here on.",
               may_be_empty=False),
        *_LEVELS,
    ),
)  # fmt: skip

EVENTS: Final = TableShape(
    "events",
    "What happened, a row per event and channel: starts, raises, set points that the device "
    "accepted (kind ack), pulses, markers, alarms, stops.",
    (
        _SESSION,
        Column("row", Type.INTEGER, "Number of the row in the journal.", may_be_empty=False),
        Column("kind", Type.STRING, "Kind of the event; docs/reference/events.md has them all.",
               may_be_empty=False),
        *_TIMES,
        Column("channel", Type.INTEGER, "The channel, where it is of one."),
        Column("source", Type.STRING, "commanded or acknowledged, of the level; empty for what is "
               "neither.", values=SOURCES[1:3]),
        *_LEVELS,
        _text("code", "Stable code of the reason, alarm or answer."),
        _text("text", "In words. Never free text that somebody typed."),
    ),
)  # fmt: skip

STAGES: Final = TableShape(
    "stages",
    "One row per stage and channel, in the order of the plan: what it was set up to give in it. No "
    "row: the protocol has no stages. When a stage began is in the table events (kind stage).",
    (
        _SESSION,
        Column("stage", Type.INTEGER, "Number of the stage, from 1.", may_be_empty=False),
        _text("name", "Its name in the protocol."),
        _text("kind", "What happens in it: program, rest, tune or events."),
        _CHANNEL,
        Column("output", Type.BOOLEAN, "Whether the channel gives pulses in it.",
               may_be_empty=False),
        Column("planned_start_s", Type.NUMBER, "When it begins, in the time of the plan."),
        Column("planned_duration_s", Type.NUMBER, "How long it lasts; at most, where a person may "
               "end it."),
        Column("zero_s", Type.NUMBER, "How long it is without output at its beginning."),
        Column("ends_by_operator", Type.BOOLEAN, "A person may end it earlier."),
        Column("plateau_of_stage", Type.INTEGER, "Number of the stage whose plateau it begins "
               "with; empty: it begins at zero."),
        Column("plateau_level_percent", Type.NUMBER, "Share of that plateau."),
        Column("start_after_s", Type.NUMBER, "Delay after the stage's time without output."),
        *_does(),
    ),
)  # fmt: skip

SHAPES: Final = (SESSIONS, SETUPS, CHANNELS, SAMPLES, EVENTS, STAGES)
