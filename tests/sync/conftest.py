"""One PostgreSQL for all tests of `stimctl sync`, with one prepared database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.clinic import Clinic, Station
from tests.support.postgres import PostgresServer, missing, running_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker starts a server of its own, which takes seconds: not in `make test`."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.broad)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    if why := missing():
        pytest.skip(why)
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def clinic(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """The server of the tests; each test has a station of its own there."""
    return Clinic.prepared(postgres, tmp_path_factory.mktemp("stations"))


@pytest.fixture
def station(clinic: Clinic) -> Station:
    return clinic.new_station()
