"""The Python API for asyncio, `async with stimctl.aio.connect("sim:p24") as device: ...`.

It is the same API: every method of `AsyncDevice` is the one of `Device` with its name, run in a
thread, so that the event loop goes on. One rule is added: a call that is cancelled stops output.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from stimctl import api
from stimctl.api import Device, FollowRange, GivenPulse, Reading, Requested, Turn
from stimctl.supervisor.api_follow import Targets
from stimctl.supervisor.cancelling import CANCELLED
from stimctl.supervisor.client import Row

__all__ = [
    "AsyncDevice",
    "FollowRange",
    "GivenPulse",
    "Reading",
    "Requested",
    "Turn",
    "connect",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _awaited(
    method: Callable[Concatenate[Device, _P], _R],
) -> Callable[Concatenate[AsyncDevice, _P], Coroutine[Any, Any, _R]]:
    """A method of `Device` as one that is awaited; its signature and words stay."""

    @functools.wraps(method)
    async def call(self: AsyncDevice, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return await self._in_thread(functools.partial(method, self.device, *args, **kwargs))

    return call


def _connected(
    described: Callable[_P, Device],
) -> Callable[_P, AsyncDevice]:
    @functools.wraps(described)
    def connect(*args: _P.args, **kwargs: _P.kwargs) -> AsyncDevice:
        return AsyncDevice(described(*args, **kwargs))

    return connect


class AsyncDevice:
    """One session with one device, for one event loop. See `Device` for what each method does.

    Several tasks may use it at the same time. A call that is cancelled (`Task.cancel`, a timeout,
    Ctrl-C) sends a stop at once, and ends when its thread has ended; then it is a
    `CancelledError`, as ever. Blocking the event loop renews no hold, so that the output lapses.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        """The same session for code that may block."""

    async def __aenter__(self) -> Self:
        """As `Device.__enter__`. Cancelled, it leaves nothing of the session behind."""
        is_open = False

        def enter() -> None:
            nonlocal is_open
            self.device.__enter__()
            is_open = True

        try:
            await self._in_thread(enter)
        except asyncio.CancelledError as cancelled:
            if is_open:  # it came after the last moment in which the thread could have seen it
                await self.__aexit__(type(cancelled), cancelled, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `Device.__exit__`: it returns at verified zero, also where it is cancelled."""
        await self._in_thread(functools.partial(self.device.__exit__, kind, error, trace))

    # -- what is known without waiting

    @property
    def state(self) -> str:
        """As of `Device`."""
        return self.device.state

    def events(self) -> Iterator[Row]:
        """As of `Device`: the events since the last call; it waits for nothing."""
        return self.device.events()

    def results(self) -> tuple[Row, ...]:
        """As of `Device`; it waits for nothing."""
        return self.device.results()

    def cut_short(self) -> None:
        """As of `Device`: a stop, without waiting for it."""
        self.device.cut_short()

    async def readings(self) -> Mapping[int, Reading]:
        """As of `Device`, where it is an attribute."""
        return await self._in_thread(lambda: self.device.readings)

    # -- the methods of `Device`, by one mechanism

    load = _awaited(Device.load)
    change = _awaited(Device.change)
    prepare = _awaited(Device.prepare)
    arm = _awaited(Device.arm)
    start = _awaited(Device.start)
    hold = _awaited(Device.hold)
    renew = _awaited(Device.renew)
    raise_to = _awaited(Device.raise_to)
    request = _awaited(Device.request)
    follow = _awaited(Device.follow)
    follow_range = _awaited(Device.follow_range)
    lower_to = _awaited(Device.lower_to)
    link = _awaited(Device.link)
    unlink = _awaited(Device.unlink)
    pulse = _awaited(Device.pulse)
    less = _awaited(Device.less)
    next_stage = _awaited(Device.next_stage)
    sample = _awaited(Device.sample)
    trigger = _awaited(Device.trigger)
    pause = _awaited(Device.pause)
    resume = _awaited(Device.resume)
    stop = _awaited(Device.stop)
    wait = _awaited(Device.wait)
    attend = _awaited(Device.attend)
    hand_over = _awaited(Device.hand_over)
    felt = _awaited(Device.felt)
    found = _awaited(Device.found)
    leads_checked = _awaited(Device.leads_checked)
    note = _awaited(Device.note)
    mark = _awaited(Device.mark)
    acknowledge = _awaited(Device.acknowledge)
    answer = _awaited(Device.answer)
    mark_threshold = _awaited(Device.mark_threshold)

    async def loop(
        self,
        callback: Callable[[Turn], Targets | Awaitable[Targets]],
        *,
        rate_hz: float,
        duration: str | float,
    ) -> None:
        """As of `Device`. The function may be a coroutine: what it awaits counts as its time.

        Args:
            callback: gets a `Turn`, and returns a target for each channel ({1: "12 mA"}).
            rate_hz: how often, 10 to 100 times a second.
            duration: how long ("20 s"), or seconds; it ends sooner where the plan has ended.

        Raises:
            UsageError: the rate is not one of these.
            StateError: a target was refused for another reason than its age, or the session no
                longer runs. What the function raises comes out as it is.
        """
        turns = self.device._turns(rate_hz, duration)
        while (turn := await self._in_thread(lambda: next(turns, None))) is not None:
            targets = callback(turn)
            if inspect.isawaitable(targets):
                try:
                    targets = await targets
                except asyncio.CancelledError:
                    self.device.cut_short()
                    raise
            await self._in_thread(functools.partial(self.device._take_targets, turn, targets))

    async def pulses_given(self) -> AsyncIterator[GivenPulse]:
        """As of `Device`, for `async for`.

        Yields:
            The pulse with its times. Answer it in the body of the loop.

        Raises:
            DeviceFaultError, OutputUnknownError, StateError: as soon as the session no longer runs.
        """
        given = self.device.pulses_given()
        while (pulse := await self._in_thread(lambda: next(given, None))) is not None:
            yield pulse

    # -- inside

    async def _in_thread(self, work: Callable[[], _R]) -> _R:
        """Run it in a thread of its own: neither a stop nor a lowering waits for a free one."""
        loop, cancelled = asyncio.get_running_loop(), threading.Event()
        done: asyncio.Future[_R] = loop.create_future()

        def settle(result: _R | None, error: BaseException | None) -> None:
            if done.done():
                return
            if isinstance(error, StopIteration):  # no future takes it, and its call would hang
                done.set_exception(_raised_from(error))
            elif error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            CANCELLED.set(cancelled)
            try:
                result, error = work(), None
            except BaseException as raised:  # noqa: BLE001 - it is raised where it is awaited
                result, error = None, raised
            loop.call_soon_threadsafe(settle, result, error)

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(run,), name="stimctl-aio", daemon=True).start()
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            cancelled.set()
            self.device.cut_short()
            await _until_done(done)
            raise


def _raised_from(error: StopIteration) -> RuntimeError:
    """As Python does where a coroutine raises it."""
    wrapped = RuntimeError("the call raised StopIteration")
    wrapped.__cause__ = error
    return wrapped


async def _until_done(done: asyncio.Future[Any]) -> None:
    """The thread of a cancelled call has ended, however often the waiting is cancelled as well."""
    while not done.done():
        try:
            await asyncio.wait([done])
        except asyncio.CancelledError:
            continue
    if not done.cancelled():
        done.exception()  # it is seen


connect = _connected(api.connect)
"""As `stimctl.connect`, for an `async with` block."""
