"""The compiled loops, for tests that compare them with their twins."""

from types import ModuleType

import pytest

from sigyn.wire.kernels import METADATA_LOOPS, PROTOBUF_LOOPS


@pytest.fixture(scope="session")
def protobuf_loops() -> ModuleType:
    return PROTOBUF_LOOPS.warm()


@pytest.fixture(scope="session")
def metadata_loops() -> ModuleType:
    return METADATA_LOOPS.warm()
