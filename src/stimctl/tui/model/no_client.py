"""Stands where a supervisor's client would, in views that must not have one."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.errors import LinkError
from stimctl.tui.model.live import Row


class NoClient:
    """Stands for a supervisor where none may be: watching, or replaying."""

    exit_code: int | None = None
    runs_after_host_death_us: int | None = None
    output_may_be_on = False

    def __init__(self, why: str) -> None:
        self._why = why

    def start(self) -> None:
        """Nothing to start."""

    def send(self, do: str, **_fields: object) -> int:
        """Refused. Raises LinkError."""
        raise LinkError(f"{do} refused", why=self._why)

    def ask(self, do: str, timeout_s: float = 0.0, **_fields: object) -> Row:  # noqa: ARG002
        """Refused. Raises LinkError."""
        raise LinkError(f"{do} refused", why=self._why)

    def beat(self) -> None:
        """Nobody counts these beats."""

    def rows(self, timeout_s: float | None = None) -> Iterator[Row]:  # noqa: ARG002
        """None are kept."""
        return iter(())

    def close(self) -> int:
        """Nothing was opened."""
        return 0
