"""Every query in the five documents that Sigyn answers: it runs as written, or is refused with a better one.

The documents are 000 observability triangle, 001 centralised logging, 002 FraiseQL, 003 Integr8sCode and
004 YBUILT. What Grafana or Prometheus fill in (`$trace_id`, `{{ $labels.service }}`) is left as it stands.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from sigyn.engine.duck import Duck
from sigyn.languages.logql import parse, print_query
from sigyn.model.errors import ParseError
from sigyn.model.results import LogResult, MatrixResult, QueryResult, TableResult, VectorResult
from sigyn.model.time import HOUR
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store
from tests.seeds.dataset import END, START, TENANT, load


@dataclass(frozen=True)
class Seed:
    """A query as it is written.

    finds  what an answer over the hour of the data set looks like: a number of lines or of series, or the
           rows of a table; for an instant query a value for each label set
    """

    document: str
    query: str
    finds: object
    kind: Literal["range", "instant"] = "range"


def lines(count: int) -> tuple[str, int]:
    return ("lines", count)


def series(count: int) -> tuple[str, int]:
    return ("series", count)


RUN = [
    # --- 000: panels, alerts and patterns
    Seed("000", '{level="error"}', lines(24)),
    Seed("000", r'{service="{{ $labels.service }}",level="error"}', lines(0)),
    Seed(
        "000",
        """\
{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"}
| json
| line_format "[{{ .service }}:{{ .span_id }}] {{ .level }}: {{ .message }}"
| order by timestamp asc""",
        lines(2),
    ),
    Seed("000", '{trace_id="$trace_id"}', lines(0)),
    Seed("000", '{trace_id="$traceID"}', lines(0)),
    Seed("000", '{level="error", service="ryot"}', lines(11)),
    Seed(
        "000",
        """\
# Analyze error rate before/after deployment
let before = count_over_time({service="ryot", level="error", version="v1"} [1h]);
let after = count_over_time({service="ryot", level="error", version="v2"} [1h]);
(after - before) / before > 0.1""",
        {'{container="api", level="error", pod="ryot-1", service="ryot"}': 0.25},
        "instant",
    ),
    Seed(
        "000",
        """\
# Extract service dependencies
{component="http_client"}
| json
| line_format "{{.service}} → {{.called_service}}"
| stats count() as count by line
| sort by count desc""",
        [{"line": "shop → bank", "count": 2}, {"line": "shop → mail", "count": 1}],
    ),
    Seed(
        "000",
        """\
# Detect unusual error messages
{level="error"}
| json
| stats count() as count by message
| count > 10 and count < 1000  # Neither too common nor too rare""",
        [{"message": "again and again", "count": 12}],
    ),
    Seed(
        "000",
        """\
# Calculate request success rate for SLO
sum by (service) (count_over_time({status="200"} [1h])) /
sum by (service) (count_over_time({} [1h])) > 0.99""",
        {'{service="web"}': 1.0},
        "instant",
    ),
    Seed("000", '{service="ryot"} | stats count() as log_count', [{"log_count": 13}]),
    # --- 001: the query reference
    Seed("001", '{tier="debug"}', lines(1)),
    Seed("001", '{tier="prod"}', lines(1)),
    Seed("001", '{service="agents"}', lines(4)),
    Seed("001", '{service="ryot"}', lines(13)),
    Seed("001", '{service="ryot"}', lines(13), "instant"),
    Seed("001", '{service="ryot", level="error"}', lines(11)),
    Seed("001", '{service!="ryot"}           # Not equal', lines(45)),
    Seed("001", '{service=~"ryot|sigmalang"} # Regex match', lines(14)),
    Seed("001", '{service!~"debug.*"}        # Regex not match', lines(58)),
    Seed("001", '{service="ryot"} |= "error"      # Contains', lines(2)),
    Seed("001", '{service="ryot"} != "debug"      # Does not contain', lines(12)),
    Seed("001", '{service="ryot"} |~ "auth.*fail" # Regex match', lines(1)),
    Seed("001", 'sum by (service) (\n  count_over_time({level="error"} [1h])\n)', series(3)),
    Seed("001", 'rate({service="ryot", level="error"} [5m])', series(3)),
    Seed(
        "001", 'sum by (level) (\n  count_over_time({service="sigmavault"} [1h])\n)', {'{level="warn"}': 1.0}, "instant"
    ),
    Seed(
        "001",
        """\
{service="sigmavault", operation="auth", status!="success"}
| json
| line_format "{{.user}} failed at {{.timestamp}}\"""",
        lines(1),
    ),
    Seed("001", '{trace_id="abc123def456"}\n| json\n| line_format "[{{.service}}] {{.level}}: {{.message}}"', lines(1)),
    Seed(
        "001",
        """\
{service="agents", type="task"}
| json
| duration_ms > 5000
| line_format "{{.agent}}: {{.task_id}} took {{.duration_ms}}ms\"""",
        lines(2),
    ),
    Seed(
        "001",
        'sum by (agent) (\n  count_over_time(\n    {service="agents", type="memory_op"} [1h]\n  )\n)',
        {'{agent="a2"}': 1.0},
        "instant",
    ),
    Seed(
        "001",
        """\
{level="error"}
| json
| line_format "{{.message}}"
| stats count() by line
| sort by count desc""",
        [
            {"line": "again and again", "count": 12},
            {"line": "cache down", "count": 4},
            {"line": "db down", "count": 4},
            {"line": "late", "count": 2},
            {"line": "auth did fail", "count": 1},
            {"line": "boom", "count": 1},
        ],
    ),
    Seed(
        "001",
        """\
{component="caller"}
| json
| line_format "{{.service}} -> {{.called_service}}"
| stats count() by line""",
        [{"line": "shop -> bank", "count": 2}, {"line": "shop -> mail", "count": 1}],
    ),
    Seed(
        "001",
        '{service="ryot"}\n| pattern "<_> - <method> <path> <_> <status> <duration>"\n| status >= 500',
        lines(1),
    ),
    Seed("001", '# Count total logs\ncount(count_over_time({service="ryot"}[1h]))', {"{}": 4.0}, "instant"),
    Seed(
        "001",
        '# Sum values from logs\nsum(sum_over_time({service="agents"} | json | memory_ops [1h]))',
        {"{}": 10.0},
        "instant",
    ),
    Seed("001", '# Average\navg(avg_over_time({service="agents"} | json | duration [1h]))', {"{}": 1.125}, "instant"),
    Seed("001", 'min(min_over_time({service="agents"} | json | memory_ops [1h]))', {"{}": 0.0}, "instant"),
    Seed("001", 'max(max_over_time({service="agents"} | json | memory_ops [1h]))', {"{}": 7.0}, "instant"),
    Seed(
        "001",
        '# Logs per minute\nsum by (service) (\n  count_over_time({service="ryot"} [1m])\n) > 0',
        series(1),
    ),
    Seed("001", 'count({service="ryot"})  # Current count', {"{}": 13.0}, "instant"),
    Seed("001", 'count_over_time({service="ryot"} [1h])  # Count per 1m interval', series(4)),
    Seed(
        "001",
        """\
{service="ryot"}
| line_format "pod={{.pod}} container={{.container}}"
| stats count() by pod, container""",
        [
            {"pod": "", "container": "", "count": 2},
            {"pod": "ryot-1", "container": "api", "count": 9},
            {"pod": "ryot-2", "container": "api", "count": 2},
        ],
    ),
    Seed("001", '{service="ryot", trace_id=""}\n| stats count()', [{"count": 11}]),
    Seed(
        "001",
        'count(count_over_time({service="ryot"} [1d])) by level',
        {'{level="error"}': 3.0, '{level="info"}': 1.0},
        "instant",
    ),
    Seed("001", 'count(count_over_time({service="ryot"} [1h])) by request_id > 1000', {}, "instant"),
    Seed("001", 'rate({level="error"}[5m]) > 10', series(0)),
    Seed("001", '{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"}', lines(2)),
    Seed("001", 'count(count_over_time({service="ryot"} [1h])) by pod > 1000', {}, "instant"),
    Seed("001", '{service="ryot", level="error"} | json  # ✅ Good', lines(11)),
    Seed("001", '{service="ryot"} | json | level="error"  # ❌ Slow', lines(11)),
    Seed("001", '{service="ryot"} [1h]  # ✅ Good', lines(13)),
    Seed("001", '{service="ryot"} [30d]  # ❌ Slow, use sampling', lines(13)),
    Seed("001", 'rate({level="error"}[5m])', series(5)),
    # --- 002: the query examples
    Seed("002", '{job="test"}', lines(1), "instant"),
    Seed("002", '{job="fraiseql-app"}', lines(4)),
    Seed("002", '{job="fraiseql-app"} | json | level="error"', lines(2)),
    Seed("002", '{job="fraiseql-app"} | json | trace_id="abc123def456"', lines(1)),
    Seed("002", 'rate(count_over_time({job="fraiseql-app"} | json | level="error" [5m]))', series(2)),
    Seed(
        "002",
        """\
topk(10,
  sum by (exception_type) (
    count_over_time({job="fraiseql-app"} | json | level="error" [1h])
  )
)""",
        {"{}": 1.0, '{exception_type="DatabaseConnectionError"}': 1.0},
        "instant",
    ),
    Seed("002", '{job="fraiseql-app"} | json | context_user_id="user_789"', lines(1)),
    Seed(
        "002",
        r"""{job="postgresql"}
  | regexp "duration: (?P<duration>\\d+\\.\\d+) ms"
  | unwrap duration
  | __error__=""
  | duration > 1000""",
        lines(1),
    ),
    Seed("002", '{job="fraiseql-app"} | json | exception_type="DatabaseConnectionError"', lines(1)),
    Seed("002", '{job="fraiseql-app"} |~ "authentication failed|unauthorized access"', lines(1)),
    Seed(
        "002",
        'sum by (context_tenant_id) (\n  count_over_time({job="fraiseql-app"} | json [1h])\n)',
        {"{}": 1.0, '{context_tenant_id="t1"}': 2.0, '{context_tenant_id="t2"}': 1.0},
        "instant",
    ),
    Seed(
        "002",
        """\
# Count errors by fingerprint
sum by (fingerprint) (
  count_over_time({job="fraiseql-errors"} | json [5m])
)""",
        series(2),
    ),
    Seed("002", '{job="fraiseql-app",level="info"}', lines(1)),
    Seed("002", '{job="fraiseql-app", level="error"} | json', lines(1)),
    # --- 003
    Seed("003", '# All logs from the saga orchestrator\n{service_name="integr8scode-saga-orchestrator"}', lines(1)),
    Seed("003", '# Errors across all services\n{service_namespace="integr8scode"} |= `"level":"error"`', lines(1)),
    Seed("003", '{service_namespace="integr8scode"} | json | execution_id="abc123"', lines(1)),
    Seed("003", '{service_namespace="integr8scode"} | json | trace_id="0af7651916cd43dd8448eb211c80319c"', lines(1)),
    # --- 004
    Seed("004", '{job="ybuilt-api"} | json | trace_id="<trace_id>"', lines(1)),
    Seed("004", '{job="ybuilt-api"}', lines(2)),
]

REFUSED = {
    "rate(promtail_log_errors_total[5m])": 'rate({job="shop"} [5m])',
    "count(rate(promtail_log_errors_total[5m]))": 'count(rate({job="shop"} [5m]))',
    "rate(promtail_log_errors_total[5m]) > \navg_over_time(promtail_log_errors_total[5m] offset 1h)": (
        'rate({job="shop"} [5m]) > count_over_time({job="shop"} [5m] offset 1h)'
    ),
    "histogram_quantile(0.99, \n  rate(promtail_request_duration_seconds_bucket[5m])\n) > 1": (
        'quantile_over_time(0.99, {job="shop"} | json | unwrap promtail_request_duration_seconds [5m]) > 1'
    ),
    "rate(http_requests_total[5m])": 'rate({job="shop"} [5m])',
    'rate(http_requests_total{status=~"5.."}[5m])': 'rate({status=~"5.."} [5m])',
    "histogram_quantile(0.99, rate(http_request_duration_seconds_bucket[5m]))": (
        'quantile_over_time(0.99, {job="shop"} | json | unwrap http_request_duration_seconds [5m])'
    ),
    """\
(
  rate(http_requests_total{status=~"5.."}[5m]) > 0.1
) or (
  histogram_quantile(0.99, rate(http_request_duration_seconds_bucket[5m])) > 1
)""": (
        '( rate({status=~"5.."} [5m]) > 0.1 ) or ( '
        'quantile_over_time(0.99, {job="shop"} | json | unwrap http_request_duration_seconds [5m]) > 1 )'
    ),
    """\
histogram_quantile(0.95,
  sum by (service) (
    rate(request_duration_ms_bucket[5m])
  )
)""": 'quantile_over_time(0.95, {job="shop"} | json | unwrap request_duration_ms [5m]) by (service)',
    "rate(loki_distributor_lines_received_total[5m])": 'rate({job="shop"} [5m])',
    "avg(loki_ingester_chunk_size_bytes)": (
        'avg(last_over_time({job="shop"} | json | unwrap loki_ingester_chunk_size_bytes [5m]))'
    ),
    """\
rate(cortex_memcache_request_cache_hits_total[5m]) /
(rate(cortex_memcache_request_cache_hits_total[5m]) +
 rate(cortex_memcache_request_cache_misses_total[5m]))""": (
        'rate({job="shop"} [5m]) / (rate({job="shop"} [5m]) + rate({job="shop"} [5m]))'
    ),
}
"""PromQL in the documents, which asks for metrics, and the query over log lines that its refusal shows."""


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueryService]:
    folder: Path = tmp_path_factory.mktemp("seeds")
    store = Store.open(StoreSettings(data=folder / "data"))
    load(store)
    duck = Duck(256 << 20, 1, str(folder))
    service = QueryService(store, duck, QueryLimits(), threads=1, queue=QueueLimits(1))
    yield service
    service.close()
    duck.close()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, store.close()).result()


def answered(queries: QueryService, seed: Seed) -> QueryResult:
    request = QueryRequest(TENANT, seed.query, START, END, limit=1000)
    ask = queries.query_instant if seed.kind == "instant" else queries.query_range
    return asyncio.run(ask(request)).result


def found(result: QueryResult) -> object:
    """An answer in the notation of `Seed.finds`."""
    match result:
        case LogResult(entries):
            return lines(len(entries))
        case MatrixResult(all_series):
            return series(len(all_series))
        case VectorResult(samples=samples):
            labels = ("{" + ", ".join(f'{name}="{value}"' for name, value in one.labels) + "}" for one in samples)
            return dict(zip(labels, (one.value for one in samples), strict=True))
        case TableResult(table=table):
            return table.to_pylist()
        case _:
            return result


@pytest.mark.parametrize("seed", RUN, ids=lambda seed: f"{seed.document}-{seed.query[:50]!r}")
def test_runs_as_written(queries: QueryService, seed: Seed) -> None:
    assert found(answered(queries, seed)) == seed.finds


@pytest.mark.parametrize("seed", RUN, ids=lambda seed: f"{seed.document}-{seed.query[:50]!r}")
def test_prints_back(seed: Seed) -> None:
    tree = parse(seed.query)
    assert parse(print_query(tree)) == tree


@pytest.mark.parametrize("query", REFUSED)
def test_promql_is_refused_and_the_nearest_query_shown(query: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(query)
    message = str(caught.value)
    assert "metrics are not stored yet" in message
    assert message.partition("the nearest query is: ")[2] == REFUSED[query]
    assert caught.value.line > 0
    parse(REFUSED[query], strict=True)


def test_the_trace_comes_oldest_first(queries: QueryService) -> None:
    result = answered(queries, next(seed for seed in RUN if "order by timestamp asc" in seed.query))
    assert isinstance(result, LogResult)
    assert [entry.line for entry in result.entries] == ["[ryot:s0] error: late", "[ryot:s1] error: late"]
    assert result.direction == "forward"


def test_a_range_of_its_own_reaches_back_from_the_end(queries: QueryService) -> None:
    request = QueryRequest(TENANT, '{service="ryot"} [1h]', END - 1, END, limit=1000)
    assert found(asyncio.run(queries.query_range(request)).result) == lines(13)
    late = QueryRequest(TENANT, '{service="ryot"} [1h]', START, END + HOUR, limit=1000)
    assert found(asyncio.run(queries.query_range(late)).result) == lines(0)
