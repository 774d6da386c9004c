"""What a session reports: numbered, JSON-able events, and the frames that must go out.

Three numbers are never mixed: `set` is what was asked of the device, `acked` what it has accepted,
`measured` what it has measured (null where a device measures nothing, as the P24).

Fields that end in `_ua` are microampere, those that end in `_percent` percent of the own scale of a
device without current control; a session has the ones or the others. For the second kind
`plateau_ua` reads `intensity_percent`, `from_ua` `from_percent`, `asked_ua` and `allowed_ua`
`asked_percent` and `allowed_percent`, the `channels` of an ack `channels_percent`, `acked_ua` of a
contraction `acked_percent`; and telemetry has `set_percent`, `acked_percent` and `raised_percent`
for `set`, `acked` and `plateau`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Json = None | bool | int | str | list["Json"] | Mapping[str, "Json"]


def json_numbers(by_channel: Mapping[int, int]) -> dict[str, Json]:
    """Numbers by channel as a JSON object, whose keys are texts."""
    return {str(channel): number for channel, number in by_channel.items()}


class Kind(StrEnum):
    """Every kind of session event."""

    STATE = "state"
    """{"state", "was", "why"}"""
    IDENTITY = "identity"
    """{"serial", "firmware", ...}"""
    CONNECT_FAILED = "connect_failed"
    """{"reason"}: the session stays disconnected"""
    PLAN = "plan"
    """{"digest", "duration_us", "channels": [...], "left_us"}: `left_us` as in "ended", of what was
    delivered of this plan before in this session"""
    SETUP = "setup"
    """Everything that a plan, its electrodes, the program and the device were: durable before
    CHECKED, so before anything can be armed"""
    DEAD_MAN = "dead_man"
    """{"outcome": "begun" | "passed" | "failed" | "skipped", "watchdog_us", ...}"""
    START = "start"
    """{"plan", "duration_us", "from": "beginning" | "what-is-left", "from_us"}: the durable row
    before the first output; the run begins when it is on the disk"""
    RESUME = "resume"
    """The same for going on after a pause"""
    RAISE = "raise"
    """{"channel", "plateau_ua", "from_ua", "by": "hand" | "program" | "script"}: durable before it
    goes out. With "pending": true it goes out with the next on ramp, if at all"""
    PENDING = "pending"
    """{"channel", "plateau_ua", "outcome": "taken" | "applied" | "discarded", "reason"}: a raise
    asked for in the off time of a cycle waits for the next on ramp"""
    LINKED = "linked"
    """{"groups": [[1, 2], ...]}: channels that are raised and lowered together"""
    CONTRACTION = "contraction"
    """{"channel", "number", "plateau_ua"}: durable before the ramp of an on/off cycle begins"""
    CONTRACTED = "contracted"
    """{"channel", "number", "plateau_ua", "acked_ua"}: a contraction is over; `plateau_ua` was in
    force at its end, and `acked_ua` is the highest output that the device has accepted in it"""
    PULSE = "pulse"
    """{"channel", "amplitude_ua"}: commanded; durable before it goes out"""
    PULSE_ACKED = "pulse_acked"
    """{"channel", "amplitude_ua", "pulse", "asked_ns", "sent_ns", "acked_ns"}: the device has
    acknowledged the pulse whose row has the number `pulse`; times of the monotonic clock"""
    SET = "set"
    """{"channel", "plateau_ua", "by": "hand" | "program" | "script" | "line"}: the plateau now in
    force; by the line where a raise never reached the device, and what was before it holds again"""
    ACK = "ack"
    """{"channels": {"1": ua, ...}}: the device accepted these amplitudes"""
    TELEMETRY = "telemetry"
    """{"set", "acked", "measured", "plateau", "plan_time_us", "link", "acknowledged", ...} each
    second of a run. `acknowledged`, here and in `unknown` and `ended`, counts the run so far by
    channel from the set points that the device has accepted: {"pulses", "charge_nc", "peak_ua",
    "on_ms"}, or {"peak_percent", "on_ms"}. It is computed: no device tells its pulses"""
    REFUSED = "refused"
    """{"intent", "channel", "asked_ua", "reason"}: dropped, not queued"""
    WITHHELD = "withheld"
    """{"channel", "closed", "reason", "for_us", "more"}: the final output check keeps a channel
    off, or (closed) has switched it off. `for_us`: it is asked for again after that; null: with the
    next burst. `more`: how many of the kind went before it without a row, within a second"""
    LIMIT = "limit"
    """{"channel", "asked_ua", "allowed_ua", "limit"}: the clearance is the bound"""
    ATTENDANCE = "attendance"
    """{"prompt": true, "answer_within_us"} or {"answered": true, "by"}; "by" where it is known"""
    STOP_FACE = "stop_face"
    """{"name", "state": "tested" | "lost"}: a pedal or button that stops, beside the face; the
    supervisor adds "open" (with "what" it is) and "back" """
    LINK = "link"
    """{"quality": "good" | "degraded" | "lost" | "up" | "restarting", "reason"}"""
    ALARM = "alarm"
    """{"priority": "high" | "medium" | "low", "marker": "!!!" | "!!" | "!", "what", "action"}"""
    PROMPT = "prompt"
    """{"prompt", "text", "channel"?}: asked of the people at the session; no alarm"""
    FELT = "felt"
    """{"channel", "plateau_ua"}: the person has told a sensation"""
    CHANNEL_FOUND = "channel_found"
    """{"channel", "site", "planned", "plateau_ua"}: the person feels it where the plan has it"""
    CHANNEL_MISMATCH = "channel_mismatch"
    """The same and {"reason"}: the person feels it at another site, and output is stopped"""
    LEADS_CHECKED = "leads_checked"
    """{"by": "operator" | "plan", "was"}: after a mismatch the leads are as planned, or another
    plan has other sites"""
    STOPPING = "stopping"
    """{"reason"}: the stop has gone out"""
    ZERO_VERIFIED = "zero_verified"
    """{"after_us"}: the device confirmed zero"""
    UNKNOWN = "unknown"
    """{"reason", "what_to_do"}: OUTPUT NOT CONFIRMED"""
    CLOCK = "clock"
    """{"step_us"}: the wall clock was changed"""
    ENDED = "ended"
    """{"outcome", "reason", "plan_time_us", "left_us"}: the run is over and zero is verified;
    `left_us` is what a start may go on with, 0 where it can only begin anew"""


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One thing that happened. `seq` counts from 1 without gaps; `at_ns` is the engine's clock.

    `durable` asks the journal to sync; where the event starts or raises output, the frames wait
    for `JournalDurable(seq)`.
    """

    seq: int
    at_ns: int
    kind: Kind
    data: Mapping[str, Json]
    durable: bool

    def as_dict(self) -> dict[str, Json]:
        """The JSON form, without the wall-clock time that the journal adds."""
        return {
            "seq": self.seq,
            "mono_ns": self.at_ns,
            "kind": self.kind.value,
            "durable": self.durable,
            **self.data,
        }


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes for the line. Urgent ones (stops) overtake and discard what has not yet left.

    `expires_ns`: the bytes raise output; not written by this clock reading, they are thrown away.
    `resets`: in place of bytes, the line that restarts the device (DTR) is pulsed.
    """

    data: bytes
    urgent: bool
    expires_ns: int | None = None
    resets: bool = False
