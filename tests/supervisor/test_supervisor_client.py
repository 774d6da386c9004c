"""The face's side: commands that never wait, and a stop path where the supervisor takes none."""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stimctl.errors import LinkError, StateError, UsageError
from stimctl.supervisor.client import Row, SupervisorClient
from stimctl.supervisor.locks import sub_folder
from stimctl.supervisor.stop import stop_port

pytestmark = pytest.mark.pty


class Shown:
    """Every row a client has shown."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._changed = threading.Condition()

    def __call__(self, row: Row) -> None:
        with self._changed:
            self.rows.append(row)
            self._changed.notify_all()

    def wait_for(self, kind: str, **fields: object) -> Row:
        def found() -> Row | None:
            wanted = {"kind": kind, **fields}
            return next((row for row in self.rows if wanted.items() <= row.items()), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, 20), self.rows[-3:]
            row = found()
            assert row is not None
            return row


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def client(shown: Shown, tmp_path: Path) -> Iterator[SupervisorClient]:
    options = ["--journal", str(tmp_path / "journal"), "--no-attendance-prompt"]
    made = SupervisorClient("sim:p24", options, on_row=shown)
    made.start()
    yield made
    made.close()
    for note in sub_folder("twins").glob("*.json"):
        os.kill(int(json.loads(note.read_text())["pid"]), signal.SIGTERM)


def connected(client: SupervisorClient, shown: Shown) -> None:
    client.ask("connect")
    shown.wait_for("state", state="identified")


def flood(client: SupervisorClient) -> None:
    """Send until the pipe is full; a send that waited would hang here for good."""
    while True:
        client.send("lower", channel=1, level="0 mA", reason="x" * 300)


@pytest.mark.hazard("H02")
def test_a_supervisor_that_reads_nothing_makes_the_face_take_the_stop_path(
    client: SupervisorClient, shown: Shown
) -> None:
    connected(client, shown)
    os.kill(client.pid, signal.SIGSTOP)
    with pytest.raises(LinkError, match="takes no commands"):
        flood(client)
    shown.wait_for("unknown", source="face")
    shown.wait_for("zero_verified", source="face")
    shown.wait_for("ended", source="face")
    with pytest.raises(LinkError):
        client.ask("arm")


def test_a_command_that_is_too_long_is_refused_before_it_is_sent(client: SupervisorClient) -> None:
    with pytest.raises(UsageError, match="too long"):
        client.send("stop", reason="x" * 600)
    client.ask("options")


def test_nothing_is_sent_after_close(client: SupervisorClient, shown: Shown) -> None:
    connected(client, shown)
    assert client.close() == 0
    with pytest.raises(LinkError, match="over"):
        client.send("arm")
    assert [row["kind"] for row in client.rows(0.1)][-1] == "bye"


def test_a_stop_asked_before_anything_was_sent_frees_the_port(
    client: SupervisorClient, shown: Shown
) -> None:
    outcome = stop_port(client.address, "p24")
    assert (outcome.verdict, outcome.by) == ("verified", "port")
    shown.wait_for("bye")


@pytest.mark.hazard("H36")
def test_a_journal_that_can_no_longer_be_written_faults_the_session_at_verified_zero(
    client: SupervisorClient, shown: Shown, tmp_path: Path
) -> None:
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can shrink a file limit from outside")
    connected(client, shown)
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    size = journal.stat().st_size
    resource.prlimit(client.pid, resource.RLIMIT_FSIZE, (size, size))
    client.ask("stop", reason="makes a durable row")
    shown.wait_for("state", state="fault")
    with pytest.raises(StateError):
        client.ask("arm")
    assert client.close() == 7, "zero is verified, the record is not whole"
