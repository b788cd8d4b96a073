"""PromQL over recorded series gives what Debian's Prometheus gives for the same samples."""

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sigyn.languages.promql import parse_promql
from sigyn.model.labels import Labels, labels_of
from sigyn.model.results import ScalarResult
from sigyn.model.time import SECOND
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.series_query import instant
from sigyn.ruler.series_store import SeriesStore
from sigyn.wire.remote_write import HEADERS, WrittenSample, encode_write

from .rules import labels
from .upstream import Upstream, prometheus

STEP, SAMPLES = 15, 80

QUERIES = """
errors_total
errors_total{app="shop"}
errors_total{app=~"sh.*|till", pod!="b"}
{__name__=~"errors.*", app!~"shop"}
errors_total offset 5m
errors_total offset -1m
ended
ended offset 8m
rate(errors_total[5m])
rate(errors_total[30s])
rate(errors_total[20s])
rate(reset_total[5m])
increase(errors_total[15m])
rate(errors_total[5m] offset 3m)
rate(ended[5m])
count_over_time(ended[10m])
sum_over_time(load[3m])
avg_over_time(load[3m])
min_over_time(load[3m])
max_over_time(load[3m])
stddev_over_time(load[3m])
stdvar_over_time(load[3m])
last_over_time(ended[20m])
quantile_over_time(0.9, load[5m])
absent_over_time(ended[1m])
absent_over_time(load[1m])
absent(missing{app="shop"})
absent(load)
sum(errors_total)
sum by (app) (errors_total)
sum without (pod) (errors_total)
avg(load) by (app)
min(load)
max by (pod) (load)
count(errors_total)
stddev(load)
stdvar by (app) (load)
topk(2, load)
bottomk(1, load)
load + 1
2 ^ load
-load
load % 7
1 - -1
load > 50
load > bool 50
50 > load
load == load
load + errors_total
load * on (app, pod) errors_total
sum by (app) (load) / on (app) sum by (app) (errors_total)
load / on (app) group_left () sum by (app) (load)
load * on (app) group_left (team) owner
load and errors_total > 100
load or ended
load unless on (app) errors_total{app="shop"}
errors_total > 100 or load
histogram_quantile(0.9, rate(latency_bucket[5m]))
histogram_quantile(0.5, sum by (le) (rate(latency_bucket[5m])))
label_replace(load, "short", "$1-x", "app", "(..).*")
load > errors_total
load >= on (app, pod) errors_total
errors_total > on (app) group_left load{pod="a"}
sort_desc(load)
topk(1, load) by (app)
topk(1, {__name__=~"load|errors_total"}) without (pod)
sum({__name__=~"load|errors_total"})
vector(1) + vector(2)
vector(1)
1 + 2 * 3 ^ 2
(1 + 2) * 3
1 > bool 2
rate(errors_total[5m]) > avg_over_time(errors_total[5m] offset 10m)
sum(rate(errors_total[5m])) by (app) / ignoring (x) sum(rate(errors_total[5m])) by (app)
""".strip().splitlines()


@dataclass(frozen=True)
class Both:
    """The same samples in both; `now` is ns."""

    store: SeriesStore
    upstream: Upstream
    now: int

    def mine(self, query: str) -> dict[Labels, float]:
        result = instant(self.store, "fake", parse_promql(query), self.now)
        if isinstance(result, ScalarResult):
            return {(): result.value}
        return {sample.labels: sample.value for sample in result.samples}

    def theirs(self, query: str) -> dict[Labels, float]:
        data = self.upstream.get("/api/v1/query", query=query, time=str(self.now / SECOND))["data"]
        if data["resultType"] == "scalar":
            return {(): float(data["result"][1])}
        return {labels_of(sample["metric"]): float(sample["value"][1]) for sample in data["result"]}


def course() -> dict[Labels, list[float | None]]:
    """Samples of each series, one each STEP seconds; None ends it for as long as it lasts."""
    chance = random.Random(7)
    made: dict[Labels, list[float | None]] = {}
    for app in ("shop", "till", "web"):
        for pod in ("a", "b"):
            total, load, counter = 0.0, [], []
            for _ in range(SAMPLES):
                total += chance.randint(0, 20)
                counter.append(total)
                load.append(round(chance.uniform(0, 100), 3))
            made[labels(__name__="errors_total", app=app, pod=pod)] = [*counter]
            made[labels(__name__="load", app=app, pod=pod)] = [*load]
        made[labels(__name__="owner", app=app, team=app[0])] = [1.0] * SAMPLES
    made[labels(__name__="reset_total")] = [float(place % 17) for place in range(SAMPLES)]
    made[labels(__name__="ended", app="gone")] = [float(place) if place < 60 else None for place in range(SAMPLES)]
    counts = {"0.1": 0.2, "0.5": 0.7, "1": 0.9, "+Inf": 1.0}
    for bound, share in counts.items():
        made[labels(__name__="latency_bucket", le=bound)] = [share * place * 10 for place in range(SAMPLES)]
    return made


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    now = time.time_ns() // SECOND * SECOND
    store = SeriesStore(RulerDatabase(None))
    written = []
    for series, values in course().items():
        before: float | None = None
        for place, value in enumerate(values):
            at = now - (SAMPLES - place) * STEP * SECOND + 5 * SECOND
            if value is not None:
                store.append("fake", at, {series: value}, [])
            elif before is not None:
                store.append("fake", at, {}, [series])
            if value is not None or before is not None:
                written.append(WrittenSample(series, at, value))
            before = value
    with prometheus(tmp_path_factory.mktemp("agreement") / "prometheus") as upstream:
        answer = upstream.client.post("/api/v1/write", content=encode_write(written), headers=HEADERS)
        assert answer.status_code == 204, answer.text
        yield Both(store, upstream, now)


@pytest.mark.parametrize("query", QUERIES)
def test_both_give_the_same(both: Both, query: str) -> None:
    mine, theirs = both.mine(query), both.theirs(query)
    assert mine.keys() == theirs.keys()
    for series, value in theirs.items():
        assert math.isclose(mine[series], value, rel_tol=1e-9) or (math.isnan(mine[series]) and math.isnan(value))


def test_the_samples_are_such_that_most_queries_find_something(both: Both) -> None:
    assert sum(bool(both.theirs(query)) for query in QUERIES) >= len(QUERIES) - 10
