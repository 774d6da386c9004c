"""Two channels of one line: which message goes first, and that a ramp of one starves no other."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stimctl.devices.events import Acked, ChannelSet, Doing, RaiseDropped
from stimctl.devices.openemsstim.bursts import Bursts
from stimctl.devices.openemsstim.request import LAST_CALL_NS, PRESSING_NS, Request
from stimctl.devices.openemsstim.sheet import CHANNELS
from tests.support.broad import broad
from tests.support.openemsstim_bench import MS, Bench, points

BOTH = frozenset({1, 2})
OPENS_WITHIN_MS = 272
"""150 ms until the board is done with the message before, and 122 ms to the effect [FW]."""
CLOSES_WITHIN_MS = 122 + 122 + 50 + 100


def whole(bench: Bench) -> list[Acked]:
    """The answers to whole calls."""
    return [one for one in bench.all_of(Acked) if one.ticket and one.in_force is None]


def in_part(bench: Bench) -> list[Acked]:
    """The answers to a part of a call."""
    return [one for one in bench.all_of(Acked) if one.in_force is not None]


def ramp_down(
    bench: Bench, falling: int, other: int, wanted: list[int], *, from_percent: int, every_ms: int
) -> None:
    """A planned ramp on one channel, one percent a step, with what the other one is to have."""
    for step, percent in enumerate(wanted):
        lower = {f"ch{falling}": from_percent - 1 - step}
        asked = {f"ch{other}": percent} if percent else {}
        bench.driver.apply(bench.now, points(**lower, **asked), BOTH)
        bench.kept(every_ms * MS)


def relay_ms(bench: Bench, channel: int, *, on: bool, since_ms: int) -> int:
    """How long after that time a relay is on, or off."""
    return next(
        at - since_ms
        for at, number, is_on in bench.relays()
        if number == channel and is_on is on and at >= since_ms
    )


@pytest.mark.parametrize("falling", [1, 2])
@pytest.mark.parametrize("every_ms", [50, 80, 100, 150, 190, 250])
def test_a_channel_opens_in_time_while_the_other_one_ramps_down(
    falling: int, every_ms: int
) -> None:
    other = 3 - falling
    bench = Bench().running(**{f"ch{falling}": 40})
    ramp_down(bench, falling, other, [0] * 7, from_percent=40, every_ms=every_ms)
    since_ms = bench.now // MS
    ramp_down(bench, falling, other, [3] * 12, from_percent=33, every_ms=every_ms)
    assert relay_ms(bench, other, on=True, since_ms=since_ms) <= OPENS_WITHIN_MS
    assert bench.all_of(RaiseDropped) == []
    assert bench.twin.defects == ()


@pytest.mark.parametrize("every_ms", [50, 90, 200])
def test_a_channel_climbs_while_the_other_one_falls(every_ms: int) -> None:
    bench = Bench().running(ch1=60)
    climb = [1 + step * every_ms // 250 for step in range(2_000 // every_ms)]
    ramp_down(bench, 1, 2, climb, from_percent=60, every_ms=every_ms)
    ramp_down(bench, 1, 2, [climb[-1]] * 4, from_percent=60 - len(climb), every_ms=every_ms)
    assert bench.all_of(RaiseDropped) == []
    told = [one.channels for one in bench.seen if isinstance(one, Acked) and one.ticket]
    second = [set_.level for sets in told for set_ in sets if set_.channel == 2]
    assert second == sorted(second)
    assert len(set(second)) >= 5  # it climbed all the while, not at the end
    assert second[-1] == climb[-1]


@pytest.mark.parametrize("closing", [1, 2])
@pytest.mark.parametrize("into_ms", broad(range(0, 200, 25), every=3))
def test_what_closes_a_channel_goes_before_the_steps_of_the_other_ramp(
    closing: int, into_ms: int
) -> None:
    falling = 3 - closing
    bench = Bench().running(**{f"ch{falling}": 40, f"ch{closing}": 1})
    ramp_down(bench, falling, closing, [1] * 10, from_percent=40, every_ms=50)
    bench.kept(into_ms * MS)
    since_ms = bench.now // MS
    ramp_down(bench, falling, closing, [0] * 12, from_percent=30, every_ms=50)
    assert relay_ms(bench, closing, on=False, since_ms=since_ms) <= CLOSES_WITHIN_MS


@pytest.mark.parametrize("percent", [2, 30])
def test_a_channel_opens_in_time_while_the_other_one_ramps_up(percent: int) -> None:
    bench = Bench().running(ch1=10)
    for step in range(16):
        asked = {"ch2": percent} if step >= 6 else {}
        if step == 6:
            since_ms = bench.now // MS
        bench.driver.apply(bench.now, points(ch1=11 + step, **asked), BOTH)
        bench.kept(100 * MS)
    assert relay_ms(bench, 2, on=True, since_ms=since_ms) <= OPENS_WITHIN_MS
    assert [on for _, channel, on in bench.relays() if channel == 1] == [True]


@pytest.mark.hazard("H09")
def test_a_decrease_that_was_asked_for_waits_for_no_planned_step_of_the_other_channel() -> None:
    """Not behind its opening, nor its raise, nor its closing."""
    for before, after in (({}, {"ch2": 4}), ({"ch2": 3}, {"ch2": 9}), ({"ch2": 3}, {})):
        for into_ms in range(0, 100, 20):
            bench = Bench().running(ch1=40, **before)
            bench.kept(into_ms * MS)
            bench.driver.apply(bench.now, points(ch1=39, **before), BOTH)  # it leaves
            bench.run(20 * MS)
            bench.driver.apply(bench.now, points(ch1=38, **after), BOTH)
            bench.run(5 * MS)
            written = len(bench.writes)
            bench.driver.apply(bench.now, points(ch1=12, **after), {2})
            bench.run(5 * MS)
            # The plan's next step comes before it has left, and takes nothing of its haste.
            bench.driver.apply(bench.now, points(ch1=11, **after), BOTH)
            bench.run(200 * MS)
            first = bench.sent(written)[0]
            assert first in ("C0I12T750G", "C0I11T750G"), (before, after, into_ms)


def test_whoever_does_not_say_that_a_decrease_is_planned_has_it_first() -> None:
    bench = Bench().running(ch1=40)
    for percent in range(39, 29, -1):
        bench.driver.apply(bench.now, points(ch1=percent, ch2=3))
        bench.run(90 * MS)
    assert all(line.startswith("C0I3") for line in bench.sent()[-9:])


@pytest.mark.hazard("H09")
def test_a_raise_that_was_given_up_is_never_told_as_in_force() -> None:
    """Also where it was given up while a message of the other channel was in flight."""
    for every_ms in range(60, 130, 5):
        bench = Bench().running(ch1=40)
        tickets = set()
        for percent in range(39, 33, -1):
            tickets.add(bench.driver.apply(bench.now, points(ch1=percent, ch2=3)))
            bench.run(every_ms * MS)
        bench.run(60 * MS)
        for told in whole(bench):
            if told.ticket in tickets:
                assert ChannelSet(2, 3) in told.channels, every_ms
        for part in in_part(bench):
            assert part.in_force is not None
            assert 2 not in part.in_force or ChannelSet(2, 3) in part.channels, every_ms


def test_what_of_a_call_is_in_force_is_told_though_the_rest_is_still_to_come() -> None:
    bench = Bench().running(ch1=40, ch2=10)
    bench.driver.apply(bench.now, points(ch1=39, ch2=11), BOTH)
    bench.run(110 * MS)
    bench.driver.apply(bench.now, points(ch1=38, ch2=11), BOTH)
    bench.run(160 * MS)
    part = in_part(bench)[-1]
    assert part.channels == (ChannelSet(1, 39), ChannelSet(2, 11))
    assert part.in_force == {2}
    bench.run(160 * MS)
    assert whole(bench)[-1].channels == (ChannelSet(1, 38), ChannelSet(2, 11))


def first_left(bench: Bench, percent: int, since: int) -> dict[int, tuple[int, int]]:
    """By channel: when the raise to this percentage first left, and until when it might have."""
    left: dict[int, tuple[int, int]] = {}
    for (at_ns, frame), line in zip(bench.writes[since:], bench.sent(since), strict=True):
        if f"I{percent}T" in line:
            assert frame.expires_ns is not None
            left.setdefault(int(line[1]) + 1, (at_ns, frame.expires_ns))
    return left


@pytest.mark.hazard("H09")
@pytest.mark.parametrize("every_ms", broad([300, 450, 750], every=3))
@pytest.mark.parametrize("into_ms", broad(range(0, 450, 50), every=3))
@pytest.mark.parametrize("before", [{"ch1": 20, "ch2": 20}, {"ch1": 20}, {"ch2": 20}, {}])
def test_both_raises_of_one_call_leave_within_250_ms_of_it(
    before: dict[str, int], into_ms: int, every_ms: int
) -> None:
    bench = Bench().running(**before) if before else Bench().connected()
    bench.kept(into_ms * MS)
    for percent in range(21, 24):
        asked_ns, since = bench.now, len(bench.writes)
        bench.driver.apply(bench.now, points(ch1=percent, ch2=percent))
        bench.kept(every_ms * MS)
        left = first_left(bench, percent, since)
        assert set(left) == BOTH
        assert max(at_ns for at_ns, _ in left.values()) <= asked_ns + 250 * MS
        assert max(expires_ns for _, expires_ns in left.values()) <= asked_ns + 250 * MS
    bench.kept(300 * MS)
    assert bench.all_of(RaiseDropped) == []
    assert whole(bench)[-1].channels == (ChannelSet(1, 23), ChannelSet(2, 23))
    assert bench.twin.defects == ()
    assert not bench.driver.latched


def asked_behind_a_message(echo_ms: int, *, alive: bool = False) -> tuple[Bursts, int]:
    """Both channels at 20 %; 1 ms after a message both are raised, and its echo comes now."""
    bursts, sent_ns = Bursts(), 10_000 * MS
    bursts.want(sent_ns - 430 * MS, {1: 20, 2: 20})
    for channel, age_ms in ((1, 430), (2, 0)):
        request = Request(Doing.APPLY, channel, 20)
        bursts.sent(sent_ns - age_ms * MS, request)
        bursts.echoed(request)
    bursts.want(sent_ns + 1 * MS, {1: 21, 2: 21})
    if alive:
        bursts.allow(sent_ns + 1 * MS)
    return bursts, sent_ns + echo_ms * MS


@pytest.mark.hazard("H09")
@pytest.mark.parametrize("alive", [False, True])
@pytest.mark.parametrize("echo_ms", [127, 150, 200])
def test_no_raise_leaves_alone_where_the_other_one_of_its_call_would_be_late(
    echo_ms: int, alive: bool
) -> None:
    bursts, now_ns = asked_behind_a_message(echo_ms, alive=alive)
    following = bursts.following(now_ns)
    assert (following is not None) is (alive and echo_ms >= 150)  # as far apart are two messages
    if following is not None:  # a renewal as it was; the raise that waits does not go with it
        assert (following[0].doing, following[0].percent) == (Doing.KEEP_ALIVE, 20)
        bursts.sent(now_ns, following[0])
    asked_ns = now_ns + (1 - echo_ms) * MS
    assert bursts.stale(asked_ns + 249 * MS) is None
    assert bursts.stale(asked_ns + 250 * MS) == 250 * MS  # told as given up, the whole of it
    assert bursts.wanted == {1: 20, 2: 20}


@pytest.mark.parametrize("echo_ms", [75, 100, 122])
def test_both_raises_leave_behind_a_message_that_the_board_has_echoed_in_time(
    echo_ms: int,
) -> None:
    bursts, now_ns = asked_behind_a_message(echo_ms)
    asked_ns, left = now_ns + (1 - echo_ms) * MS, []
    while (now_ns - asked_ns) < 250 * MS:
        following = bursts.following(now_ns)
        now_ns += MS
        if following is not None:
            left.append(following[0].channel)
            assert following[0].percent == 21
            assert following[1] is not None
            assert following[1] <= asked_ns + 250 * MS
            bursts.sent(now_ns - MS, following[0])
            now_ns += (echo_ms - 1) * MS
    assert left == [1, 2]


# -- whatever is asked for, in whatever order ---------------------------------------------------

LEVELS = st.sampled_from((0, 0, 1, 2, 5, 20))
CALLS = st.lists(
    st.tuples(
        st.integers(0, 180), st.tuples(LEVELS, LEVELS), st.sets(st.sampled_from(sorted(BOTH)))
    ),
    max_size=30,
)
modest = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Line:
    """Bursts with a board that echoes each message after some time."""

    def __init__(self) -> None:
        self.bursts = Bursts()
        self.now = 1_000 * MS
        self.flight: tuple[int, object] | None = None
        self.alive_ns = self.now
        self.since: dict[int, int] = {}
        """By channel: since when a decrease that was asked for waits."""

    def let_pass(self, until_ns: int, echo_ns: int) -> None:
        while self.now <= until_ns:
            self._step(echo_ns)
            self.now += 5 * MS

    def want(self, levels: tuple[int, int], planned: set[int]) -> None:
        wanted = {channel: one for channel, one in enumerate(levels, start=1) if one}
        self.bursts.want(self.now, wanted, planned)
        for channel, burst in self.bursts.by_channel.items():
            if wanted.get(channel, 0) >= burst.percent:
                self.since.pop(channel, None)
            elif channel not in planned:
                self.since.setdefault(channel, self.now)

    def _step(self, echo_ns: int) -> None:
        bursts = self.bursts
        if self.flight is not None and self.now >= self.flight[0]:
            bursts.echoed(self.flight[1])  # type: ignore[arg-type]
            self.flight = None
        if self.now >= self.alive_ns:
            bursts.allow(self.now)
            self.alive_ns += 200 * MS
        assert bursts.late(self.now) is None  # no burst is left to end
        bursts.stale(self.now)
        if self.flight is not None:
            return
        following = bursts.following(self.now)
        if following is None:
            assert not self.since, "nothing keeps a decrease that was asked for"
            return
        self._judge(following[0].channel, following[0].doing)
        bursts.sent(self.now, following[0])
        self.flight = self.now + echo_ns, following[0]

    def _judge(self, channel: int | None, doing: Doing) -> None:
        if channel is None:
            self.since.clear()
        elif self.since and channel not in self.since:
            # Only to keep the other burst from ending: by a renewal or by its own decrease.
            burst = self.bursts.by_channel[channel]
            assert self.now - burst.since_ns >= PRESSING_NS, doing
            assert burst.percent
        self.since.pop(channel or 0, None)


@pytest.mark.hazard("H09")
@modest
@given(CALLS, st.integers(90, 140))
def test_a_decrease_that_was_asked_for_is_the_next_message_whatever_else_is_wanted(
    calls: list[tuple[int, tuple[int, int], set[int]]], echo_ms: int
) -> None:
    line = Line()
    for wait_ms, levels, planned in calls:
        line.want(levels, planned)
        line.let_pass(line.now + wait_ms * MS, echo_ms * MS)


@modest
@given(CALLS, st.integers(90, 140))
def test_with_planned_ramps_nothing_waits_longer_than_three_messages(
    calls: list[tuple[int, tuple[int, int], set[int]]], echo_ms: int
) -> None:
    """A closing or a step down, however the other channel goes on."""
    line = Line()
    lowered: dict[int, int] = {}
    for wait_ms, levels, _ in calls:
        line.want(levels, set(BOTH))
        for _ in range(wait_ms // 5 + 1):
            line.let_pass(line.now, echo_ms * MS)
            for channel in range(1, CHANNELS + 1):
                burst = line.bursts.by_channel[channel]
                if line.bursts.wanted.get(channel, 0) >= burst.percent:
                    lowered.pop(channel, None)
                waited_ns = (
                    line.now - lowered.setdefault(channel, line.now)
                    if (line.bursts.wanted.get(channel, 0) < burst.percent)
                    else 0
                )
                assert waited_ns <= LAST_CALL_NS
