"""Windows of an instant query that hold whole segments: counted without reading them, and right at every edge."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.engine.duck import Duck
from sigyn.model.errors import QueryError
from sigyn.model.results import MatrixResult, QueryAnswer, VectorResult
from sigyn.model.time import DAY, HOUR, MINUTE, SECOND, YEAR
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings
from tests.store.entries import Row, batch, row

START = 20_000 * DAY
LEVELS = ("info", "error", None)


def entries(segment: int) -> list[Row]:
    """Entries of two streams in three minutes, eight each second; the first and the last at whole minutes."""
    begin = START + segment * HOUR
    times = [begin + place * SECOND // 8 for place in range(3 * 60 * 8 + 1)]
    return [row("ab"[place % 2], time, f"line {place % 10}", LEVELS[place % 3]) for place, time in enumerate(times)]


class Counting:
    """A store with four segments an hour apart, and what it answers."""

    def __init__(self, folder: Path) -> None:
        self.rows = [entry for segment in range(4) for entry in entries(segment)]
        self.loop = asyncio.new_event_loop()
        self.store = Store.open(StoreSettings(data=folder, compaction=False))
        for segment in range(4):
            self.loop.run_until_complete(self.store.append(batch(entries(segment))))
            self.store.compact_now()
        self.duck = Duck(1 << 28, 1, str(folder))
        limits = QueryLimits(max_query_length=0)
        self.queries = QueryService(self.store, self.duck, limits, threads=1, queue=QueueLimits(1))

    def answer(self, query: str, end: int) -> QueryAnswer:
        return self.loop.run_until_complete(self.queries.query_instant(QueryRequest("fake", query, end, end)))

    def counts(self, query: str, end: int) -> dict[str, float]:
        """By the value of the one label that the series have."""
        result = self.answer(query, end).result
        assert isinstance(result, VectorResult)
        return {dict(sample.labels).popitem()[1]: sample.value for sample in result.samples}

    def close(self) -> None:
        self.queries.close()
        self.duck.close()
        self.loop.run_until_complete(self.store.close())
        self.loop.close()


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counting]:
    made = Counting(tmp_path_factory.mktemp("counting"))
    yield made
    made.close()


edges = st.one_of(
    st.sampled_from([segment * HOUR + edge for segment in range(4) for edge in (-1, 0, 1, 3 * MINUTE - 1, 3 * MINUTE)]),
    st.integers(0, 4 * HOUR),
    st.integers(0, 4 * 60).map(lambda minute: minute * MINUTE),
)


@settings(max_examples=150, deadline=None)
@given(one=edges, other=edges, offset=st.sampled_from(("", " offset 7s")))
def test_counts_and_bytes_are_those_of_the_entries(counting: Counting, one: int, other: int, offset: str) -> None:
    begin, end = sorted((START + one, START + other))
    interval = max(end - begin, 1)
    end += 7 * SECOND if offset else 0
    inside = [
        entry for entry in counting.rows if end - interval < entry.timestamp + (7 * SECOND if offset else 0) <= end
    ]
    window = f"[{interval}ns]{offset}"
    assert counting.counts(f"sum by (app) (count_over_time({{app=~'.+'}}{window}))".replace("'", '"'), end) == Counter(
        dict(entry.labels)["app"] for entry in inside
    )
    sizes: Counter[str] = Counter()
    for entry in inside:
        sizes[dict(entry.labels)["app"]] += len(entry.line)
    assert counting.counts(f"sum by (app) (bytes_over_time({{app=~'.+'}}{window}))".replace("'", '"'), end) == sizes
    levels = Counter(entry.level for entry in inside if entry.level is not None)
    found = counting.counts(
        f"sum by (detected_level) (count_over_time({{app=~'.+'}} | detected_level!=`` {window}))".replace("'", '"'), end
    )
    assert found == levels


def test_only_segments_at_the_edges_are_read(counting: Counting) -> None:
    answer = counting.answer('count_over_time({app=~".+"}[150m])', START + 3 * HOUR + 90 * SECOND + 1)
    assert isinstance(answer.result, VectorResult)
    assert answer.statistics.lines_read <= len(entries(0)) + 1


def test_nothing_is_counted_that_is_too_old_to_be_found(counting: Counting) -> None:
    """The window begins on a whole minute, and what may be looked at in the middle of a segment."""
    end = START + 4 * HOUR
    oldest = START + HOUR + MINUTE
    limits = QueryLimits(max_query_length=0, max_query_lookback=HOUR)
    queries = QueryService(
        counting.store, counting.duck, limits, threads=1, queue=QueueLimits(1), clock=lambda: oldest + HOUR
    )
    for window in ("4h", "239m59s"):
        request = QueryRequest("fake", f'sum(count_over_time({{app=~".+"}}[{window}]))', end, end)
        result = counting.loop.run_until_complete(queries.query_instant(request)).result
        assert isinstance(result, VectorResult)
        assert [sample.value for sample in result.samples] == [
            sum(entry.timestamp >= oldest for entry in counting.rows)
        ]
    queries.close()


@pytest.mark.parametrize(
    "query", ['count_over_time({app=~".+"}[WINDOW])', 'max_over_time({app=~".+"} | unwrap n [WINDOW])']
)
def test_windows_reach_back_as_far_as_64_bits_hold(counting: Counting, query: str) -> None:
    def answer(window: str) -> QueryAnswer:
        asked = QueryRequest("fake", query.replace("WINDOW", window), 0, START + DAY, step=YEAR)
        return counting.loop.run_until_complete(counting.queries.query_range(asked))

    with pytest.raises(QueryError, match="more than 292 years before"):
        answer("290y")
    result = answer("230y").result
    assert isinstance(result, MatrixResult)
    if query.startswith("count"):
        assert sum(float(series.values[-1]) for series in result.series) == len(counting.rows)


@pytest.mark.parametrize(
    "query",
    [
        'count_over_time({app=~".+"}[4w])',
        'sum_over_time({app=~".+"} | logfmt | unwrap n [4w])',
        'max_over_time({app=~".+"} | logfmt | unwrap n [4w])',
        'quantile_over_time(0.5, {app=~".+"} | logfmt | unwrap n [4w])',
    ],
)
@pytest.mark.parametrize("steps", [1, 60])
def test_a_window_of_weeks_is_not_too_much_for_many_series(tmp_path: Path, query: str, steps: int) -> None:
    """Each series is as many numbers as there are points, however long the window is and however short the step."""

    async def asked() -> QueryAnswer:
        store = Store.open(StoreSettings(data=tmp_path))
        await store.append(batch([row(f"app-{number}", START + number, "n=1") for number in range(500)]))
        duck = Duck(1 << 28, 1, str(tmp_path))
        queries = QueryService(store, duck, QueryLimits(max_query_length=0), threads=1, queue=QueueLimits(1))
        end = START + DAY
        try:
            if steps == 1:
                return await queries.query_instant(QueryRequest("fake", query, end, end))
            begin = end - (steps - 1) * SECOND
            return await queries.query_range(QueryRequest("fake", query, begin, end, step=SECOND))
        finally:
            queries.close()
            duck.close()
            await store.close()

    result = asyncio.run(asked()).result
    if isinstance(result, VectorResult):
        assert [sample.value for sample in result.samples] == [1.0] * 500
    else:
        assert isinstance(result, MatrixResult)
        assert [series.values.tolist() for series in result.series] == [[1.0] * steps] * 500
