"""The stable code of every refusal and of every cause of a stop; the words beside it may change.

Programs and faces compare codes, never words. Alarms (`session.alarms.Condition`), prompts
(`session.prompts.Prompt`) and gaps before output on hardware (`session.needs.Need`) have codes of
their own; no code has two meanings.
"""

from enum import StrEnum


class Code(StrEnum):
    """Why something was refused, stopped or lost. `meaning` is one line of documentation."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> "Code":
        """A code and what it means."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # -- a raise that may be possible in a moment
    STARTING = "starting", "Between start or resume and the device's answer that it is ready."
    RAISE_NOT_ON_RECORD = "raise-not-on-record", "The row of the raise before is not durable yet."
    TOO_EARLY = "too-early", "The interval after the raise before is not over."
    NOT_CONFIRMED = "not-confirmed", "The device has not confirmed the raise before."
    RAMPING = "ramping", "A ramp of all channels is under way."
    RAISE_PENDING = "raise-pending", "A raise waits for the next on ramp already."
    NOT_AT_PLATEAU = "not-at-plateau", "The channel is between plateaus of its cycle."
    LEFT_OUT = "contraction-left-out", "This contraction has no output, so a raise was not felt."
    # -- a raise that is not possible as it is
    STANDING = "output-standing", "The output is paused or stopped."
    NOT_ABOVE = "not-above", "The level asked for is not above the present one."
    ABOVE_CLEARED = "above-cleared", "The level asked for is above what was cleared."
    LINKED_ABOVE_CLEARED = "linked-above-cleared", "A linked channel is at what was cleared for it."
    OFF_STEP = "off-step", "The level is not a multiple of the device's step."
    MORE_THAN_A_STEP = (
        "more-than-a-step",
        "A raise is one increment at a time: a device step, or by hand up to 1 mA.",
    )
    SCRIPT_RAISES = "script-raises", "The script raises this channel until somebody lowers it."
    AUTO_LOCKED = (
        "auto-locked",
        "Nobody has changed the channel for 20 s: unlock, then raise.",
    )
    NOT_IN_PLAN = "not-in-plan", "The plan does not use this channel."
    SETTLING = "settling", "Not every part of what changes was met at this plateau yet (A20)."
    OFF_IN_STAGE = "off-in-stage", "The channel is off in this stage of the plan."
    LAST_STAGE = "last-stage", "No stage follows: a stop ends the session."
    LINK_NOT_GOOD = "link-not-good", "Raises are locked while the link is degraded."
    FADING = "fading", "The output is ramping to zero."
    NOT_FOUND = "channel-not-found", "Another channel with output is not found yet."
    FELT_NOT_FOUND = "felt-not-found", "The channel is felt, and its site is not named yet."
    LINKED_NOT_FOUND = "linked-not-found", "Linked channels rise together; one is not found yet."
    # -- a target that a program lets a channel follow
    FOLLOW_OFF = "follow-off", "The session follows no targets."
    FOLLOW_OLD = "follow-old", "The data of the target are too old, or not newer than before."
    FOLLOW_AHEAD = "follow-ahead", "The data of the target are of a time that has not come."
    FOLLOW_BY_HAND = "follow-by-hand", "No level was reached by hand that could be followed around."
    FOLLOW_ABOVE = "follow-above", "The target is above what may be followed."
    FOLLOW_LINKED = "follow-linked", "The channel is linked, and follows no target of its own."
    FOLLOW_LAPSED = "follow-lapsed", "Without data for 2 s the channel ramps to zero."
    # -- a raise that was decided before something ended it, or was lost on its way
    LOWERED = "channel-lowered", "The channel was lowered after this raise was decided."
    LINKED_LOWERED = "linked-channel-lowered", "A linked channel was lowered meanwhile."
    RELINKED = "links-changed", "The links of the channel were changed meanwhile."
    OUTPUT_PAUSED = "output-paused", "The output was paused meanwhile."
    OUTPUT_STOPPED = "output-stopped", "The output was stopped meanwhile."
    RESTARTED = "output-restarted", "The output has begun again since."
    STAGE_BEGUN = "stage-begun", "Another stage has begun since."
    INTERRUPTED = "output-interrupted", "The output was interrupted while the raise waited."
    OVERTAKEN = "overtaken-by-stop", "A stop overtook the command."
    JOURNAL_LATE = "journal-late", "The row was not durable within 250 ms."
    LINE_LATE = "line-late", "The bytes could not be sent within 250 ms."
    ROW_NOT_DURABLE = "row-not-durable", "The row of this contraction is not durable."
    # -- a pending raise that went on
    UNTIL_ON_RAMP = "until-on-ramp", "The raise waits for the next on ramp."
    ON_RAMP = "on-ramp", "The on ramp begins, and the raise applies."
    # -- the final output check
    KEPT_OFF = "channel-kept-off", "The final output check keeps a channel off for now."
    SWITCHED_OFF = "channel-switched-off", "The final output check has switched a channel off."
    # -- single pulses
    PULSE_NOT_ON_RECORD = "pulse-not-on-record", "The row of the pulse before is not durable yet."
    NOT_GENUINE = "not-genuine", "The set point does not come from the safety model."
    PULSE_ABOVE_PLATEAU = "pulse-above-plateau", "The pulse is above the level of its channel."
    LINE_BUSY = "line-busy", "The device has not answered the pulse before."
    PULSE_NOT_SENT = "pulse-not-sent", "The pulse was not sent in time, and not given."
    PULSE_NOT_CONFIRMED = "pulse-not-confirmed", "It was sent, not acknowledged, perhaps given."
    PULSE_NOT_RUNNING = "pulse-not-running", "The session had stopped; the pulse was not given."
    PULSE_REFUSED = "pulse-refused", "The device or its driver refused the pulse."
    TRAINS_ONLY = "trains-only", "The session was begun for pulse trains."
    NO_PULSES = "no-pulses", "The device makes no pulses of its own."
    # -- a command that is not possible now
    NOT_IN_STATE = "not-in-state", "The state of the session does not allow it."
    ZERO_BEING_VERIFIED = "zero-being-verified", "Zero is being verified; wait for its report."
    ZERO_NOT_VERIFIED = "zero-not-verified", "Zero has not been verified."
    REASON_NEEDED = "reason-needed", "Somebody at the electrodes has stopped: give the reason."
    UNDER_WAY = "under-way", "The same command is under way."
    JOURNAL_UNWRITABLE = "journal-unwritable", "The journal cannot be written."
    LINK_WAS_LOST = "link-was-lost", "The link was lost since the device was identified."
    NOT_IDENTIFIED = "not-identified", "The device of this connection was never identified."
    NO_PLAN = "no-plan", "There is no plan."
    NO_PROTOCOL = "no-protocol", "There is no protocol to compile."
    NO_JOURNAL = "no-journal", "There is no journal yet."
    PLAN_BEING_CHECKED = "plan-being-checked", "A plan is being checked on the device."
    NOT_WHILE_ACTIVE = "not-while-active", "No plan is read while output may be near."
    FELT_ELSEWHERE = "leads-not-checked", "A channel was felt at another site than planned."
    FACE_NOT_ALIVE = "face-not-alive", "The program has sent no heartbeat for 500 ms."
    NO_HOLD = "no-hold", "No hold allows output."
    HOLD_TOO_LONG = "hold-too-long", "The hold is longer than allowed."
    CHOOSE_START = "choose-start", "Part of the plan was delivered: say where to start."
    SCRIPT_FROM_START = "script-from-start", "A scripted session begins at the beginning."
    NOTHING_LEFT = "nothing-left", "Nothing of the plan is left."
    WRONG_UNIT = "wrong-unit", "The value is in another unit than the session counts in."
    WRONG_FAMILY = "wrong-family", "The plan was compiled for another device family."
    NOT_ATTENDED = "not-attended", "The device has no watchdog, and nobody attends."
    NO_SCRIPT = "no-script", "The device has no watchdog, so only a hand may raise."
    LINK_TOO_SHORT = "link-too-short", "A link needs two or more different channels."
    LINKED_ALREADY = "linked-already", "The channel is linked already."
    FINDING_SCRIPTED = "finding-scripted", "A script cannot ask where channels are felt."
    FINDING_NEEDS_SITES = "finding-needs-sites", "A channel that is to be found has no site."
    NOT_FINDING = "not-finding", "The session does not find its channels one by one."
    NO_OUTPUT_TO_FEEL = "no-output-to-feel", "The channel has no output that could be felt."
    NO_MISMATCH = "no-mismatch", "No channel was felt at another site than planned."
    DRIVER_BUSY = "driver-busy", "The driver waits for the answer to another request."
    DRIVER_STATE = "driver-state", "The state of the driver does not allow the call."
    TRAIN_RUNS = "train-runs", "A pulse train runs or may run."
    # -- programs and people
    PERSON_ANSWERS = "person-answers", "Only a person at the machine answers for attendance."
    NOBODY_PRESENT = "nobody-present", "Nobody at the machine has answered."
    WATCH_ONLY = "watch-only", "A control socket takes `stop` and `watch` only."
    PERSON_BUSY = "people-busy", "Another program changes what is kept of people."
    PERSON_ERASED = "person-erased", "The person was erased while a program had it open."
    PERSON_ERASING = "person-erasing", "Erasing this person was begun and not finished."
    PERSON_IN_USE = "person-in-use", "A session of this person is open."
    PERSON_LOCKED = "person-locked", "Another program holds the lock of this person."
    OTHER_PROCESS = "other-process", "The session belongs to another process."
    NOT_COPYABLE = "not-copyable", "A session cannot be copied or sent."
    NOT_OPEN = "not-open", "The session is not open."
    OPENED_BEFORE = "opened-before", "The session has been opened before."
    ABOVE_TARGET = "above-target", "The channel is above the level asked for already."
    SESSION_STOPPED = "session-stopped", "The session no longer runs."
    CALL_CANCELLED = "call-cancelled", "The task that awaited the call was cancelled."
    STEP_TIMED_OUT = "step-timed-out", "The session did not reach the state within its time."
    NOBODY_ATTACHED = "nobody-attached", "Nobody is attached to the terminal multiplexer."
    REHEARSAL_FAILED = "rehearsal-failed", "The rehearsal found a problem."
    NOT_INSTALLED = "not-installed", "The completion could not be installed."
    # -- signed protocol libraries
    LIBRARY_UNSIGNED = "library-unsigned", "The protocol's folder has no signed list of its files."
    LIBRARY_INVALID = "library-invalid", "The signed list is damaged, or its signature is wrong."
    LIBRARY_CHANGED = "library-changed", "A file of a signed library was changed, added or removed."
    LIBRARY_UNTRUSTED = "library-untrusted", "This station does not trust the key of the library."
    LIBRARY_ONLY = "library-only", "This station runs protocols of its signed library only."
    # -- why output is being stopped, or zero is verified
    ENDED = "plan-ended", "The plan has ended."
    BUDGET_SPENT = "budget-spent", "The charge budget of the session is used up."
    NOBODY_ANSWERED = "nobody-answered-prompt", "Nobody answered the attendance prompt."
    PAUSE = "pause", "Somebody has paused."
    BEFORE_ARMING = "before-arming", "Zero is verified before arming."
    TRIP_SEEN = "watchdog-test-passed", "The device has stopped by itself in its watchdog test."
    STOP_ASKED = "stop-asked", "The face has asked for a stop."
    STOP_PATH = "stop-path", "`stimctl stop` or another program has asked for a stop."
    STOP_FACE_PRESSED = "stop-face-pressed", "A stop face was pressed."
    STOP_FACE_GONE = "stop-face-gone", "A stop face that was tested is lost."
    FACE_GONE = "face-gone", "The face has ended."
    FACE_CLOSED = "face-closed", "The face has closed the session."
    NAME_MOVED = "name-moved", "The name of the port leads to another device, or nowhere."
    SIGNAL = "signal", "The supervisor was told to end by a signal."
    FACE_SILENT = "face-silent", "The program has sent no heartbeat for 500 ms."
    HOLD_EXPIRED = "hold-expired", "The hold of the program has run out."
    JOURNAL_STALE = "journal-stale", "The newest durable row is older than 2 s."
    # -- faults and lost links
    JOURNAL_FAILED = "journal-failed", "The journal cannot be written any more."
    DRIVER_UNCHECKED = "driver-unchecked", "A driver of another package was not checked as it is."
    DRIVER_UNTRUSTED = "driver-untrusted", "Nobody here trusts this release of a driver."
    DRIVER_UNASKED = "driver-unasked", "A foreign driver sent what no call or timer had caused."
    DRIVER_NOT_STOPPING = "driver-not-stopping", "It sent something else than a stop meanwhile."
    DRIVER_NO_EXPIRY = "driver-no-expiry", "It sent a raise that could leave too late."
    DRIVER_FEEDS = "driver-feeds", "It kept the device alive without being asked to."
    DRIVER_ABOVE = "driver-above-asked", "It tells of more output than was asked of it."
    DRIVER_UNPROVED = "driver-unproved", "It tells of zero or of a device, and has heard nothing."
    DRIVER_FAILED = "driver-failed", "A foreign driver raised, or gave what is not in its contract."
    PLAN_BROKEN = "plan-broken", "The plan or the driver asks for what the rules forbid."
    TRIP_NEVER_RAN = "watchdog-test-no-train", "In the watchdog test the 0 mA train did not run."
    TRIP_STILL_RUNS = "watchdog-test-failed", "The train went on without a keep-alive."
    DEVICE_REPORTS = "device-reports-error", "The device reports an error."
    DEVICE_REFUSED = "device-refused", "The device refused a request."
    DEVICE_UNEXPECTED = "device-unexpected", "The device is in another state than expected."
    DEVICE_WAS_RESET = "device-was-reset", "The device stopped by itself before the pause."
    WRONG_DEVICE = "wrong-device", "The device is another one than expected."
    STRAY_ANSWER = "stray-answer", "An answer came to a question never asked."
    DAMAGED_FRAMES = "damaged-frames", "Three damaged frames came within 10 s."
    NO_ANSWER = "no-answer", "The device has not answered in time."
    LINE_DOWN = "line-down", "The port is gone."
    STOOD_STILL = "stood-still", "This program did not run for more than 1 s."
    HOST_SLEPT = "host-slept", "The computer slept."
    STOP_OVERDUE = "stop-overdue", "Zero was not verified in time."
    SUPERVISOR_GONE = "supervisor-gone", "The supervisor died, is silent or takes no commands."
    # -- reports on the link
    LINK_IN_TIME = "link-in-time", "Answers come in time again."
    ANSWERS_LATE = "answers-late", "Two answers came late."
    PORT_OPEN_AGAIN = "port-open-again", "The port is open again."
    RESTARTING = "device-restarting", "The device is being restarted, which ends its output."
