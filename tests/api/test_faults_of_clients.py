"""Whatever a client sends, the fault is its own: never a 5xx."""

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import NOW, Server

V1 = "/loki/api/v1"
PUSHES = (f"{V1}/push", "/api/prom/push", "/otlp/v1/logs", "/v1/logs")
READS = (
    f"{V1}/query_range",
    f"{V1}/query",
    f"{V1}/labels",
    f"{V1}/label/app/values",
    f"{V1}/series",
    f"{V1}/index/stats",
    f"{V1}/index/volume",
    f"{V1}/index/volume_range",
    f"{V1}/detected_fields",
    f"{V1}/detected_labels",
    f"{V1}/patterns",
    f"{V1}/format_query",
    "/sigyn/api/v1/export",
    "/api/prom/query",
)
PARAMETERS = (
    *("start", "end", "since", "step", "interval", "limit", "direction", "time", "match[]"),
    *("line_limit", "targetLabels", "aggregateBy", "after", "format"),
)
BODY = json.dumps({"streams": [{"stream": {"app": "shop"}, "values": [[str(NOW), "line", {"k": "v"}]]}]}).encode()

with_a_shared_server = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def damaged(body: bytes) -> st.SearchStrategy[bytes]:
    """A body with a byte changed, cut, or doubled."""
    places = st.integers(0, len(body))
    return st.one_of(
        st.builds(lambda at, byte: body[:at] + bytes([byte]) + body[at + 1 :], places, st.integers(0, 255)),
        st.builds(lambda at: body[:at], places),
        st.builds(lambda at: body[:at] + body, places),
    )


bodies = st.one_of(
    st.binary(max_size=200),
    damaged(BODY),
    damaged(gzip.compress(BODY, mtime=0)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["streams", "stream", "values", "labels", "entries", "ts"]), inner)
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode()),
)


@with_a_shared_server
@given(
    path=st.sampled_from(PUSHES),
    body=bodies,
    content_type=st.sampled_from(["application/json", "application/x-protobuf", "text/plain", "", ";;", "a/b; c"]),
    encoding=st.sampled_from(["", "gzip", "deflate", "zstd", "snappy", "br", "gzip, gzip"]),
)
def test_pushes(server: Server, path: str, body: bytes, content_type: str, encoding: str) -> None:
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}
    answer = server.client.post(path, content=body, headers=headers)
    assert answer.status_code < 500, answer.text


texts = st.one_of(
    st.text(max_size=10),
    st.sampled_from(
        ["", "0", "-1", "1", "9" * 30, "1e9999", "nan", "inf", "1h", "2026-01-15T10:00:00Z", "0001-01-01T00:00:00Z"]
    ),
)
queries = st.one_of(
    st.text(max_size=20),
    st.sampled_from(['{app="shop"}', "{}", "", '{app="shop"} | json', 'rate({app="shop"}[5m])', '{app=~"["}']),
)


@with_a_shared_server
@given(
    path=st.sampled_from(READS),
    query=queries,
    parameters=st.dictionaries(
        st.sampled_from(
            [
                "start",
                "end",
                "since",
                "step",
                "interval",
                "limit",
                "direction",
                "time",
                "match[]",
                "line_limit",
                "targetLabels",
                "aggregateBy",
                "after",
                "format",
            ]
        ),
        texts,
        max_size=4,
    ),
    post=st.booleans(),
)
def test_reads(server: Server, path: str, query: str, parameters: dict[str, str], post: bool) -> None:
    everything = {"query": query, **parameters}
    send = server.client.post if post else server.client.get
    answer = send(path, **{"data" if post else "params": everything})
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("path", READS)
def test_forms_that_are_not_utf_8(server: Server, path: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.client.post(path, content=b"query=\xff", headers=headers).status_code == 400
