"""Where the inputs of a plan come from in this face: what was said, what is missing, who reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from stimctl.errors import UsageError
from stimctl.tui.model.question import Answer, QuestionPage

if TYPE_CHECKING:
    from stimctl.inputs.bindings import Binding
    from stimctl.treatment.switching import InputSpec
    from stimctl.tui.model.bedside import Bedside

_FIRST_PORT = 5005


class Reading(Protocol):
    """The process that reads them."""

    @property
    def ended(self) -> str | None: ...
    def close(self) -> None: ...


Begin = Callable[[Mapping[str, Any], tuple["Binding", ...]], Reading]


def _begin(told: Mapping[str, Any], bindings: tuple[Binding, ...]) -> Reading:
    from stimctl.inputs.child import InputsProcess

    return InputsProcess(told, bindings)


class Sources:
    """One per bedside. What was said of an input stays, for the next plan that has it, too."""

    def __init__(self, begin: Begin = _begin) -> None:
        self._begin = begin
        self._said: dict[str, Binding] = {}
        self._reading: Reading | None = None
        self._read: tuple[object, tuple[Binding, ...]] | None = None
        """The session that is read for, and what is read."""

    def bind(self, text: str) -> str:
        """Say where one comes from, in the words of `--input`; what a sender has to know. Raises
        UsageError."""
        from stimctl.inputs.bindings import parse_binding

        one = parse_binding(text)
        self._said[one.name] = one
        where = f"UDP 127.0.0.1:{one.port}, token {one.token}" if one.source == "udp" else ""
        return f"input {one.name}: {where or text.partition('=')[2]}"

    def told(self) -> list[str]:
        """Each input that was said something of."""
        return [f"{one.name}: {one.source}" for one in self._said.values()]

    def missing(self, plan: Any, *, simulation: bool) -> str:
        """Why the inputs of a plan cannot be read; "" where they can, or where it has none."""
        try:
            self._bound(plan, simulation=simulation)
        except UsageError as error:
            return f"{error.what}: {error.why}" if error.why else error.what
        return ""

    def unbound(self, plan: Any, *, simulation: bool) -> InputSpec | None:
        """The first input of a plan whose source is missing, or cannot be used."""
        from stimctl.inputs.bindings import check_binding

        for spec, stage in _specs(plan):
            one = self._said.get(spec.name)
            try:
                check_binding(plan, stage, spec, one, simulation=simulation)
            except UsageError:
                return spec
        return None

    def by_key(self, plan: Any) -> tuple[str, ...]:
        """The inputs of a plan that a key of this face is."""
        said = (self._said.get(spec.name) for spec, _ in _specs(plan))
        return tuple(dict.fromkeys(one.name for one in said if one and one.source == "key"))

    def begin(self, bed: Bedside, then: Callable[[], None]) -> None:
        """Let the inputs of the plan be read, and go on in `then`; where nothing is to be read, or
        is read already, at once."""
        client, plan = bed.client, bed.plan
        if client is None or plan is None or not any(_specs(plan)):
            then()
            return
        bound = self._bound(plan, simulation=bed.live.sim)
        bound = tuple(one for one in bound if one.source != "key")
        going = self._reading is not None and self._reading.ended is None
        if not bound or (going and self._read == (client, bound)):
            then()
            return

        def work() -> None:
            self.close()
            self._reading = self._begin(client.ask("inputs"), bound)
            self._read = (client, bound)

        bed.jobs.run(work, lambda _done: then(), bed.refused)

    def close(self) -> None:
        """Read no more."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.close()

    def ended(self) -> str:
        """Why nothing is read any more, once; "" where it is, or nothing was."""
        why = None if self._reading is None else self._reading.ended
        if why is None:
            return ""
        self.close()
        return why

    def _bound(self, plan: Any, *, simulation: bool) -> tuple[Binding, ...]:
        from stimctl.inputs.bindings import check_bindings
        from stimctl.treatment.program import input_names

        names = input_names(plan)
        said = tuple(one for one in self._said.values() if one.name in names)
        return check_bindings(plan, said, simulation=simulation)


def _specs(plan: Any) -> Iterator[tuple[InputSpec, Any]]:
    for stage in plan.stages if plan is not None else ():
        if stage.switching is not None:
            yield from ((one, stage) for one in stage.switching.inputs)


class SourcesPage(QuestionPage):
    """Asks for the source of one input after the other. What needs a port's or a stream's name is
    said with `--input` when the program is started, or by the word `input` of `--plain`."""

    name = "sources"
    title = "Input"

    def _spec(self) -> InputSpec | None:
        from stimctl.tui.model.steps import is_simulated

        return self.bed.sources.unbound(self.bed.plan, simulation=is_simulated(self.desk))

    def question(self) -> str:
        """With its kind."""
        spec = self._spec()
        if spec is None:
            return "Every input has a source."
        ways = ", ".join(spec.sources)
        return (
            f'Where does the input "{spec.name}" ({spec.kind.value}) come from?\n'
            f"The file allows: {ways}. Others than these: stimctl --input {spec.name}=SOURCE"
        )

    def answers(self) -> Sequence[Answer]:
        """What can be said without a name."""
        from stimctl.tui.model.steps import is_simulated

        spec = self._spec()
        if spec is None:
            return ()
        return tuple(Answer(one) for one in choices(spec, simulation=is_simulated(self.desk)))

    def take(self, answer: Answer) -> None:
        """The next one is asked about at once."""
        spec = self._spec()
        if spec is None:
            return
        self.desk.say(self.bed.sources.bind(f"{spec.name}={answer.text}"))
        if self._spec() is not None:
            self.desk.ask(self.name)


def choices(spec: InputSpec, *, simulation: bool) -> tuple[str, ...]:
    """Sources of an input in the words of `--input`."""
    found = [_made_up(spec)] if simulation else []
    found += ["key"] if "key" in spec.sources else []
    found += [f"udp:{_FIRST_PORT + n}" for n in range(3)] if "udp" in spec.sources else []
    return tuple(found)


def _made_up(spec: InputSpec) -> str:
    middle_mrpm = (spec.slowest_mrpm + spec.fastest_mrpm) // 2
    by_kind = {
        "event": "button@0.2Hz", "state": "heel@1Hz", "level": "emg@0.1Hz",
        "phase": f"crank@{middle_mrpm / 1_000:g}rpm" if spec.unit == "deg"
        else f"gait@{middle_mrpm / 60_000:.2f}Hz",
    }  # fmt: skip
    return f"sim:{by_kind[spec.kind.value]}"


def press(desk: Any) -> None:
    """A key that is an input was pressed: an event, now. A held key is one press."""
    bed = desk.bed
    held = desk.taps.refusal(desk.last_key, desk.key_ns)
    names = bed.sources.by_key(bed.plan)
    if held:
        desk.say(f"refused: {held}")
        return
    for name in names:
        bed.command("sample", input=name, seq=desk.clock.mono_ns(), key=True)
    desk.say(f"{', '.join(names)}: pressed")


def no_press(bed: Bedside) -> str | None:
    """Why no key is an input now."""
    if bed.sources.by_key(bed.plan):
        return None
    return "no input of this treatment comes from a key"
