"""What a P24 says and when: answers at full size, released in the order of execution."""

from __future__ import annotations

from collections.abc import Mapping

from .outbox import Outbox
from .p24_commands import GENERAL_ERROR, RULES, UNKNOWN_COMMAND, Command, Result, Rule
from .p24_fields import ll_address
from .sciencemode4_frames import Frame, encode


class Answers(Outbox):
    """The answers of a device that takes turnaround_us for each; times in us."""

    rules: Mapping[Command, Rule] = RULES

    def __init__(self, turnaround_us: int) -> None:
        if turnaround_us < 0:
            raise ValueError(f"turnaround {turnaround_us} us: it cannot be negative")
        super().__init__()
        self.turnaround_us = turnaround_us

    def give(self, at_us: int, command: Command, number: int, data: bytes) -> None:
        """Answer a command that was executed at at_us."""
        self.give_at(at_us + self.turnaround_us, command, number, data)

    def give_at(self, ready_us: int, command: Command, number: int, data: bytes) -> None:
        """Answer at ready_us, or when the answers before have left."""
        self.put(ready_us, encode(number, command + 1, data))

    def refuse(
        self, at_us: int, command: Command, number: int, result: Result, data: bytes = b""
    ) -> None:
        """Answer with an error; `data` is that of the request, where it can be trusted."""
        # At full size, because the vendor's decoders refuse shorter answers.
        answer = bytes((result,)) + self._echo(command, data)
        self.give(at_us, command, number, answer.ljust(self.rules[command].ack_size, b"\0"))

    def general_error(self, at_us: int, result: Result) -> None:
        """Report an error that belongs to no command; packet number 0 [POLICY]."""
        self.put(at_us + self.turnaround_us, encode(0, GENERAL_ERROR, bytes((result,))))

    def unknown_command(self, at_us: int, frame: Frame) -> None:
        """Answer a command nobody knows: only its packet number is repeated."""
        wire = encode(frame.packet_number, UNKNOWN_COMMAND, bytes((Result.INVALID_COMMAND,)))
        self.put(at_us + self.turnaround_us, wire)

    def _echo(self, command: Command, data: bytes) -> bytes:
        """Return what a refusal repeats of its request: the channel's address, or the selection."""
        if data and command is Command.LL_CHANNEL_CONFIG:
            connector, inside = ll_address(data[0])
            return bytes((connector << 4 | inside,))
        return data[:1] if command is Command.ML_GET_CURRENT_DATA else b""
