"""Pushes through the ingest service: what is stored, what is refused, what is counted."""

import asyncio
import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import SigynError, TooManyRequests, Unavailable, UnprocessableRequest
from sigyn.model.time import HOUR, MINUTE, OLDEST, SECOND
from sigyn.services.counts_by_tenant import OTHER_TENANTS, CountsByTenant
from sigyn.services.ingest import IngestService, PushOutcome, PushOverBurst, PushRefused
from sigyn.services.push_counters import TenantPushes
from sigyn.services.push_limits import PushLimits
from sigyn.services.redaction import RedactionRules
from sigyn.wire.loki import decode_loki_push
from sigyn.wire.loki_json import decode_loki_json
from sigyn.wire.push import DecodedPush

NOW = 1768471260_000_000_000
RECORDED = Path(__file__).parents[3] / "shared" / "conformance" / "logql"

Values = list[list[object]]


class MemorySink:
    """Keeps batches, or fails as a store does."""

    def __init__(self, error: SigynError | None = None) -> None:
        self.batches: list[Batch] = []
        self.error = error

    async def append(self, batch: Batch) -> None:
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.batches.append(batch)

    def entries(self) -> list[tuple[dict[str, str], int, str, str | None, str | None]]:
        return [
            (
                dict(batch.streams[row["stream"]]),
                row["timestamp"],
                row["line"],
                row["detected_level"],
                row["metadata"],
            )
            for batch in self.batches
            for row in batch.entries.to_pylist()
        ]

    def lines(self) -> list[str]:
        return [line for _, _, line, _, _ in self.entries()]


class Service:
    """An ingest service over a sink in memory, at a time of its own."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self.now = NOW
        self.sink = MemorySink()
        limits = limits or PushLimits()
        self.service = IngestService(self.sink, lambda _tenant: limits, lambda: self.now)

    def push(self, *streams: tuple[dict[str, str], Values], tenant: str = "fake") -> PushOutcome:
        body = {"streams": [{"stream": labels, "values": values} for labels, values in streams]}
        return self.push_decoded(decode_loki_json(json.dumps(body).encode()), tenant)

    def push_decoded(self, decoded: DecodedPush, tenant: str = "fake") -> PushOutcome:
        return asyncio.run(self.service.push(tenant, decoded))

    def refused(self, *streams: tuple[dict[str, str], Values]) -> PushRefused:
        with pytest.raises(PushRefused) as error:
            self.push(*streams)
        return error.value


def value(line: str, timestamp: int = NOW, **metadata: str) -> list[object]:
    return [str(timestamp), line, metadata] if metadata else [str(timestamp), line]


APP = {"app": "shop"}
STREAM = """{app="shop", service_name="shop"}"""


def test_entries_are_stored_with_service_and_level() -> None:
    service = Service()
    outcome = service.push(
        (APP, [value("level=warn"), value("plain", trace_id="t", detected_level="ERROR")]),
        ({"job": "x", "level": "audit"}, [value("y")]),
    )
    assert (outcome.entries, outcome.bytes) == (3, 16)
    assert service.sink.entries() == [
        ({"app": "shop", "service_name": "shop"}, NOW, "level=warn", "warn", None),
        ({"app": "shop", "service_name": "shop"}, NOW, "plain", "error", '{"trace_id":"t"}'),
        ({"job": "x", "level": "audit", "service_name": "x"}, NOW, "y", "audit", None),
    ]
    (batch,) = service.sink.batches
    assert batch.entries.schema.equals(ENTRY_SCHEMA)
    assert batch.tenant == "fake"


def test_pairs_of_metadata_are_counted_whatever_their_values_hold() -> None:
    service = Service(PushLimits(max_structured_metadata_entries_count=3))
    service.push((APP, [value("x", a='":', b='"a":"', c='x":"y":')]))
    assert service.sink.lines() == ["x"]


def test_equal_streams_become_one() -> None:
    service = Service()
    service.push((APP, [value("x")]), (APP | {"service_name": "shop"}, [value("y")]), (APP, [value("z")]))
    (batch,) = service.sink.batches
    assert len(batch.streams) == 1
    assert service.sink.lines() == ["x", "y", "z"]


def test_nothing_is_added_when_discovery_is_off() -> None:
    service = Service(PushLimits(discover_service_name=(), discover_log_levels=False))
    service.push((APP, [value("level=warn", detected_level="x")]))
    assert service.sink.entries() == [(APP, NOW, "level=warn", None, '{"detected_level":"x"}')]


def test_a_stream_without_labels_is_of_an_unknown_service_or_refused() -> None:
    """Of OTLP it comes where no attribute of the resource is a label: from a file, say, and no service."""
    service = Service()
    service.push(({}, [value("x")]))
    assert [batch.streams for batch in service.sink.batches] == [((("service_name", "unknown_service"),),)]
    service = Service(PushLimits(discover_service_name=()))
    error = service.refused(({}, [value("x")]), ({"good": "1"}, [value("kept")]))
    assert str(error).startswith("error at least one label pair is required per stream")
    assert service.sink.lines() == ["kept"]


def test_a_push_without_streams_is_an_error_and_one_without_entries_is_not() -> None:
    service = Service()
    with pytest.raises(UnprocessableRequest, match="error at least one valid stream is required for ingestion"):
        service.push()
    assert service.push((APP, [])).entries == 0
    assert service.sink.batches == []


@pytest.mark.parametrize(
    ("labels", "values", "reason", "message"),
    [
        (
            {f"l{number:02}": "v" for number in range(16)},
            [value("x")],
            "max_label_names_per_series",
            'entry for stream \'{l00="v", ',
        ),
        ({"a": "v" * 2049}, [value("x")], "label_value_too_long", """stream '{a="vvv"""),
        ({"a" * 1025: "v"}, [value("x")], "label_name_too_long", "stream '{aaa"),
        (
            APP,
            [value("x", NOW + 10 * MINUTE + 1)],
            "too_far_in_future",
            f"entry for stream '{STREAM}' has timestamp too new: 2026-01-15T10:11:00Z",
        ),
        (
            APP,
            [value("x", OLDEST - 1)],
            "greater_than_max_sample_age",
            f"entry for stream '{STREAM}' has timestamp too old: 1823-11-12T",
        ),
        (
            APP,
            [value("x" * (256 * 1024 + 1))],
            "line_too_long",
            f"max entry size '262144' bytes exceeded for stream '{STREAM}' while adding an entry with length '262145'"
            " bytes",
        ),
        (
            APP,
            [value("x", a="y" * 65_536)],
            "structured_metadata_too_large",
            f"stream '{STREAM}' has structured metadata too large: '65537' bytes, limit: '65536' bytes.",
        ),
        (
            APP,
            [value("x", **{f"k{number}": '":"' for number in range(129)})],
            "structured_metadata_too_many",
            f"stream '{STREAM}' has too many structured metadata labels: '129', limit: '128'.",
        ),
        (
            {"a-b": "x"},
            [value("x")],
            "invalid_labels",
            "couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-' in stream"
            """ '{a-b="x"}'""",
        ),
        (
            {"a-b": "x" * 5000},
            [value("x")],
            "invalid_labels",
            "couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-' in stream"
            f""" '{{a-b="{"x" * 194}...'""",
        ),
    ],
)
def test_what_is_beyond_the_limits_is_refused_and_the_rest_is_stored(
    labels: dict[str, str], values: Values, reason: str, message: str
) -> None:
    service = Service()
    error = service.refused((labels, values), ({"good": "1"}, [value("kept")]))
    assert error.status == 400
    assert str(error).startswith(message)
    assert error.outcome.entries == 1
    assert service.sink.lines() == ["kept"]
    assert [batch.streams for batch in service.sink.batches] == [
        ((("good", "1"), ("service_name", "unknown_service")),)
    ]
    assert service.service.counters.of("fake").discarded_lines == {reason: 1}


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        ({f"l{number:02}": "v" for number in range(15)}, [value("x")]),
        ({f"l{number:02}": "v" for number in range(15)} | {"service_name": "s"}, [value("x")]),
        ({"a": "v" * 2048}, [value("x")]),
        ({"a" * 1024: "v"}, [value("x")]),
        (APP, [value("x", NOW + 10 * MINUTE)]),
        (APP, [value("x", 0)]),
        (APP, [value("é" * (128 * 1024))]),
        (APP, [value("x", a="\n" * 65_535)]),
        (APP, [value("x", **{f"k{number}": "v" for number in range(128)})]),
    ],
)
def test_the_limits_themselves_are_allowed(labels: dict[str, str], values: Values) -> None:
    assert Service().push((labels, values)).entries == 1


@pytest.mark.parametrize("truncate", [False, True])
def test_a_limit_of_0_is_none(truncate: bool) -> None:
    limits = PushLimits(
        max_line_size=0,
        max_line_size_truncate=truncate,
        max_label_names_per_series=0,
        max_label_name_length=0,
        max_label_value_length=0,
        max_structured_metadata_size=0,
        max_structured_metadata_entries_count=0,
    )
    labels = {f"label{number}": "v" for number in range(20)} | {"n" * 2000: "v" * 3000}
    metadata = {f"k{number}": "v" * 600 for number in range(200)}
    service = Service(limits)
    assert service.push((labels, [value("x" * (300 << 10), **metadata)])).entries == 1
    assert service.sink.lines() == ["x" * (300 << 10)]


def test_bytes_are_what_counts() -> None:
    error = Service(PushLimits(max_line_size=5)).refused((APP, [value("ééé")]))
    assert "with length '6' bytes" in str(error)


def test_old_entries_are_refused_when_configured() -> None:
    service = Service(PushLimits(reject_old_samples=True, reject_old_samples_max_age=HOUR))
    error = service.refused((APP, [value("old", NOW - HOUR - 1), value("young", NOW - HOUR)]))
    assert str(error) == (
        f"entry for stream '{STREAM}' has timestamp too old: 2026-01-15T09:00:59Z, oldest acceptable timestamp is:"
        " 2026-01-15T09:01:00Z"
    )
    assert service.sink.lines() == ["young"]


def test_structured_metadata_can_be_forbidden() -> None:
    service = Service(PushLimits(allow_structured_metadata=False))
    error = service.refused((APP, [value("x", a="b"), value("y")]))
    assert "includes structured metadata, but this feature is disallowed" in str(error)
    assert service.sink.lines() == ["y"]


def test_long_lines_are_cut_when_configured() -> None:
    service = Service(PushLimits(max_line_size=4, max_line_size_truncate=True))
    assert service.push((APP, [value("abcdef"), value("abcd"), value("abcé"), value("ééé")])).entries == 4
    assert service.sink.lines() == ["abcd", "abcd", "abc", "éé"]


def test_every_reason_is_told_once_with_its_number() -> None:
    service = Service(PushLimits(max_line_size=3))
    error = service.refused(
        (APP, [value("long line"), value("ok"), value("another"), value("new", NOW + HOUR)]),
        ({"b": "c"}, [value("four"), value("late and long", NOW + HOUR)]),
    )
    first, second = str(error).split("; ")
    assert first.startswith(f"entry for stream '{STREAM}' has timestamp too new")
    assert first.endswith("(and 1 more)")
    assert second.endswith("(and 2 more)")
    assert {
        reason: (refusal.entries, refusal.bytes) for reason, refusal in error.outcome.refusals.by_reason.items()
    } == {
        "too_far_in_future": (2, 16),
        "line_too_long": (3, 20),
    }


def test_what_comes_in_is_counted_by_tenant() -> None:
    service = Service()
    service.push((APP, [value("abc", k="v"), value("de")]), tenant="one")
    service.push((APP, [value("x")]), tenant="two")
    one, two = (service.service.counters.of(tenant) for tenant in ("one", "two"))
    assert (one.lines, one.bytes, one.metadata_bytes) == (2, 5, len('{"k":"v"}'))
    assert (two.lines, two.bytes) == (1, 1)


def test_tenants_beyond_so_many_are_counted_together() -> None:
    """Whoever may name a tenant at will does not fill memory with names, and what was counted stays counted."""
    counters = CountsByTenant(TenantPushes, most=2)
    for tenant in ("old", "busy", "old", "busy", "new", "busy", "newer", "old"):
        counts = counters.of(tenant)
        counts.lines += 1
        counts.discarded_lines["line_too_long"] += 2
    assert {tenant: counts.lines for tenant, counts in counters.items()} == {"newer": 1, "old": 1, OTHER_TENANTS: 6}
    others = counters.of(OTHER_TENANTS)
    assert others.discarded_lines == {"line_too_long": 12}
    elsewhere = CountsByTenant(TenantPushes, most=2)
    elsewhere.add(counters)
    assert {tenant: counts.lines for tenant, counts in elsewhere.items()} == {"newer": 1, "old": 1, OTHER_TENANTS: 6}


def test_listeners_hear_of_what_is_durable_alone() -> None:
    heard: list[Batch] = []
    service = Service()
    end = service.service.subscribe(heard.append)
    service.push((APP, [value("x")]))
    service.sink.error = Unavailable("the disk is full")
    with pytest.raises(Unavailable):
        service.push((APP, [value("lost")]))
    service.sink.error = None
    end()
    service.push((APP, [value("later")]))
    assert [batch.entries["line"].to_pylist() for batch in heard] == [["x"]]


def test_the_rate_limit_lets_bursts_through_and_says_when_to_come_back() -> None:
    service = Service(PushLimits(ingestion_rate=100, ingestion_burst_size=150))
    service.push((APP, [value("x" * 150)]))
    with pytest.raises(TooManyRequests) as error:
        service.push((APP, [value("x" * 100)]))
    assert str(error.value).startswith(
        "ingestion rate limit exceeded for user fake (limit: 100 bytes/sec) while attempting to ingest '1' lines"
        " totaling '100' bytes"
    )
    assert error.value.retry_after == 1.0
    assert service.service.counters.of("fake").discarded_lines == {"rate_limited": 1}
    service.push((APP, [value("x" * 150)]), tenant="another")
    service.now += SECOND
    service.push((APP, [value("x" * 100)]))
    assert len(service.sink.batches) == 3


def test_structured_metadata_counts_in_rates() -> None:
    """Of 30 bytes of line and 70 of metadata 100 are taken in a second, and not 101."""
    for name in ("ingestion_rate", "per_stream_rate_limit"):
        service = Service(PushLimits(**{name: 100}))
        service.push((APP, [value("x" * 20, key="v" * 58), value("x" * 10, a="é" * 4)]))
        service.now += SECOND
        with pytest.raises((PushOverBurst, PushRefused), match=r"totaling '?101'? bytes") as error:
            service.push((APP, [value("x" * 20, key="v" * 59), value("x" * 10, a="é" * 4)]))
        assert error.value.status == 429


def test_a_clock_that_is_set_back_takes_nothing_from_the_rate() -> None:
    service = Service(PushLimits(ingestion_rate=100, ingestion_burst_size=150, per_stream_rate_limit=100))
    service.push((APP, [value("x" * 50, NOW - HOUR)]))
    service.now -= HOUR
    service.push((APP, [value("x" * 50, NOW - HOUR)]))
    service.now += 2 * SECOND
    service.push((APP, [value("x" * 100, NOW - HOUR)]))
    assert len(service.sink.batches) == 3


def test_large_pushes_come_through_whole() -> None:
    service = Service()
    lines = [f"level=info line {number} " + "x" * 50 for number in range(5_000)]
    outcome = service.push((APP, [value(line) for line in lines]))
    assert outcome.entries == 5_000
    assert service.sink.lines() == lines


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not beside this checkout")
def test_recorded_answers_to_bad_pushes() -> None:
    cases = [json.loads(line) for line in (RECORDED / "cases.jsonl").read_text().splitlines()]
    pushes = [case for case in cases if case["kind"] == "push"]
    for case in pushes:
        headers = case.get("headers", {})
        content_type, encoding = headers.get("Content-Type", "application/json"), headers.get("Content-Encoding", "")
        status = 204
        try:
            Service().push_decoded(decode_loki_push(case["body"].encode(), content_type, encoding))
        except SigynError as error:
            status = error.status
        assert status == case["expect"]["status"], case["id"]
    assert len(pushes) >= 19


@pytest.mark.parametrize(
    ("timestamp", "unit", "stored"),
    [
        (1763600000, "seconds", "1970-01-01T00:00:01Z"),
        (1763600000_123, "milliseconds", "1970-01-01T00:29:23Z"),
        (1763600000_123456, "microseconds", "1970-01-21T09:53:20Z"),
    ],
)
def test_times_in_another_unit_are_stored_and_told(timestamp: int, unit: str, stored: str) -> None:
    service = Service()
    with capture_logs() as logs:
        service.push(({"job": "good"}, [value("x")]), (APP, [value("y", timestamp), value("z", timestamp + 1)]))
    assert service.sink.lines() == ["x", "y", "z"]
    assert service.service.counters.of("fake").mistaken_times == 2
    assert logs == [
        {
            "log_level": "warning",
            "event": "a push has times in another unit",
            "tenant": "fake",
            "stream": STREAM,
            "timestamp": timestamp,
            "hint": f"timestamps are nanoseconds; {timestamp} looks like {unit} (2025-11-20T00:53:20Z)"
            f" and is stored as {stored}",
        }
    ]


def test_a_tenant_is_told_of_another_unit_once_a_minute() -> None:
    service = Service()
    with capture_logs() as logs:
        for tenant in ("a", "a", "b"):
            service.push((APP, [value("x", 1763600000), value("y", 1763600000_000)]), tenant=tenant)
        service.now += MINUTE
        service.push((APP, [value("x", 1763600000)]), tenant="a")
    assert [(log["tenant"], log["timestamp"]) for log in logs] == [
        ("a", 1763600000),
        ("b", 1763600000),
        ("a", 1763600000),
    ]
    assert [service.service.counters.of(tenant).mistaken_times for tenant in ("a", "b")] == [5, 2]


def test_so_many_tenants_are_told_of_another_unit_in_a_minute() -> None:
    service = Service()
    with capture_logs() as logs:
        for number in range(1_100):
            service.push((APP, [value("x", 1763600000)]), tenant=f"invented-{number}")
        service.now += MINUTE
        service.push((APP, [value("x", 1763600000)]), tenant="invented-1099")
    assert [log["tenant"] for log in logs] == [*(f"invented-{number}" for number in range(1_000)), "invented-1099"]


def test_times_that_are_old_or_not_known_are_no_mistake() -> None:
    service = Service()
    with capture_logs() as logs:
        service.push((APP, [value("none", 0), value("before 1970", -SECOND), value("1995", 788_918_400 * SECOND)]))
    assert len(service.sink.lines()) == 3
    assert not logs
    assert not service.service.counters.of("fake").mistaken_times


def test_what_is_refused_of_pushes_is_in_the_log_once_a_minute_for_each_reason() -> None:
    service = Service(PushLimits(max_line_size=5))
    with capture_logs() as logs:
        for tenant in ("a", "a", "b"):
            with pytest.raises(PushRefused):
                service.push((APP, [value("x"), value("too long"), value("longer yet")]), tenant=tenant)
        with pytest.raises(PushRefused):
            service.push(({"no-label": "x"}, [value("x")]), tenant="a")
        service.now += MINUTE
        with pytest.raises(PushRefused):
            service.push((APP, [value("too long")]), tenant="a")
    assert [(log["tenant"], log["reason"], log["lines"]) for log in logs] == [
        ("a", "line_too_long", 2),
        ("b", "line_too_long", 2),
        ("a", "invalid_labels", 1),
        ("a", "line_too_long", 1),
    ]
    assert logs[0]["event"] == "lines of a push are refused"
    assert STREAM in logs[0]["error"]


def test_pushes_over_the_rate_are_in_the_log() -> None:
    service = Service(PushLimits(ingestion_rate=1, ingestion_burst_size=10))
    with capture_logs() as logs:
        service.push((APP, [value("ten bytes!")]))
        for _ in range(2):
            with pytest.raises(TooManyRequests):
                service.push((APP, [value("ten bytes!")]))
    assert [(log["reason"], log["lines"]) for log in logs] == [("rate_limited", 1)]
    assert "ingestion rate limit exceeded for user fake" in logs[0]["error"]


def test_what_is_redacted_is_not_in_the_log_either() -> None:
    service = Service(PushLimits(redaction=RedactionRules(patterns=("email",))))
    with capture_logs() as logs, pytest.raises(PushRefused) as told:
        service.push(({"no-label": "ann@example.org"}, [value("x")]))
    assert "ann@example.org" in str(told.value)
    assert len(logs) == 1
    assert "ann@example.org" not in str(logs)
