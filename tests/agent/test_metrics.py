# ruff: noqa: E501, the tables are easier to read with long lines
"""Metrics that stages make, and how they are exposed."""

import pytest

from sigyn.agent.metrics import StageMetrics

from .pipelines import SECOND, Bench, HandClock

SEED = """
- json:
    expressions: {level: level, duration_ms: duration, memory_bytes: memory}
- metrics:
    log_errors_total: {type: Counter, description: "Total error logs", prefix: promtail_, value: "1", match: 'level="error"'}
- metrics:
    request_duration_seconds:
      type: Histogram
      prefix: promtail_
      buckets: [0.01, 0.1, 0.5]
      value_name: duration_ms
      value_type: milliseconds
- metrics:
    memory_usage_bytes: {type: Gauge, prefix: promtail_, value_name: memory_bytes}
"""


def test_what_the_wild_expects_beside_type() -> None:
    bench = Bench(SEED)
    bench.feed(
        '{"level":"error","duration":50,"memory":1024}',
        '{"level":"info","duration":"200ms"}',
        '{"level":"error","duration":700,"memory":512}',
        "no json",
    )
    assert bench.samples() == {
        'promtail_log_errors_total{job="app"}': 2,
        'promtail_request_duration_seconds_bucket{job="app",le="0.01"}': 0,
        'promtail_request_duration_seconds_bucket{job="app",le="0.1"}': 1,
        'promtail_request_duration_seconds_bucket{job="app",le="0.5"}': 2,
        'promtail_request_duration_seconds_bucket{job="app",le="+Inf"}': 3,
        'promtail_request_duration_seconds_sum{job="app"}': 0.95,
        'promtail_request_duration_seconds_count{job="app"}': 3,
        'promtail_memory_usage_bytes{job="app"}': 512,
    }


def test_a_counter_with_a_value_counts_every_line() -> None:
    bench = Bench('- metrics: {log_lines_total: {type: Counter, description: d, prefix: promtail_, value: "1"}}')
    bench.feed("a", "b")
    assert bench.samples() == {'promtail_log_lines_total{job="app"}': 2}


def test_text_format() -> None:
    bench = Bench(
        "- regex: {expression: '(?P<l>.*)'}\n- labels: {l: }\n- tenant: {value: t1}\n"
        '- metrics: {m: {type: Counter, description: "first\\nsecond", config: {match_all: true, action: inc}}}'
    )
    bench.feed('say "hi" \\ ü')
    assert bench.metrics.render().decode() == (
        "# HELP promtail_custom_m first\\nsecond\n# TYPE promtail_custom_m counter\n"
        'promtail_custom_m{job="app",l="say \\"hi\\" \\\\ ü"} 1\n'
    )


def test_quiet_series_vanish() -> None:
    clock = HandClock()
    metrics = StageMetrics(clock)
    metric = metrics.metric("m", "gauge", "", max_idle=SECOND)
    metric.set({"a": "1"}, 1)
    clock.now += SECOND
    metric.set({"a": "2"}, 2)
    clock.now += 1
    assert b'{a="1"}' not in metrics.render()
    assert b'{a="2"} 2' in metrics.render()
    clock.now += 2 * SECOND
    assert metrics.render() == b""


def test_a_counter_never_falls() -> None:
    metric = StageMetrics().metric("m", "counter", "")
    metric.add({}, 2)
    metric.add({}, -1)
    assert metric.render()[-1] == "m 2"


@pytest.mark.parametrize(("value", "bucket"), [(0.1, "0.1"), (0.11, "1"), (5, "+Inf")])
def test_bounds_belong_to_their_bucket(value: float, bucket: str) -> None:
    metric = StageMetrics().metric("m", "histogram", "", bounds=(0.1, 1.0))
    metric.observe({}, value)
    first = next(row for row in metric.render() if row.endswith(" 1"))
    assert first == f'm_bucket{{le="{bucket}"}} 1'
