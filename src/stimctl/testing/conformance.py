"""The conformance kit: what every driver must do, against its twin, whoever wrote it.

With pytest, a family of your own needs this much:

    from stimctl.testing.conformance import Conformance

    class TestToy(Conformance):
        family = "toy"

`stimctl devices check NAME` runs the same tests. Time is virtual, and chance is seeded: a failure
comes again. `rounds` is how often the tests with chance are repeated.
"""

from __future__ import annotations

from random import Random
from typing import Any, ClassVar

from stimctl.devices.events import AckedOvertaken, Identified, StatusRead
from stimctl.devices.family import load
from stimctl.errors import LimitRefusedError
from stimctl.testing.conformance_world import MS, SECOND, World, good_line

_CALLS = ("connect", "apply", "apply", "apply", "keep", "stop", "noise", "wait", "wait")
_LONGEST_STOP_NS = 16 * SECOND  # a device that is restarted for it says nothing for up to 14 s


class Conformance:
    """One test for each thing a driver must do; `family` is its name."""

    family: ClassVar[str]
    rounds: ClassVar[int] = 6
    checksum: ClassVar[bool] = True
    """Without one, bits are flipped on the way to the host only."""

    def _world(self, seed: int = 0) -> World:
        return World(self.family, seed)

    def _two_levels(self, world: World) -> tuple[dict[int, int], dict[int, int]]:
        levels = world.points.levels
        low, high = levels[len(levels) // 3], levels[2 * len(levels) // 3]
        first = world.points.channels[0]
        return {first: low}, {first: high}

    # -- the ordinary way

    def test_it_connects_at_zero_and_names_its_device(self) -> None:
        world = self._world()
        world.connect()
        found = [one for one in world.events if isinstance(one, Identified)]
        assert found, "no Identified"
        assert found[0].family == self.family, f"it names {found[0].family}"
        assert not world.on, "output before anybody asked"

    def test_it_gives_what_is_asked_and_stops(self) -> None:
        world = self._world()
        low, high = self._two_levels(world)
        world.start(low)
        for wanted in (high, low, {}, low):
            world.apply(wanted)
            world.run(2 * SECOND)
            assert world.on == set(wanted), f"asked for {wanted}, on are {world.on}"
        world.stop()

    def test_a_forged_set_point_is_refused_and_nothing_is_sent(self) -> None:
        world = self._world()
        world.connect()
        world.choose()
        before = len(world.sent)
        kind: Any = world.family.sheet.point
        genuine = next(iter(world.points.of(self._two_levels(world)[0]).values()))
        for forged in (tuple.__new__(kind, (*genuine[:-1], None)), object(), None):
            assert world.call("apply", {1: forged}) is None, f"{forged!r} was taken"
            assert isinstance(world.refused[-1], LimitRefusedError)
        assert len(world.sent) == before, "bytes left for a forged set point"

    # -- nothing by itself

    def test_nothing_is_sent_by_itself(self) -> None:
        for running in (False, True):
            world = self._world()
            if running:
                world.start(self._two_levels(world)[0])
                world.alive(going=False)
            else:
                world.connect()
            world.run(SECOND)
            before = len(world.sent)
            world.run(5 * SECOND)
            sent = [one.doing for one in world.sent[before:]]
            assert not sent, f"it sent {sent} and nobody had asked"

    def test_the_watchdog_ends_output_without_a_keep_alive(self) -> None:
        """0 mA and the keep-alive withheld: mandatory where the sheet promises a watchdog.

        Where it promises none, output that nobody renews ends all the same or is attended only."""
        world = self._world()
        sheet = world.family.sheet
        world.connect()
        world.choose()
        if sheet.watchdog_us is None or sheet.current is None:
            assert sheet.watchdog_us is None, "only a current source can be tested for a watchdog"
            return
        world.apply({world.points.channels[0]: 0})
        world.run(SECOND // 2)
        assert self._active(world) == {world.points.channels[0]}, "the 0 mA train does not run"
        world.run(sheet.watchdog_us * 1_000 + 100 * MS)
        world.call("keep_alive")
        world.run(SECOND // 2)
        ended = world.driver.latched or self._active(world) == frozenset()
        assert ended, "the train went on without a keep-alive"
        world.stop(_LONGEST_STOP_NS)

    def _active(self, world: World) -> frozenset[int]:
        world.call("keep_alive")
        world.run(SECOND // 4)
        found = [one for one in world.events if isinstance(one, StatusRead)]
        return found[-1].active if found else frozenset()

    # -- stopping

    def test_a_stop_from_every_state_is_verified_and_nothing_follows(self) -> None:
        for at_ms in (0, 1, 3, 7, 30, 120, 600, 2_100):
            world = self._world()
            world.call("connect")
            world.run(at_ms * MS)
            world.stop(_LONGEST_STOP_NS)
        for at_ms in (0, 1, 2, 5, 12, 60, 140, 260, 900):
            world = self._world()
            low, high = self._two_levels(world)
            world.start(low)
            world.apply(high)
            world.run(at_ms * MS)
            world.stop(_LONGEST_STOP_NS)
            before = len(world.sent)
            world.run(3 * SECOND)
            assert len(world.sent) == before, "something followed a verified zero"
            world.connect()

    def test_stop_is_repeated_while_the_line_is_dead(self) -> None:
        world = self._world()
        world.start(self._two_levels(world)[0])
        world.to_device = lambda _data: []
        world.alive(going=False)
        world.call("stop")
        before = len(world.sent)
        world.run(2 * SECOND)
        rounds = world.sent[before:]
        restarted = any(one.resets for one in rounds)
        assert restarted or len(rounds) >= 8, "a stop is not repeated"
        world.to_device = good_line
        world.stop(_LONGEST_STOP_NS)

    def test_the_stop_sequence_alone_brings_a_running_device_to_zero(self) -> None:
        for before in (b"", b"\xf0\x81", b"half a li"):
            world = self._world()
            world.start(self._two_levels(world)[0])
            assert self._stopped_by_sequence(world, before), "zero was not verified"
            assert not world.on, "zero was said to be verified, and output is on"

    def test_the_stop_sequence_believes_no_answer_to_others(self) -> None:
        """What the device has answered its session proves nothing: the output is on."""
        world = self._world()
        world.start(self._two_levels(world)[0])
        heard: list[bytes] = []

        def listening(data: bytes) -> list[tuple[int, bytes]]:
            heard.append(data)
            return [(0, data)]

        world.to_host = listening
        world.run(SECOND)
        assert heard, "the device has answered nothing for 1 s"
        sequence = load(world.family.row.stop)(7)
        sequence.next_bytes()
        assert not sequence.receive(b"".join(heard)), "it takes an answer to another question"

    def _stopped_by_sequence(self, world: World, before: bytes) -> bool:
        """The stop path of a program that knows nothing of the session."""
        sequence = load(world.family.row.stop)(7)
        twin, began = world.twin, world.now
        if before:
            twin.receive(world.now, before)
        while world.now - began < _LONGEST_STOP_NS:
            twin.receive(world.now, sequence.next_bytes())
            elapsed_s = (world.now - began) / 1e9
            if hasattr(sequence, "reset_due") and sequence.reset_due(elapsed_s):
                twin.reset(world.now)
            for _ in range(50):
                world.now += MS
                twin.advance(world.now)
                if sequence.receive(twin.transmit()):
                    return True
        return False

    # -- latch

    def test_a_device_that_restarted_latches_or_is_stopped(self) -> None:
        world = self._world()
        low, high = self._two_levels(world)
        world.start(low)
        if not hasattr(world.twin, "power_on"):
            return
        world.twin.power_off(world.now)
        world.run(200 * MS)
        world.twin.power_on(world.now)
        assert world.until(lambda: world.driver.latched, 5 * SECOND), "a restart is not noticed"
        assert world.apply(high) is None, "set points are taken while it is latched"
        before = len(world.sent)
        world.run(3 * SECOND)
        sent = {str(one.doing) for one in world.sent[before:]}
        assert sent <= {"stop", "verify"}, f"while latched it sends {sent}"
        assert not world.on, "output after a restart"

    # -- a bad line, and any calls

    def test_flipped_bits_never_raise_and_a_stop_is_verified(self) -> None:
        def flip(chance: Random, data: bytes) -> list[tuple[int, bytes]]:
            at, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
            return [(0, data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :])]

        self._on_a_bad_line(flip, to_device=self.checksum)

    def test_lost_frames_never_raise_and_a_stop_is_verified(self) -> None:
        self._on_a_bad_line(lambda _chance, _data: [])

    def test_late_frames_never_raise_and_a_stop_is_verified(self) -> None:
        self._on_a_bad_line(lambda chance, data: [(chance.randrange(400) * MS, data)])

    def test_doubled_frames_never_raise_and_a_stop_is_verified(self) -> None:
        self._on_a_bad_line(lambda chance, data: [(0, data), (chance.randrange(50) * MS, data)])

    def _on_a_bad_line(self, harm: Any, *, to_device: bool = True) -> None:
        for seed in range(self.rounds):
            chance = Random(seed)
            world = self._world(seed)
            low, high = self._two_levels(world)
            world.start(low)

            def line(data: bytes, chance: Random = chance) -> list[tuple[int, bytes]]:
                return harm(chance, data) if chance.random() < 0.15 else [(0, data)]

            world.to_host = line
            world.to_device = line if to_device else good_line
            for wanted in (high, low, {}, high):
                world.apply(wanted)
                world.run(chance.randrange(100, 900) * MS)
            world.to_device = world.to_host = good_line
            world.run(SECOND)  # what is late arrives
            world.stop(_LONGEST_STOP_NS)

    def test_any_calls_and_any_bytes(self) -> None:
        for seed in range(self.rounds):
            self.any_calls(seed)

    def any_calls(self, seed: int) -> None:
        """One round of it."""
        chance = Random(seed)
        world = self._world(seed)
        if seed % 2:
            world.start(self._two_levels(world)[0])
        for _ in range(40):
            self._anything(world, chance)
        world.stop(_LONGEST_STOP_NS)

    def _anything(self, world: World, chance: Random) -> None:
        channels = [one for one in world.points.channels if chance.random() < 0.4]
        levels = {one: chance.choice(world.points.levels) for one in channels}
        match chance.choice(_CALLS):
            case "connect":
                world.call("connect")
            case "apply":
                world.apply(levels)
            case "keep":
                world.call("keep_alive")
            case "stop":
                world.call("stop")
            case "noise":
                world.driver.receive(world.now, chance.randbytes(chance.randrange(1, 40)))
        world.run(chance.choice((0, 1, 10, 60, 300)) * MS)
        assert not any(
            isinstance(one, AckedOvertaken) and not one.ticket for one in world.events[-8:]
        )


def checks_of(kit: type[Conformance]) -> list[str]:
    """The names of the tests."""
    return sorted(name for name in dir(kit) if name.startswith("test_"))
