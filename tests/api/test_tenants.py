"""Who asks: X-Scope-OrgID with and without authentication."""

import gc
from collections.abc import Callable

import pytest

from sigyn.api.settings import ApiSettings

from .conftest import Server

Start = Callable[[ApiSettings], Server]


def test_header_is_ignored_while_authentication_is_off(server: Server) -> None:
    server.get("/loki/api/v1/labels", headers={"X-Scope-OrgID": "team-a"})
    assert server.services.tenants == ["fake"]


def test_header_names_the_tenant(start: Start) -> None:
    server = start(ApiSettings(auth_enabled=True))
    assert server.get("/loki/api/v1/labels", headers={"X-Scope-OrgID": "team-a"}).status_code == 200
    assert server.services.tenants == ["team-a"]


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        (None, 401, "no org id"),
        ("a/b", 400, "tenant ID 'a/b' contains unsupported character '/'"),
        ("..", 400, "tenant ID '..' is not allowed"),
        ("x" * 151, 400, "tenant ID is too long"),
    ],
)
def test_requests_without_a_valid_tenant_are_refused(
    start: Start, header: str | None, status: int, message: str
) -> None:
    server = start(ApiSettings(auth_enabled=True))
    headers = {"X-Scope-OrgID": header} if header else None
    for answer in (
        server.get("/loki/api/v1/labels", headers=headers),
        server.client.post("/loki/api/v1/push", json={"streams": []}, headers=headers),
        server.get("/sigyn/api/v1/export", headers=headers, query='{app="shop"}'),
    ):
        assert answer.status_code == status
        assert message in answer.text
    assert server.get("/ready").status_code == 200


def test_no_work_is_begun_for_requests_without_a_tenant(start: Start, recwarn: pytest.WarningsRecorder) -> None:
    """Else Python complains in the server's log of what nobody waits for."""
    server = start(ApiSettings(auth_enabled=True))
    for path in ("query_range", "query", "labels", "series", "patterns", "detected_labels", "detected_fields",
                 "index/stats", "index/volume"):  # fmt: skip
        parameters = {"query": '{app="shop"}', "match[]": '{app="shop"}'}
        assert server.client.get(f"/loki/api/v1/{path}", params=parameters).status_code == 401
    assert server.get("/ready").status_code == 200
    gc.collect()
    assert not [str(warning.message) for warning in recwarn if "never awaited" in str(warning.message)]


def test_a_push_is_for_one_tenant_and_a_query_may_be_for_several(start: Start) -> None:
    both = {"X-Scope-OrgID": "b|a"}
    server = start(ApiSettings(auth_enabled=True))
    refused = server.client.post("/loki/api/v1/push", json={"streams": []}, headers=both)
    assert refused.status_code == 400
    assert "multiple org IDs present: a, b" in refused.text
    assert server.get("/loki/api/v1/labels", headers=both).status_code == 200
    assert server.services.tenants == ["a|b"]
    alone = start(ApiSettings(auth_enabled=True, multi_tenant_queries=False))
    assert alone.get("/loki/api/v1/labels", headers=both).status_code == 400
