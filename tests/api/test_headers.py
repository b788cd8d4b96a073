"""How answers are compressed, and paths that are nearly right."""

import pytest

from sigyn.model.results import LogEntry

from .conftest import NOW, Server

QUERY = "/loki/api/v1/query_range"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("deflate, GZIP;q=0.5", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip; q=1.0", "gzip"),
        ("gzip;q=0", None),
        ("br, gzip ; q=0.000, deflate", None),
        ("not-gzip", None),
        ("identity", None),
        ("", None),
    ],
)
def test_answers_are_compressed_for_who_takes_gzip(server: Server, accepted: str, encoding: str | None) -> None:
    server.services.entries.append(LogEntry(NOW - 1, "x" * 100_000, (("app", "shop"),), (), ()))
    answer = server.get(QUERY, query='{app="shop"}', headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.json()["data"]["result"][0]["values"] == [[str(NOW - 1), "x" * 100_000]]


@pytest.mark.parametrize("path", ["/loki/api/v1/labels/", "/ready/", "/loki/api/v1/label/app/values/"])
def test_a_slash_at_the_end_is_another_path(server: Server, path: str) -> None:
    answer = server.get(path)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert server.get(path.rstrip("/")).status_code == 200
    assert server.client.post("/loki/api/v1/push/", json={"streams": []}).status_code == 404
