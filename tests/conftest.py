"""Settings of all tests."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgres import Postgres, running_postgres

# The same examples at every run: a test that fails has to fail again. The long form looks for new ones.
# No deadline: how long an example takes is up to the machine.
settings.register_profile("sigyn", derandomize=not os.environ.get("SIGYN_LONG"), deadline=None)
settings.load_profile("sigyn")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server that tests share, each with schemas of its own; none of them stops it."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL server to be stopped and started."""
    with running_postgres() as server:
        yield server
