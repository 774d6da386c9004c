"""The phrase book: each row of a session as one sentence, for every face.

A face may choose which rows it shows, and says how attendance is answered there (`answer`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from stimctl.quantity import format_current, format_intensity
from stimctl.session import activation_rows, host_rows, rows
from stimctl.session.events import event_of
from stimctl.supervisor.alarm_words import words_of

Row = Mapping[str, Any]
ANY_KEY: Final = "Any key"
PULL: Final = "PULL THE ELECTRODE CABLE / SWITCH OFF THE DEVICE"
_STOP_FACES: Final = {
    "open": "is read",
    "tested": "is tested: its press stopped, and zero was verified",
    "lost": "is LOST",
    "back": "is back, and has to be tested again",
}
_FOLLOWS: Final = {
    "follows": "FOLLOWS a target of the program, from now",
    "keeps": "keeps the lower value,",
    "falls": "falls to zero, from now",
    "ended": "follows no target any more,",
}
_QUIET: Final = ("arm", "trip")
"""Nothing was on: zero is only looked at once more."""


def steps_to_zero(what_to_do: str) -> list[str]:
    """What a person does where zero is not confirmed, in this order. `what_to_do`: at the device,
    as its sheet says it."""
    at_device, _, after = what_to_do.partition(", then ")
    steps = ["PULL THE ELECTRODE CABLE out of the stimulator", at_device, after]
    return [f"{one[0].upper()}{one[1:]}." for one in steps if one]


def sentence_of(row: Row, answer: str = ANY_KEY) -> str | None:
    """The row in words; None for those that come by the second, or say nothing to a person."""
    event = event_of(row)
    return None if event is None else describe(event, answer)


def describe(event: rows.Event, answer: str = ANY_KEY) -> str | None:
    """An event in words."""
    if isinstance(event, rows.Attendance):
        return _attendance(event, answer)
    speak = _WORDS.get(type(event))
    return None if speak is None else speak(event)


def level_text(level: int, unit: str | None) -> str:
    """A level with its unit, as a person types it."""
    return format_intensity(level) if unit == "%" else format_current(level)


def _followed(event: rows.Followed) -> str:
    level = level_text(event.level, event.unit)
    why = f": {event.reason}" if event.reason.text else ""
    return f"channel {event.channel} {_FOLLOWS[event.phase]} at {level}{why}"


def _refused(event: rows.Refused) -> str:
    channel = f" channel {event.channel}" if event.channel else ""
    to = "" if event.asked is None else f" to {level_text(event.asked, event.unit)}"
    return f"refused: {event.intent}{channel}{to}: {event.reason}"


def _limit(event: rows.Limit) -> str:
    asked, allowed = level_text(event.asked, event.unit), level_text(event.allowed, event.unit)
    return f"refused: channel {event.channel} {asked}: ceiling {allowed} ({event.limit})"


def _pending(event: rows.Pending) -> str:
    level = level_text(event.level, event.unit)
    if event.outcome == "taken":
        return f"channel {event.channel}: {level} from the next contraction"
    return f"channel {event.channel} {level} {event.outcome}: {event.reason}"


def _linked(event: rows.Linked) -> str:
    groups = "; ".join(" and ".join(str(one) for one in group) for group in event.groups)
    return f"linked: channels {groups}" if groups else "no channels are linked"


def _attendance(event: rows.Attendance, answer: str) -> str:
    if not event.prompt:
        return "attendance: answered"
    seconds = (event.answer_within_us or 0) // 1_000_000
    answer = "Answer at the machine" if event.by_person else answer
    return f"ARE YOU THERE? {answer} within {seconds} s, or the output ramps to zero"


def _alarm(event: rows.AlarmRaised) -> str:
    what, action = event.what, event.action
    told = f"{event.marker} ALARM ({event.priority}): {what}; {action}".strip()
    do = words_of(what, action).do
    return told if do == action else f"{told}. {do[:1].upper()}{do[1:]}."


def _event(event: rows.EventOver) -> str:
    level = level_text(event.level, event.unit)
    told = f"event {event.number} of {event.stage}: {level}, {event.outcome}"
    if event.outcome == "blank":
        told = f"event {event.number} of {event.stage}: no pulse"
    if event.reason.text:
        return f"{told}: {event.reason}"
    return f"{told}, {event.answer.replace('-', ' ') or 'no answer'}"


def _result(event: rows.Result) -> str:
    what = event.mark or f"stage {event.stage}"
    if event.value is not None:
        return f"RESULT: {what} {level_text(event.value, event.unit)} ({event.how}; {event.why})"
    counted = f"{event.given} of {event.events} events given"
    false = "" if event.valid else f"; {event.false_alarms} false alarms in {event.blanks} blanks"
    found = "over" if not event.mark else "NOT FOUND"
    return f"{what} {found}: {event.why}; {counted}{false}"


def _prompt(event: rows.PromptShown) -> str:
    where = "" if event.channel is None else f" channel {event.channel}"
    return f"please{where}: {event.text}"


def _stopping(event: rows.Stopping) -> str | None:
    return None if event.purpose in _QUIET else f"STOPPING: {event.reason}"


def _zero(event: rows.ZeroVerified) -> str:
    word = "zero verified" if event.purpose in _QUIET else "OUTPUT OFF: zero verified"
    return f"{word} after {event.after_us // 1000} ms"


def _identity(event: rows.Identity) -> str:
    serial, firmware = event.serial or "not reported", event.firmware or "not reported"
    return f"identified: serial {serial}, firmware {firmware}"


def _line_kind(event: host_rows.LineKind) -> str:
    return f"{'SIMULATION' if event.simulation else 'REAL CURRENT'}: {event.why}"


def _presence(event: host_rows.Presence) -> str:
    return f"present: {event.by}" if event.given else f"nobody has answered: {event.why}"


def _unclean(event: host_rows.UncleanEnd) -> str:
    begun = f"{event.what} (begun {event.started}): {event.why}. {event.what_to_do}"
    return f"{event.marker} {begun}".strip()


def _error(event: host_rows.ErrorReported) -> str:
    return f"error: {event.fields.get('what', '')} {event.fields.get('why', '')}".rstrip()


_WORDS: Final[Mapping[type, Callable[[Any], str | None]]] = {
    rows.Identity: _identity,
    rows.ConnectFailed: lambda event: f"no connection: {event.reason}",
    rows.StateEntered: lambda event: f"{event.state.upper()}: {event.why}",
    rows.PlanLoaded: lambda event: f"plan {event.digest[:8]} loaded",
    rows.DeadMan: lambda event: f"watchdog test: {event.outcome}",
    rows.LevelSet: lambda event: (
        f"channel {event.channel} set to {level_text(event.level, event.unit)}"
    ),
    rows.Unlocked: lambda event: f"channel {event.channel} unlocked: raise again",
    rows.Pending: _pending,
    rows.Linked: _linked,
    rows.Followed: _followed,
    rows.StageBegun: lambda event: f"STAGE {event.number}: {event.name}",
    activation_rows.ActivationSkipped: lambda event: (
        f"channel {event.channel}: {event.input} gave nothing"
        f"{'' if event.times == 1 else f' {event.times} times'}: {event.reason}"
    ),
    rows.EventOver: _event,
    rows.Result: _result,
    rows.Contraction: lambda event: f"contraction {event.number} of channel {event.channel}",
    rows.Contracted: lambda event: f"contraction {event.number} of channel {event.channel} is over",
    rows.Withheld: lambda event: f"channel {event.channel} kept off: {event.reason}",
    rows.ChannelFound: lambda event: f"channel {event.channel} found at {event.site}",
    rows.LeadsChecked: lambda event: f"leads checked ({event.by}), which was: {event.was}",
    rows.Refused: _refused,
    rows.Limit: _limit,
    rows.LinkChanged: lambda event: f"link {event.quality}: {event.reason}",
    rows.AlarmRaised: _alarm,
    rows.PromptShown: _prompt,
    rows.Stopping: _stopping,
    rows.ZeroVerified: _zero,
    rows.OutputUnknown: lambda event: (
        f"OUTPUT UNKNOWN: {PULL}. {event.reason}. {event.what_to_do}".rstrip(". ")
    ),
    rows.Ended: lambda event: f"ended: {event.outcome}, {event.reason}",
    rows.StopFace: lambda event: (
        f"stop face {event.name} {_STOP_FACES.get(event.state, event.state)}"
    ),
    rows.ClockStepped: lambda event: f"the clock of this computer was moved by {event.step_us} us",
    host_rows.Hello: lambda event: f"supervisor ready for {event.device}",
    host_rows.JournalOpened: lambda event: f"journal of session {event.session}",
    host_rows.LineKind: _line_kind,
    host_rows.Ready: lambda event: (
        f"device {event.fields.get('shown_as') or 'without a serial number'}"
    ),
    host_rows.Presence: _presence,
    host_rows.OperatorChanged: lambda event: f"in charge: {event.code}",
    host_rows.Note: lambda event: (
        f"{event.fields.get('topic', 'note')}: {event.fields.get('text', '')}"
    ),
    host_rows.UncleanEnd: _unclean,
    host_rows.ErrorReported: _error,
    host_rows.Fatal: lambda event: f"the supervisor failed: {event.error.get('what', '')}",
}
