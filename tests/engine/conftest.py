"""The worlds in which queries are compared."""

from collections.abc import Iterator

import pytest

from tests.engine.test_agreement import World


@pytest.fixture(scope="module", params=["as it arrived", "compacted"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Entries as they arrived, in memory, and sorted, in columns and indexed, in files."""
    is_compacted = request.param == "compacted"
    made = World(compacted=is_compacted, data=tmp_path_factory.mktemp("world") if is_compacted else None)
    yield made
    made.close()
