"""Every rule in the documents that Sigyn answers loads, and gives what its author meant."""

from pathlib import Path

import pytest

from sigyn.model.labels import Labels
from sigyn.model.time import SECOND
from sigyn.ruler.rule import Rule
from sigyn.ruler.rule_file import read_rule_file

from .rules import START, labels
from .stage import Stage, alerts_of

FILES = sorted((Path(__file__).parent / "seeds").glob("*.yaml"))
RULES: dict[str, Rule] = {
    rule.name: rule
    for path in FILES
    for group in read_rule_file(path.read_text(encoding="utf-8"), path.name)
    for rule in group.rules
}
OVER_LOGS = {"HighErrorRate", "loki:error_rate:5m"}


def test_all_of_them_are_there() -> None:
    assert set(RULES) == OVER_LOGS | {
        *("ErrorRateSpike", "HighLatency", "ServiceDegradation"),
        *("loki:ingestion_rate", "loki:chunk_size_bytes", "loki:cache_hit_rate"),
    }
    assert {name for name, rule in RULES.items() if rule.expression.over == "logs"} == OVER_LOGS


@pytest.mark.parametrize("name", sorted(set(RULES) - OVER_LOGS))
def test_rules_over_metrics_that_are_not_there_say_so(stage: Stage, name: str) -> None:
    run = stage.group(RULES[name])
    stage.evaluate(run, 10)
    assert run.statuses[0].health == "unknown"
    assert run.statuses[0].error.startswith("there are no series of `")


def test_high_error_rate(stage: Stage) -> None:
    ryot = labels(service="ryot", level="error", service_name="ryot", detected_level="error")
    stage.push(labels(service="ryot", level="error"), *((at / 20, f"boom {at}") for at in range(20 * 660)))
    stage.push(labels(service="sigma", level="error"), (1, "one alone"))
    run = stage.group(RULES["HighErrorRate"], RULES["loki:error_rate:5m"], interval=60)
    stage.evaluate(run, *range(60, 661, 60))
    (alert,) = alerts_of(run)
    assert (alert.labels, alert.state) == (labels(alertname="HighErrorRate", **dict(ryot)), "firing")
    assert dict(alert.annotations)["summary"] == "High error rate in ryot"
    assert stage.ask('loki:error_rate:5m{service="ryot"}', 660) == {
        labels(__name__="loki:error_rate:5m", **dict(ryot)): pytest.approx(20, abs=0.1)
    }


def record(stage: Stage, series: Labels, *values: float, every: int = 60) -> None:
    """Samples of a series from the start on."""
    for place, value in enumerate(values):
        stage.series.append("fake", START + place * every * SECOND, {series: value}, [])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "ErrorRateSpike",
            "logs_link",
            '/explore?left={"datasource":"Loki","queries":[{"expr":"{service=\\"shop\\",level=\\"error\\"}"}]}\n',
        ),
        ("HighLatency", "summary", "P99 latency > 1s in shop"),
        ("ServiceDegradation", "metrics_dashboard", "/d/service-health?var-service=shop\n"),
    ],
)
def test_alerts_over_metrics_once_series_of_their_name_are_recorded(
    stage: Stage, name: str, text: str, expected: str
) -> None:
    minutes = range(81)
    counter = [0.0 if minute < 65 else 1000.0 * (minute - 64) for minute in minutes]
    record(stage, labels(__name__="promtail_log_errors_total", service="shop"), *counter)
    record(stage, labels(__name__="http_requests_total", service="shop", status="503"), *counter)
    for bucket, share in (("0.5", 0.5), ("2", 1.0), ("+Inf", 1.0)):
        series = labels(__name__="promtail_request_duration_seconds_bucket", service="shop", le=bucket)
        record(stage, series, *(share * value for value in counter))
    run = stage.group(RULES[name], interval=60)
    stage.evaluate(run, *range(70 * 60, 80 * 60, 60))
    (alert,) = alerts_of(run)
    assert (alert.state, run.statuses[0].health) == ("firing", "ok")
    assert dict(alert.annotations)[text] == expected


def test_recordings_over_metrics_once_series_of_their_name_are_recorded(stage: Stage) -> None:
    hits, misses = "cortex_memcache_request_cache_hits_total", "cortex_memcache_request_cache_misses_total"
    record(stage, labels(__name__="loki_distributor_lines_received_total", tenant="fake"), *range(0, 1200, 120))
    record(stage, labels(__name__="loki_ingester_chunk_size_bytes", pod="a"), *([100.0] * 10))
    record(stage, labels(__name__="loki_ingester_chunk_size_bytes", pod="b"), *([300.0] * 10))
    record(stage, labels(__name__=hits), *range(0, 900, 90))
    record(stage, labels(__name__=misses), *range(0, 100, 10))
    names = ("loki:ingestion_rate", "loki:chunk_size_bytes", "loki:cache_hit_rate")
    run = stage.group(*(RULES[name] for name in names), interval=30)
    stage.evaluate(run, 540)
    got = {name: stage.ask(name, 540) for name in names}
    assert got["loki:ingestion_rate"] == {labels(__name__=names[0], tenant="fake"): pytest.approx(2.0)}
    assert got["loki:chunk_size_bytes"] == {labels(__name__=names[1]): 200.0}
    assert got["loki:cache_hit_rate"] == {labels(__name__=names[2]): pytest.approx(0.9)}
