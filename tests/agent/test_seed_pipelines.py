"""Pipelines as people write them, where they go beyond Promtail's own options or stumble over YAML."""

from datetime import datetime

from .pipelines import Bench


def test_multiline_by_line_start_pattern() -> None:
    bench = Bench(
        """
        - multiline:
            line_start_pattern: '^\\d{4}-\\d{2}-\\d{2}'

        - json:
            expressions:
              timestamp: timestamp
              level: level
              message: message
        """
    )
    entries = bench.feed("2025-12-04 boom", "Traceback", "  line 1", "2025-12-05 next")
    assert [entry.line for entry in entries] == ["2025-12-04 boom\nTraceback\n  line 1"]


def test_json_labels_and_a_counter_of_lines() -> None:
    bench = Bench(
        """
        # JSON parsing
        - json:
            expressions:
              timestamp: timestamp
              level: level
              message: message
              module: module
              trace_id: trace_id
              span_id: span_id

        # Create labels for indexing
        - labels:
            level:
            module:
            service:
            trace_id:
            span_id:

        # Extract metrics from logs
        - metrics:
            log_lines_total:
              type: Counter
              description: "Total number of log lines"
              prefix: promtail_
              value: "1"
        """
    )
    (entry, _) = bench.feed('{"level":"error","module":"db","trace_id":"t1"}', "text")
    assert entry.labels == {"job": "app", "level": "error", "module": "db", "trace_id": "t1"}
    assert bench.samples() == {
        'promtail_log_lines_total{job="app"}': 1,
        'promtail_log_lines_total{job="app",level="error",module="db",trace_id="t1"}': 1,
    }


def test_timestamp_formats_beside_a_format() -> None:
    bench = Bench(
        """
        - json: {expressions: {timestamp: }}
        - timestamp:
            source: timestamp
            format: "2006-01-02T15:04:05.000Z07:00"
            formats: [RFC3339Nano, UnixMs, UnixUs, Unix]
        """
    )
    times = [
        entry.timestamp
        for entry in bench.feed(
            '{"timestamp":"2025-12-04T10:15:30.123Z"}',
            '{"timestamp":"2025-12-04T10:15:30Z"}',
            '{"timestamp":1764843330123}',
        )
    ]
    second = int(datetime.fromisoformat("2025-12-04T10:15:30Z").timestamp()) * 10**9
    assert times == [second + 123 * 10**6, second, second + 123 * 10**6]


def test_a_share_of_the_info_lines() -> None:
    bench = Bench(
        """
        - json: {expressions: {level: level}}
        - labels: {level: }
        - match:
            selector: '{job="app",level="info"}'
            stages:
              - sampling:
                  rate: 0.1  # Keep 10% of info logs
        """
    )
    entries = bench.feed(*['{"level":"info"}'] * 2000, *['{"level":"error"}'] * 50)
    levels = [entry.labels["level"] for entry in entries]
    assert levels.count("error") == 50
    assert 100 < levels.count("info") < 320  # 200 expected; outside with a chance below 1e-12


def test_text_lines_by_a_regex() -> None:
    bench = Bench(
        """
        - regex:
            expression: '^(?P<timestamp>\\S+) (?P<level>\\S+) (?P<message>.*)$'
        - labels:
            level:
        - drop:
            source: level
            expression: "debug"
        """
    )
    entries = bench.feed("2025-12-04T10:15:30Z info started", "2025-12-04T10:15:31Z debug noise")
    assert [entry.labels["level"] for entry in entries] == ["info"]
