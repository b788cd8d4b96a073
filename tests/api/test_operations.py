"""What operators and orchestrators ask of a server."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from sigyn.api.settings import ApiSettings

from .conftest import Server


def test_readiness(server: Server) -> None:
    assert (server.get("/ready").status_code, server.get("/ready").text) == (200, "ready\n")
    server.services.unready = "the catalog is opening"
    assert server.get("/ready").status_code == 503
    assert "catalog" in server.get("/ready").text


def test_metrics_have_the_names_of_loki(server: Server) -> None:
    server.get("/loki/api/v1/labels")
    server.get("/loki/api/v1/label/app/values")
    text = server.get("/metrics").text
    assert 'loki_request_duration_seconds_count{method="GET",route="loki_api_v1_labels",status_code="200"' in text
    assert 'route="loki_api_v1_label_name_values"' in text
    assert "loki_inflight_requests 1.0" in text
    openmetrics = server.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert openmetrics.text.endswith("# EOF\n")


def test_pushes_are_counted_by_tenant(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings())
    counters = server.services.counters.of("fake")
    counters.lines, counters.bytes, counters.mistaken_times = 2, 6, 1
    counters.discarded_lines["line_too_long"] += 1
    text = server.get("/metrics").text
    assert 'sigyn_mistaken_times_total{tenant="fake"} 1.0' in text
    assert 'loki_distributor_lines_received_total{tenant="fake"} 2.0' in text
    assert 'loki_distributor_bytes_received_total{tenant="fake"} 6.0' in text
    assert 'loki_discarded_samples_total{reason="line_too_long",tenant="fake"} 1.0' in text


def test_configuration_and_parts(server: Server) -> None:
    assert server.get("/config").text == "auth_enabled: false\n"
    assert server.get("/config/tenant/v1/limits").text == "# fake\n"
    assert server.get("/services").text == "store => Running\n"
    assert server.get("/loki/api/v1/status/buildinfo").json()["version"].startswith("3.")


def test_flush(server: Server) -> None:
    assert server.client.post("/flush").status_code == 204
    assert server.services.flushes == 1


def test_log_level(server: Server) -> None:
    assert server.client.post("/log_level", data={"log_level": "warn"}).status_code == 200
    assert server.get("/log_level").json() == {"message": "Current log level is warn"}
    assert server.client.post("/log_level", data={"log_level": "loud"}).status_code == 400
    assert server.client.post("/log_level", data={"log_level": "info"}).status_code == 200


@pytest.mark.parametrize("path", ["/ring", "/distributor/ring", "/compactor/ring", "/memberlist"])
def test_pages_without_a_use_say_why(server: Server, path: str) -> None:
    answer = server.get(path)
    assert answer.status_code == 200
    assert answer.text.startswith("there is no ")


def test_unknown_paths(server: Server) -> None:
    answer = server.get("/loki/api/v1/nothing")
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert server.get("/loki/api/v1/push").status_code == 405


def test_slow_queries_are_logged_with_their_text(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings(slow_query=0))
    with capture_logs() as logs:
        server.get("/loki/api/v1/query_range", query='{app="shop"}', headers={"X-Query-Tags": "Source=logsample"})
        server.get("/loki/api/v1/labels")
    slow = [line for line in logs if line["event"] == "slow query"]
    assert [(line["log_level"], line["tags"]) for line in slow] == [("info", "Source=logsample")]
    assert "%7Bapp" in slow[0]["parameters"]
    assert [line["log_level"] for line in logs if line["event"] == "request"] == ["debug"]
