"""What the shadow model must know of a family, one row each; `firmware_sim.devices` names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from firmware_sim.devices import judge_row

from . import gate_orders
from .notices import Ending
from .orders import AnswerReader, CommandEffects, Reader
from .rules import Rules
from .unread import Silent, Unread


class Family(NamedTuple):
    """What there is to know of a family: who reads its host, its device and what that tells; the
    log rows with which it ends output by itself; its step and its dead-man (us)."""

    reader: Callable[[], Reader]
    effects: Callable[[], CommandEffects]
    answer_reader: Callable[[], AnswerReader]
    endings: Mapping[str, Ending]
    step: int
    dead_man_us: int
    channels: int = 8


#: One of which no byte is read.
_UNREAD = Family(Unread, Unread, Silent, {}, 0, 0)


class GateFamily(NamedTuple):
    """The same of a device that lets through a part, in percent, of what another one gives."""

    reader: Callable[[], gate_orders.Reader]
    answer_reader: Callable[[], gate_orders.AnswerReader]
    endings: Mapping[str, Ending]
    channels: int
    dead_man_us: int


def lets_through(family: str) -> bool:
    """Whether a device of this family has no current of its own, and is judged by its relays."""
    return isinstance(judge_row(family), GateFamily)


def current_row(rules: Rules) -> Family:
    """What there is to know of the source of current that the rules name.

    ValueError where they name none and bytes are to be read.
    """
    row = judge_row(rules.family)
    if isinstance(row, Family):
        return row
    if rules.line or row is not None:
        raise ValueError(
            f"whose bytes are to be read? The rules name {rules.family or 'no family'}: take "
            "fitted(rules, FAMILY), or line=False to judge at the electrodes alone"
        )
    return _UNREAD


def gate_row(rules: Rules) -> GateFamily:
    """What there is to know of the device that the rules name, which lets through a part."""
    row = judge_row(rules.family)
    if not isinstance(row, GateFamily):
        raise ValueError(f"{rules.family or 'no family'} is no device that lets through a part")
    return row


def fitted(rules: Rules, family: str) -> Rules:
    """The rules with the numbers of a family, where they have none of their own; of a family that
    there is no twin of no byte is read. ValueError for rules that are another family's."""
    if rules.family not in ("", family):
        raise ValueError(f"these rules are for {rules.family}, and not for {family}")
    row = judge_row(family)
    if isinstance(row, GateFamily):
        return replace(
            rules, family=family, unit="%", ceiling=100, step=1, increment=1, raise_per_s=4,
            rest_gain=1, channels=row.channels, keep_alive=False, dead_man_us=row.dead_man_us,
        )  # fmt: skip
    if row is None:
        return replace(rules, line=False)
    own = Rules()
    return replace(
        rules,
        family=family,
        channels=min(rules.channels, row.channels),
        step=row.step if rules.step == own.step else rules.step,
        dead_man_us=row.dead_man_us if rules.dead_man_us == own.dead_man_us else rules.dead_man_us,
    )
