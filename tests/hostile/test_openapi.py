"""What schemathesis makes up from the OpenAPI document: no 5xx, and only answers that the document declares."""

import time
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sigyn.api.openapi.document import by_method
from tests.cli.server import running_server

EXAMPLES = 8  # for each operation; all of them take under a minute
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The document of a real server with some lines."""
    with running_server(tmp_path_factory.mktemp("openapi") / "data") as running:
        lines = [[str(time.time_ns() + number), f'{{"level": "info", "took": {number}}}'] for number in range(50)]
        body = {"streams": [{"stream": {"app": "shop"}, "values": lines}]}
        assert httpx.post(f"{running.url}/loki/api/v1/push", json=body, timeout=60).status_code == 204
        yield schemathesis.openapi.from_url(f"{running.url}/sigyn/api/v1/openapi.json")


@pytest.mark.parametrize(("method", "path"), sorted(by_method()))
def test_answers_are_those_of_the_document(document: BaseSchema, method: str, path: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=document[path][method].as_strategy())
    def answers_as_declared(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, timeout=60)

    answers_as_declared()
