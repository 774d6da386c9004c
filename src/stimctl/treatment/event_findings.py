"""Rules over the single events of a `treatment-v2` file, and over what its class allows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from stimctl.quantity import format_current, format_duration, format_permille
from stimctl.stimulus.consistency import TETANIC_FROM_MHZ
from stimctl.treatment.consistency import Finding
from stimctl.treatment.event_parts import MOST_EVENTS, AnswerWord, EventsPart, RuleKind, RulePart
from stimctl.treatment.event_plan import BEFORE_NEXT_US
from stimctl.treatment.locate import Path
from stimctl.treatment.segments import event_rate_mhz
from stimctl.treatment.staged import OWN, ProtocolClass, StagedProtocol, StagePart, StageWord

LARGEST_STEP_UA = 2_000
"""A16: a step of the ladder is at most so large (D)."""
LATE_US = 20_000
"""So late an event may be; the next one is counted from it (K17)."""
_OF_PROCEDURE = (StageWord.TUNE, StageWord.EVENTS, StageWord.REST)
_OF_CYCLIC = (StageWord.PROGRAM, StageWord.TUNE, StageWord.REST)
_ALLOWED = {
    ProtocolClass.CYCLIC: _OF_CYCLIC,
    ProtocolClass.FUNCTIONAL: (*_OF_CYCLIC, StageWord.FUNCTIONAL),
    ProtocolClass.PROCEDURE: _OF_PROCEDURE,
}


def event_findings(protocol: StagedProtocol) -> Iterator[Finding]:
    """Everything wrong with the events of a file, and with stages that its class has not."""
    procedure = protocol.kind is ProtocolClass.PROCEDURE
    allowed = _ALLOWED[protocol.kind]
    for index, stage in enumerate(protocol.stages):
        path: Path = ("stages", index)
        if stage.kind not in allowed:
            listed = ", ".join(f'"{one.value}"' for one in allowed)
            yield Finding(
                (*path, "kind"),
                f'a file of class "{protocol.kind.value}" has stages of the kinds {listed}',
            )
        elif procedure:
            yield from _stage(protocol, path, stage)
        else:
            yield from _of_procedures_only(path, stage)
    if procedure:
        yield from _channels(protocol)
        yield from _needs_seed(protocol)


def _of_procedures_only(path: Path, stage: StagePart) -> Iterator[Finding]:
    for key in ("events", "rule", "marks"):
        if key in stage.model_fields_set:
            yield Finding((*path, key), 'is of a procedure; write class = "procedure"')


def _channels(protocol: StagedProtocol) -> Iterator[Finding]:
    """In a procedure nothing is a train, so nothing of trains may be asked for."""
    for number, channel in enumerate(protocol.channels):
        path: Path = ("channels", number)
        for key in ("frequency", "nlet", "level"):
            if getattr(channel.waveform, key) is not None:
                yield Finding(
                    (*path, "waveform", key),
                    "is of pulse trains; in a procedure events.every says when a pulse comes",
                )
        if not isinstance(channel.waveform.phase_width, int):
            yield Finding(
                (*path, "waveform", "phase_width"), "is one text: single pulses have one width"
            )
        if channel.cycle is not None:
            yield Finding((*path, "cycle"), "is of pulse trains; a procedure has none")


def _stage(protocol: StagedProtocol, path: Path, stage: StagePart) -> Iterator[Finding]:
    for key in ("waveform", "cycle", "role"):
        if key in stage.model_fields_set:
            yield Finding((*path, key), "a stage of a procedure changes nothing of its channel")
    if stage.kind is StageWord.REST:
        for key in ("events", "rule", "marks"):
            if key in stage.model_fields_set:
                yield Finding((*path, key), "a rest stage has no output")
        return
    on = [role for role in protocol.channels if stage.roles is None or role.role in stage.roles]
    if len(on) > 1:
        yield Finding((*path, "roles"), "events are of one role; name it")
    if stage.events is None:
        yield Finding((*path, "events"), 'is missing; write events = { every = "4 s" }')
        return
    yield from _events((*path, "events"), stage, stage.events)
    if any(role.motor for role in on) and event_rate_mhz(stage.events) >= TETANIC_FROM_MHZ:
        yield Finding(
            (*path, "events", "every"),
            "W16: events that move a muscle are slower than 15 Hz, at the shortest interval too",
        )
    if stage.kind is StageWord.TUNE:
        yield from _tune(path, stage, stage.events)
    elif stage.marks:
        yield Finding((*path, "marks"), "are made by hand, in a tune stage")
    if stage.rule is not None:
        yield from _rule((*path, "rule"), stage, stage.events, stage.rule)
    elif stage.kind is StageWord.EVENTS and stage.plateau == OWN:
        yield Finding(
            (*path, "plateau"),
            "events take the plateau of a tune stage before them, or a rule chooses their level",
        )


def _tune(path: Path, stage: StagePart, events: EventsPart) -> Iterator[Finding]:
    if stage.rule is not None:
        yield Finding((*path, "rule"), 'a hand raises in a tune stage; write kind = "events"')
    if stage.plateau != OWN:
        yield Finding((*path, "plateau"), "a tune stage finds its own")
    for key in ("levels", "repeats", "order", "count"):
        if key in events.model_fields_set:
            yield Finding(
                (*path, "events", key), "in a tune stage every event is at the plateau of the hand"
            )


def _events(path: Path, stage: StagePart, events: EventsPart) -> Iterator[Finding]:
    if 2 * events.jitter_us > events.every_us:
        yield Finding((*path, "jitter"), "is at most half of every")
    if events.pulses > 1 or events.interval_us is not None:
        yield Finding(
            (*path, "pulses" if events.pulses > 1 else "interval"),
            "an event is one pulse in this version: the host cannot time pulses within an event, "
            "and groups that a device times by itself are for trains only so far",
        )
    for level in events.listed_levels:
        if level > 1000:
            yield Finding((*path, "levels"), "A13: a level is at most 100 % of the plateau")
            break
    if (events.group > 1) != (events.group_every_us is not None):
        yield Finding((*path, "group"), "group and group_every are given together")
    elif events.group_every_us is not None:
        span_us = (events.group - 1) * events.longest_us + events.shortest_us
        if events.group_every_us < span_us:
            yield Finding(
                (*path, "group_every"), f"a group alone takes up to {format_duration(span_us)}"
            )
    if stage.kind is StageWord.EVENTS and stage.rule is None:
        yield from _count(path, stage, events)


def _count(path: Path, stage: StagePart, events: EventsPart) -> Iterator[Finding]:
    product = len(events.listed_levels) * events.repeats
    listed = {"levels", "repeats"} & events.model_fields_set
    if listed and events.count not in (None, product):
        yield Finding((*path, "count"), f"levels and repeats come to {product} events")
        return
    count = events.count or product
    if count > MOST_EVENTS:
        yield Finding((*path, "repeats"), f"comes to {count} events; at most {MOST_EVENTS}")
        return
    needs_us = longest_of_all_us(events, count)
    if needs_us > stage.duration_us:
        yield Finding(
            ("stages", path[1], "duration"),
            f"its {count} events take up to {format_duration(needs_us)}",
        )


def longest_of_all_us(events: EventsPart, count: int) -> int:
    """How long so many events take at most, with the second of zero before them."""
    groups, rest = divmod(count, events.group)
    longest_us = events.longest_us + LATE_US
    group_us = events.group_every_us or events.group * longest_us
    return 1_000_000 + groups * group_us + rest * longest_us


def _rule(path: Path, stage: StagePart, events: EventsPart, rule: RulePart) -> Iterator[Finding]:
    if stage.plateau != OWN:
        yield Finding(
            ("stages", path[1], "plateau"), "a rule begins at 0 mA, and takes no plateau (A11)"
        )
    for key in ("levels", "repeats", "order", "group", "group_every"):
        if key in events.model_fields_set:
            yield Finding(
                ("stages", path[1], "events", key), "the rule chooses the level of each event"
            )
    if rule.answer is not AnswerWord.FELT:
        yield Finding(
            (*path, "answer"),
            'too much ends the stage at once, so no rule asks for it; write "felt"',
        )
    if events.shortest_us < rule.wait_us + BEFORE_NEXT_US:
        yield Finding(
            (*path, "wait"),
            "the time for an answer ends "
            f"{format_duration(BEFORE_NEXT_US)} before the next event, which may come "
            f"{format_duration(events.shortest_us)} after the one before",
        )
    steps = rule.steps_ua
    if any(one < 1 or one > LARGEST_STEP_UA for one in steps):
        yield Finding((*path, "steps"), f"A16: a step is at most {format_current(LARGEST_STEP_UA)}")
    if any(later >= earlier for earlier, later in pairwise(steps)):
        yield Finding((*path, "steps"), "each step is smaller than the one before")
    yield from _ends(path, rule)


def _ends(path: Path, rule: RulePart) -> Iterator[Finding]:
    """Each kind of rule has its own end, and no key of another kind."""
    needs, may = _ENDS[rule.kind]
    for key in ("reversals", "hits", "repeats", "up_after", "down_after", "discard"):
        if key in rule.model_fields_set and key not in may:
            yield Finding((*path, key), f'is not of the rule "{rule.kind.value}"')
    if needs and not needs & rule.model_fields_set:
        listed = " or ".join(sorted(needs))
        yield Finding(path, f'the rule "{rule.kind.value}" ends by {listed}; give it')
    counted = {RuleKind.STAIRCASE: rule.reversals, RuleKind.LIMITS: rule.repeats}.get(rule.kind)
    if counted is not None and rule.discard >= counted:
        yield Finding((*path, "discard"), f"is less than {counted}, or nothing is left to count")


_ENDS = {
    RuleKind.LIMITS: (frozenset({"repeats"}), frozenset({"repeats", "discard"})),
    RuleKind.STAIRCASE: (
        frozenset({"reversals", "hits"}),
        frozenset({"reversals", "hits", "up_after", "down_after", "discard"}),
    ),
    RuleKind.ADAPTIVE: (frozenset[str](), frozenset[str]()),
}


def _needs_seed(protocol: StagedProtocol) -> Iterator[Finding]:
    if protocol.seed is not None:
        return
    for index, stage in enumerate(protocol.stages):
        for key, drawn in (
            ("jitter", stage.events is not None and stage.events.jitter_us > 0),
            ("order", stage.events is not None and stage.events.order.value == "random"),
        ):
            if drawn:
                yield Finding(
                    ("stages", index, "events", key),
                    "is drawn by chance: give the file a seed, such as seed = 1",
                )
        if stage.rule is not None and stage.rule.blanks_permille:
            share = format_permille(stage.rule.blanks_permille)
            yield Finding(
                ("stages", index, "rule", "blanks"),
                f"{share} of the events are drawn by chance: give the file a seed, such as "
                "seed = 1",
            )
