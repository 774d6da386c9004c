"""A stream of the Lab Streaming Layer as an input: one channel, of a sender on this computer.

A stream has no numbers of its own: its stamps have to rise. It is not opened again by itself after
a loss, since another sender of the same name could take its place.
"""

from __future__ import annotations

import importlib
import math
import socket
from collections.abc import Callable, Sequence
from typing import Any

from stimctl.errors import LinkError, NoDeviceError, UsageError
from stimctl.inputs.bindings import Binding
from stimctl.inputs.threaded import Said, ThreadedReader

BEAT = "beat"
"""An event's sender says this text again and again; all other texts are events."""
_RESOLVE_S = 2.0
"""Waited in full: a second stream of the name has to be seen."""
_WAIT_S = 0.05
_MOST_AGE_S = 10.0


class LslSamples:
    """What an inlet brings, as samples of one input."""

    def __init__(self, binding: Binding, inlet: Any, now_s: Callable[[], float]) -> None:
        """`inlet`: of pylsl, or of the same shape; `now_s`: the clock of its stamps."""
        self._binding, self._inlet, self._now_s = binding, inlet, now_s
        self._number = 0
        self._newest_s = -math.inf

    def poll(self) -> Sequence[Said]:
        """The next sample, where one has come. LinkError where the stream is lost."""
        try:
            values, stamp_s = self._inlet.pull_sample(_WAIT_S)
        except Exception as error:
            raise LinkError(
                f'the stream of the input "{self._binding.name}" is lost', why=str(error)
            ) from error
        if values is None or not math.isfinite(stamp_s) or stamp_s <= self._newest_s:
            return ()  # nothing came, or it was said before
        self._newest_s = stamp_s
        self._number += 1
        age_s = min(_MOST_AGE_S, max(0.0, self._now_s() - stamp_s))
        said = {"input": self._binding.name, "seq": self._number, "source": "lsl",
                "age_us": int(age_s * 1e6)}  # fmt: skip
        value = values[0]
        if self._binding.kind == "event":
            return [{**said, "beat": True} if value == BEAT else said]
        if isinstance(value, str) or not math.isfinite(value):
            value = math.nan  # it is said, and believed by nobody (K14)
        return [{**said, "value": float(value)}]


def open_lsl(binding: Binding) -> ThreadedReader:
    """StimctlError where there is no such stream, or more than one."""
    lsl = _loaded()
    inlet = inlet_of(lsl, binding, socket.gethostname())
    return ThreadedReader(LslSamples(binding, inlet, lsl.local_clock).poll, inlet.close_stream)


def inlet_of(lsl: Any, binding: Binding, here: str) -> Any:
    """The inlet of the one stream with this name. `here`: the name of this computer."""
    found = list(lsl.resolve_byprop("name", binding.path, minimum=2, timeout=_RESOLVE_S))
    if len(found) != 1:
        several = f"{len(found)} streams have this name"
        raise NoDeviceError(
            f'there is no one stream "{binding.path}" for the input "{binding.name}"',
            why=several if found else f"none was found within {_RESOLVE_S:.0f} s",
            what_to_do="start the sender, and one only",
        )
    info = found[0]
    why = _why_not(lsl, binding, info, here)
    if why:
        raise NoDeviceError(
            f'the stream "{binding.path}" is no source of the input "{binding.name}"', why=why,
            what_to_do="send a stream of one channel from a program on this computer",
        )  # fmt: skip
    inlet = lsl.StreamInlet(info, max_buflen=1, recover=False, processing_flags=lsl.proc_clocksync)
    inlet.open_stream(_RESOLVE_S)
    return inlet


def _why_not(lsl: Any, binding: Binding, info: Any, here: str) -> str:
    if info.hostname() != here:
        return f"it comes from {info.hostname()}, and a network says nothing of who sends"
    if info.channel_count() != 1:
        return f"it has {info.channel_count()} channels"
    texts = info.channel_format() == lsl.cf_string
    if texts != (binding.kind == "event"):
        return "an event comes as texts, all else as numbers"
    return ""


def _loaded() -> Any:
    try:
        return importlib.import_module("pylsl")
    except (ImportError, RuntimeError, OSError) as error:  # it raises these without its library
        raise UsageError(
            "no input over LSL",
            why=f"pylsl cannot be loaded: {error}",
            what_to_do="pip install 'stimctl[lsl]'",
        ) from error
