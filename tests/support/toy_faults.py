"""The toy with one thing wrong: file, text, what it becomes, the check that finds it, words."""

from __future__ import annotations

TWIN = "../toy_stimulator_twin/twin.py"
WRONG: dict[str, tuple[str, str, str, str, str]] = {
    "a level above the set point": (
        "question.py", 'f"{form.amplitude_ua} {form', 'f"{form.amplitude_ua + 500} {form',
        "it_gives_what_is_asked_and_stops", "uA asked",
    ),
    "a channel that nobody asked for": (
        "question.py", 'yield "0 0 0" if form is None', 'yield "500 200 50000" if form is None',
        "it_gives_what_is_asked_and_stops", "nobody has asked for it",
    ),
    "a raise that never expires": (
        "question.py", "return self.asked_ns + STALE_NS if self.raises else None", "return None",
        "it_gives_what_is_asked_and_stops", "driver-no-expiry",
    ),
    "a keep-alive of its own": (
        "driver.py", "            self._answered(now_ns, asked, words[1:])",
        "            self._answered(now_ns, asked, words[1:])\n"
        "            if asked.doing is Doing.KEEP_ALIVE and self._flight is None:\n"
        "                self._send(now_ns, Question(Doing.KEEP_ALIVE, now_ns))",
        "nothing_is_sent_by_itself", "driver-feeds",
    ),
    "a timer that it does not name": (
        "driver.py", "        if self._state is State.STOPPING:\n            silent_ns",
        "        return None\n        if self._state is State.STOPPING:\n            silent_ns",
        "stop_is_repeated_while_the_line_is_dead", "a stop is not repeated",
    ),
    "set points after a stop": (
        "driver.py", "self._out = [Frame(data, urgent=True, doing=Doing.STOP)]",
        "self._out = [Frame(data, doing=Doing.STOP), Frame(data, doing=Doing.APPLY)]",
        "it_connects_at_zero_and_names_its_device", "driver-not-stopping",
    ),
    "no latch": (
        "driver.py", "self._state = State.LATCHED", "self._state = State.ZERO",
        "a_device_that_restarted_latches_or_is_stopped", "a restart is not noticed",
    ),
    "a stop that says nothing": (
        "stop.py", 'return b"\\n" + line(number, "off") + line(number + 1, "ask")', 'return b"\\n"',
        "the_stop_sequence_alone_brings_a_running_device_to_zero", "zero was not verified",
    ),
    "a stop that believes anything": (
        "stop.py", "            if found is None:\n",
        "            return True\n            if 0:\n",
        "the_stop_sequence_believes_no_answer_to_others", "another question",
    ),
    "a watchdog that is none": (
        TWIN, "WATCHDOG_US = 1_000_000", "WATCHDOG_US = 10_000_000_000",
        "the_watchdog_ends_output_without_a_keep_alive", "went on without a keep-alive",
    ),
    "an exception": (
        "driver.py", "        for found in self._lines.feed(data):", "        for found in None:",
        "it_connects_at_zero_and_names_its_device", "driver-failed",
    ),
    "another name": (
        "driver.py", 'Identified("toy",', 'Identified("p24",',
        "it_connects_at_zero_and_names_its_device", "it names p24",
    ),
}  # fmt: skip
