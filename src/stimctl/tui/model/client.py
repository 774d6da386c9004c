"""What a session needs of its line to the supervisor: a client, a watcher, or a bench in tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

Row = Mapping[str, Any]


class Client(Protocol):
    """What is needed of `SupervisorClient`."""

    exit_code: int | None
    runs_after_host_death_us: int | None

    def start(self) -> None: ...
    def send(self, do: str, **fields: object) -> int: ...
    def ask(self, do: str, timeout_s: float = ..., **fields: Any) -> Row: ...
    def beat(self) -> None: ...
    def close(self) -> int: ...
    def rows(self, timeout_s: float | None = None) -> Iterator[Row]: ...

    @property
    def output_may_be_on(self) -> bool: ...


MakeClient = Callable[[str, list[str], Callable[[Row], None]], Client]
