"""Against Debian's Prometheus: what rules record arrives there, and is asked back from both."""

import json
from pathlib import Path
from typing import Any

import cramjam
import pytest

from sigyn.wire.remote_write import WriteRequest, WrittenSample, encode_write
from tests.cli.tenancy import V1, of, server

from .rules import labels
from .servers import RuledServer, group, ruled_server
from .upstream import Upstream, eventually, prometheus

RULES = group(
    {
        "record": "app:errors:count",
        "expr": 'sum by (app) (count_over_time({app=~".+"} |= "error" [1h]))',
        "labels": {"team": "shop"},
    },
    {"alert": "Errors", "expr": "app:errors:count > 1", "labels": {"severity": "page"}},
)
SERIES = {"__name__": "app:errors:count", "app": "shop", "team": "shop"}


def values(samples: list[dict[str, Any]]) -> list[tuple[dict[str, str], float]]:
    return [(sample["metric"], float(sample["value"][1])) for sample in samples]


def here(server: RuledServer, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/prometheus/api/v1/query", query=query)["result"]
    return found


def there(upstream: Upstream, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = upstream.get("/api/v1/query", query=query)["data"]["result"]
    return found


def test_recorded_series_are_asked_back_from_both(tmp_path: Path) -> None:
    with prometheus(tmp_path / "prometheus") as receiving:
        settings = {"remote_write_url": f"{receiving.url}/api/v1/write", "external_labels": "cluster=eu"}
        with ruled_server(tmp_path, RULES, **settings) as server:
            server.push({"app": "shop"}, "error one", "error two", "well")
            eventually(lambda: values(there(receiving, "app:errors:count")) == [(SERIES | {"cluster": "eu"}, 2.0)])
            assert values(here(server, "app:errors:count")) == [(SERIES, 2.0)]
            assert values(here(server, 'sum by (team) (app:errors:count{app=~"s.*"}) * 10')) == [
                ({"team": "shop"}, 20.0)
            ]
            alert = {"__name__": "ALERTS", "alertname": "Errors", "alertstate": "firing"}
            alert |= {"app": "shop", "severity": "page", "team": "shop"}
            eventually(lambda: values(there(receiving, "ALERTS")) == [(alert | {"cluster": "eu"}, 1.0)])
            assert values(here(server, "ALERTS")) == [(alert, 1.0)]

            now = server.get("/prometheus/api/v1/query", query="vector(1)")["result"][0]["value"][0]
            asked = {"query": "app:errors:count", "start": str(now - 5), "end": str(now), "step": "1"}
            (mine,) = server.get("/prometheus/api/v1/query_range", **asked)["result"]
            (theirs,) = receiving.get("/api/v1/query_range", **asked)["data"]["result"]
            assert mine["values"] == theirs["values"]

            # A rule that is gone ends its series in both.
            (tmp_path / "rules" / "rules.yaml").write_text(json.dumps(group({"record": "other", "expr": "vector(1)"})))
            eventually(lambda: values(there(receiving, "other")))
            eventually(lambda: not there(receiving, '{__name__=~"app:errors:count|ALERTS"}'))
            assert not here(server, '{__name__=~"app:errors:count|ALERTS"}')


def test_the_end_of_a_series_is_written(tmp_path: Path) -> None:
    rules = group({"record": "recent", "expr": 'sum by (app) (count_over_time({app=~".+"}[3s]))'})
    with (
        prometheus(tmp_path / "prometheus") as receiving,
        ruled_server(tmp_path, rules, remote_write_url=f"{receiving.url}/api/v1/write") as server,
    ):
        server.push({"app": "shop"}, "once")
        eventually(lambda: there(receiving, "recent"))
        # Without the mark Prometheus would show the last sample for five minutes.
        eventually(lambda: not there(receiving, "recent"))
        assert not here(server, "recent")
        assert there(receiving, "count_over_time(recent[1m])")


def test_nothing_is_lost_while_the_receiver_is_away(tmp_path: Path) -> None:
    rules = group({"record": "always", "expr": "vector(1)"})
    place = tmp_path / "prometheus"
    with prometheus(place) as receiving:
        url = receiving.url
    address = url.removeprefix("http://")
    with ruled_server(tmp_path, rules, remote_write_url=f"{url}/api/v1/write") as server:
        failed = "loki_ruler_remote_write_samples_failed_total{"
        eventually(lambda: server.metric(failed) or None)
        first = server.get("/prometheus/api/v1/query", query="count_over_time(always[1h])")["result"]
        assert float(first[0]["value"][1]) >= 1
    with (
        prometheus(place, address=address) as receiving,
        ruled_server(tmp_path, rules, remote_write_url=f"{url}/api/v1/write") as server,
    ):
        mine = eventually(lambda: same_counts(server, receiving))
        assert mine >= float(first[0]["value"][1])


def test_series_of_a_tenant_that_are_not_written(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.yaml"
    overrides.write_text("overrides: {quiet: {ruler_remote_write_disabled: true}}\n")
    variables = {"SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG": str(overrides)}
    with prometheus(tmp_path / "prometheus") as receiving:
        variables["SIGYN_RULER_REMOTE_WRITE_URL"] = f"{receiving.url}/api/v1/write"
        with server(tmp_path, **variables) as (_, client):

            def recorded(tenant: str) -> list[Any]:
                asked = {"query": f"from_{tenant}"}
                answer = client.get("/prometheus/api/v1/query", params=asked, headers=of(tenant)).json()
                found: list[Any] = answer["data"]["result"]
                return found

            def written(tenant: str) -> float:
                found = there(receiving, f"count_over_time(from_{tenant}[1h])")
                return float(found[0]["value"][1]) if found else 0.0

            for tenant in ("quiet", "loud"):
                rules = {"name": "g", "interval": "1s", "rules": [{"record": f"from_{tenant}", "expr": "vector(1)"}]}
                client.post(f"{V1}/rules/n", content=json.dumps(rules), headers=of(tenant)).raise_for_status()
            eventually(lambda: recorded("quiet"))
            before = written("loud")  # what is written after these was recorded after the first of the other
            eventually(lambda: written("loud") >= before + 2)
            assert not written("quiet")
            overrides.write_text("{}\n")
            eventually(lambda: written("quiet"))


def same_counts(server: RuledServer, receiving: Upstream) -> float | None:
    """How many samples there are, once both say the same."""
    counts = [
        [float(sample["value"][1]) for sample in samples]
        for samples in (here(server, "count_over_time(always[1h])"), there(receiving, "count_over_time(always[1h])"))
    ]
    return counts[0][0] if counts[0] and counts[0] == counts[1] else None


@pytest.mark.parametrize("value", [0.0, -1.5, 1e300, float("inf")])
def test_a_write_is_what_the_specification_says(value: float) -> None:
    shop = labels(__name__="errors", app="shop")
    body = encode_write([WrittenSample(shop, 1_500_000_000, value), WrittenSample(shop, 2_000_000_000, None)])
    request = WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(body)))
    (series,) = request.timeseries
    assert [(label.name, label.value) for label in series.labels] == list(shop)
    assert [sample.timestamp for sample in series.samples] == [1500, 2000]
    assert series.samples[0].value == value
    assert b"\x02\x00\x00\x00\x00\x00\xf0\x7f" in request.SerializeToString()  # the NaN that ends a series
