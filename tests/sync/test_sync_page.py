"""docs/how-to/many-stations.md: its commands are run in their order, each by the role it names."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stimctl.__main__ import main
from stimctl.sync.check import check_sessions
from stimctl.sync.server import Server, connect
from tests.support.clinic import READER, Clinic, Station
from tests.support.paths import ROOT
from tests.support.postgres import PostgresServer, missing

PAGE = (ROOT / "docs" / "how-to" / "many-stations.md").read_text()
BLOCKS = re.findall(r"```(sql|sh)\n(.*?)```", PAGE, re.DOTALL)
_ADDRESS = re.compile(r"postgresql://([\w-]+)@db\.clinic\.example/stimctl\?sslmode=verify-full")


def test_every_step_of_the_page_does_what_it_says(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("stimctl.sync.quiet.step_back", lambda: None)
    monkeypatch.setattr("stimctl.sync.quiet.running_sessions", lambda: ())
    station = Station(Clinic(postgres, "stimctl", tmp_path), "room-1", tmp_path / "room-1")
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(station.state))
    station.record()
    codes: dict[str, list[int]] = {}
    for kind, block in BLOCKS:
        if kind == "sql":
            for statement in filter(None, map(str.strip, block.split(";"))):
                # The database is made from another one.
                outside = statement.startswith(("CREATE ROLE stimctl_owner", "CREATE DATABASE"))
                postgres.run("postgres" if outside else "stimctl", statement)
            continue
        for line in block.splitlines():
            if "explain" in line:  # the page explains the loss of session 2
                station.record(2)
                station.path(station.recorded[1]).unlink()
            words = shlex.split(_ADDRESS.sub(lambda found: postgres.url("stimctl", found[1]), line))
            assert words[0] == "stimctl"
            assert "db.clinic.example" not in " ".join(words)
            verb = words[2] if words[2].isalpha() else "send"
            codes.setdefault(verb, []).append(main(words[1:]))
    capsys.readouterr()
    assert codes == {
        "prepare": [0], "register": [0, 0], "stations": [0], "send": [0, 0], "verify": [0],
        "explain": [0],
    }  # fmt: skip
    assert station.arrived() == [station.recorded[0], station.recorded[2]]


def test_a_copy_that_only_reads_is_enough_for_reports(clinic: Clinic) -> None:
    """As a replica is: nothing can be written there."""
    station = clinic.new_station()
    station.record()
    station.sync()
    url = clinic.url(READER) + "&options=-cdefault_transaction_read_only%3Don"
    with closing(connect(url)) as connection:
        assert [one.faults for one in check_sessions(Server(connection), station.name)] == [()]
    with (
        psycopg.connect(url) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("CREATE TEMP TABLE nothing AS SELECT 1; CREATE TABLE x (y int)")


def test_a_restored_backup_verifies_and_goes_on(
    postgres: PostgresServer, clinic: Clinic, tmp_path: Path
) -> None:
    station = clinic.new_station()
    station.record(2)
    station.sync()
    copied = postgres.copy(clinic.database)
    if copied is None:
        pytest.skip("pg_dump is not installed: sudo apt-get install -y postgresql-client")
    restored = Clinic(postgres, copied, tmp_path)
    assert [one.faults for one in restored.check(station.name)] == [(), ()]
    station.clinic = restored
    session = station.record()
    assert station.sync().sessions == [session]
    assert restored.faults(station) == []


def test_without_postgresql_the_tests_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.postgres.programs", lambda: None)
    assert missing().endswith("sudo apt-get install -y postgresql")
    assert "\n" not in missing()


@pytest.mark.parametrize("word", ["prepare", "register", "stations", "verify", "explain"])
def test_the_page_shows_every_verb(word: str) -> None:
    assert f"stimctl sync {word} " in PAGE
