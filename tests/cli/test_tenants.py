"""Tenants of a real server: apart in every path, together where a query says so, each with its own limits."""

import time
from pathlib import Path

from .tenancy import V1, ask, lines, of, push, server, vector


def test_one_query_over_several_tenants(tmp_path: Path) -> None:
    with server(tmp_path) as (_, client):
        push(client, "a", '{"n":1}', '{"n":2}')
        push(client, "b", '{"n":3}')
        push(client, "b", '{"n":4}', app="shop", __tenant_id__="mine")
        push(client, "c", '{"n":5}')
        found = ask(client, "a|b", '{app="shop"}')
        assert lines(found) == ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}']
        streams = [stream["stream"] for stream in found.json()["data"]["result"]]
        assert {stream["__tenant_id__"] for stream in streams} == {"a", "b"}
        assert lines(ask(client, "b|a", '{app="shop", __tenant_id__="b"}')) == ['{"n":3}', '{"n":4}']
        assert lines(ask(client, "a|b", '{app="shop"} | __tenant_id__=~"a+"')) == ['{"n":1}', '{"n":2}']
        assert lines(ask(client, "a|b", '{original___tenant_id__="mine"}')) == ['{"n":4}']
        assert vector(client, "a|b", 'sum(count_over_time({app="shop"}[1h]))') == {"{}": "4"}
        by_tenant = vector(client, "a|b", 'sum by (__tenant_id__) (sum_over_time({app="shop"} | json | unwrap n [1h]))')
        assert by_tenant == {'{"__tenant_id__": "a"}': "3", '{"__tenant_id__": "b"}': "7"}
        values = client.get(f"{V1}/label/__tenant_id__/values", headers=of("a|b|c")).json()["data"]
        assert values == ["a", "b", "c"]
        assert len(client.get(f"{V1}/series", headers=of("a|b")).json()["data"]) == 3
        exported = client.get("/sigyn/api/v1/export", params={"query": '{app="shop"}'}, headers=of("a|c"))
        assert len(exported.text.splitlines()) == 3
        assert push(client, "a|b", "x").status_code == 400
    with server(tmp_path, SIGYN_QUERY_MULTI_TENANT_QUERIES_ENABLED="false") as (_, client):
        assert "multiple org IDs present: a, b" in ask(client, "a|b", '{app="shop"}').text


def test_limits_of_a_tenant_are_read_again_when_their_file_changes(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.yaml"
    overrides.write_text(
        "overrides:\n"
        "  strict: {max_line_size: 5, max_entries_limit_per_query: 1, max_query_range: 10m,"
        " max_query_bytes_read: 100}\n"
        "  cut: {max_line_size: 5, max_line_size_truncate: true, ingestion_rate_mb: 0.001}\n"
        "  few: {ingestion_rate_lines: 2}\n"
        "  slow: {per_stream_rate_limit: 10B}\n"
    )
    with server(tmp_path, SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG=str(overrides)) as (_, client):
        assert push(client, "free", "a longer line").status_code == 204
        assert "max entry size '5' bytes exceeded" in push(client, "strict", "a longer line").text
        assert push(client, "strict", "one", "two").status_code == 204
        assert len(lines(ask(client, "strict", "{}", limit="10"))) == 1
        assert "max_query_range" in ask(client, "strict", "rate({}[1h])").text
        assert ask(client, "strict", "rate({}[5m])").status_code == 200
        assert len(lines(ask(client, "free|strict", "{}", limit="10"))) == 1  # the least of both
        assert push(client, "cut", "a longer line").status_code == 204
        assert lines(ask(client, "cut", "{}")) == ["a lon"]
        for refused, limit, most in (
            (push(client, "cut", *["12345"] * 400), "1049 bytes/sec", "1049 bytes (limits.ingestion_burst_size_mb)"),
            (push(client, "few", "1", "2", "3"), "2 lines/sec", "2 lines (limits.ingestion_rate_lines)"),
        ):
            assert refused.status_code == 429
            assert f"(limit: {limit}) while attempting to ingest" in refused.text
            assert refused.text.strip().endswith(f"; a push may have {most} at most, however long its sender waits")
            assert "retry-after" not in refused.headers
        assert push(client, "few", "1", "2").status_code == 204
        early = push(client, "few", "1", "2")
        assert early.status_code == 429
        assert early.text.strip().endswith("see if the limit can be increased")
        assert int(early.headers["retry-after"]) >= 1
        two = {"streams": [{"stream": {"app": name}, "values": [[str(time.time_ns()), line]]} for name, line in
                           (("quiet", "short"), ("loud", "12345678901"))]}  # fmt: skip
        partly = client.post(f"{V1}/push", json=two, headers=of("slow"))
        assert partly.status_code == 429
        assert "Per stream rate limit exceeded" in partly.text
        assert lines(ask(client, "slow", "{}")) == ["short"]
        for number in range(40):
            push(client, "strict", "12345", at=time.time_ns() - number * 1_000_000_000)
        assert "the query would read too many bytes" in ask(client, "strict", '{} |= "9"').text
        assert len(lines(ask(client, "strict", "{}"))) == 1  # without a filter it reads no more than it answers
        metrics = client.get("/metrics").text
        for reason, tenant in (
            ("line_too_long", "strict"),
            ("rate_limited", "few"),
            ("rate_limited", "cut"),
            ("per_stream_rate_limit", "slow"),
        ):
            for kind in ("samples", "bytes"):
                assert f'loki_discarded_{kind}_total{{reason="{reason}",tenant="{tenant}"}}' in metrics
        overrides.write_text("overrides: {free: {max_line_size: 5}}\n")
        assert push(client, "strict", "a longer line").status_code == 204
        assert push(client, "free", "a longer line").status_code == 400
        overrides.write_text("overrides: {free: {max_lin_size: 7}}\n")
        assert push(client, "free", "a longer line").status_code == 400
    log = (tmp_path / "data.stderr").read_text()
    assert "unknown key `overrides.free.max_lin_size` (did you mean `max_line_size`" in log


def test_what_is_hidden_is_nowhere(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.yaml"
    hidden = "{redaction_patterns: [card, email, password], redaction_rules: 'ssn=\\d{3}-\\d{2}-\\d{4}'}"
    overrides.write_text(f"overrides: {{b: {hidden}}}\n")
    variables = {"SIGYN_REDACTION_PATTERNS": "email,password", "SIGYN_REDACTION_HASH_KEY": "k1"}
    variables["SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG"] = str(overrides)
    secret = ("ann@example.org", "hunter2", "4111 1111 1111 1111", "123-45-6789")
    text = 'mail ann@example.org password=hunter2 card 4111 1111 1111 1111 ssn 123-45-6789 {"user":"eve"}'
    metadata = {"password": "hunter2", "note": 'from "ann@example.org"\n', "trace_id": "abc"}
    now = str(time.time_ns())
    body = {"streams": [{"stream": {"app": "shop", "who": "ann@example.org"}, "values": [[now, text, metadata]]}]}
    attributes = [{"key": "password", "value": {"stringValue": "hunter2"}}]
    named = [{"key": "service.name", "value": {"stringValue": "shop"}}]
    record = {"timeUnixNano": now, "body": {"stringValue": text}, "attributes": attributes}
    otlp = {"resourceLogs": [{"resource": {"attributes": named}, "scopeLogs": [{"logRecords": [record]}]}]}
    with server(tmp_path, **variables) as (_, client):
        assert client.post(f"{V1}/push", json=body, headers=of("a")).status_code == 204
        assert client.post("/otlp/v1/logs", json=otlp, headers=of("a")).status_code == 200
        assert client.post(f"{V1}/push", json=body, headers=of("b")).status_code == 204
        found = ask(client, "a", "{}").text
        assert "ann@example.org" not in found
        assert "hunter2" not in found
        assert found.count("<email:") >= 4
        assert "123-45-6789" in found
        of_b = ask(client, "b", "{}").text
        assert "<card" in of_b
        assert "<ssn" in of_b
        assert not any(value in of_b for value in secret)
        report = client.get("/sigyn/api/v1/redaction", headers=of("a"))
        assert report.json()["data"] == {"email": 4, "password": 4}
        assert not any(value in report.text for value in secret)
        assert 'sigyn_redacted_total{rule="email",tenant="a"} 4.0' in client.get("/metrics").text
        assert "k1" not in client.get("/config").text
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"ann@example.org" not in stored
