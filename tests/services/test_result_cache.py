"""A range query answered in pieces is, to the last digit, the query computed whole."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.engine.cutting import may_be_cut
from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast, parse, print_query
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import MatrixResult, QueryAnswer
from sigyn.model.time import HOUR, MILLISECOND, MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.services.result_cache.encoding import decode_piece, encode_piece
from sigyn.services.result_cache.lookup import PIECE_STEPS, cut, gaps
from sigyn.services.result_cache.memory import MemoryPieces
from sigyn.services.result_cache.piece import Piece, part_of, side_by_side
from sigyn.store import Content
from tests.engine.agreement_words import streams
from tests.engine.test_agreement import EXAMPLES, START, Row, World, metric_queries, rows, widened

MEBIBYTE = 1 << 20
ALL = 20 * 60


class CachingWorld(World):
    """The world of the agreement tests with services that cache, at a time that the test sets."""

    def __init__(self) -> None:
        super().__init__(compacted=False)
        self.now = START + 24 * HOUR
        self.cache = MemoryPieces(64 * MEBIBYTE)
        self.caching = {strict: self._caching(strict=strict) for strict in (False, True)}
        self.whole = {False: self.lenient, True: self.strict}

    def _caching(self, *, strict: bool, **limits: int) -> QueryService:
        return QueryService(
            self.store,
            self.duck,
            QueryLimits(strict_errors=strict, **{"max_query_series": 0, **limits}),
            threads=1,
            queue=QueueLimits(1),
            cache=self.cache,
            clock=lambda: self.now,
        )

    def ask(self, service: QueryService, request: QueryRequest) -> QueryAnswer:
        return self.loop.run_until_complete(service.query_range(request))

    def close(self) -> None:
        for service in self.caching.values():
            service.close()
        super().close()


@pytest.fixture(scope="module")
def world() -> Iterator[CachingWorld]:
    made = CachingWorld()
    yield made
    made.close()


@dataclass(frozen=True)
class Range:
    """Seconds after START, and seconds after START at which the query is asked."""

    start: int
    end: int
    now: int


ranges = st.builds(
    lambda start, length, now: Range(start, start + length, now),
    st.integers(-400, 1000),
    st.integers(0, 1500),
    st.sampled_from((600, 1260, 24 * 3600)),
)
steps = st.sampled_from((1, 7, 20, 90))
Between = Literal["", "compact", "delete"]
betweens = st.sampled_from(get_args(Between))


def outcome(world: CachingWorld, service: QueryService, request: QueryRequest) -> object:
    """All of an answer that must be the same, or that it is an error."""
    try:
        answer = world.ask(service, request)
    except QueryError:
        return "error"
    assert isinstance(answer.result, MatrixResult)
    points = {
        series.labels: (series.timestamps.tolist(), [value.hex() for value in series.values.tolist()])
        for series in answer.result.series
    }
    assert len(points) == len(answer.result.series)
    left_out = [warning.partition(";")[0] for warning in answer.warnings]  # which is named first is left open
    return points, left_out


def ask_in_turns(
    world: CachingWorld,
    query: str,
    step: int,
    asked: list[Range],
    pushes: list[tuple[list[Labels], list[Row]]],
    *,
    strict: bool,
    between: Between,
) -> None:
    """Asks for one range after the other; entries come between the questions, for any time, and go."""
    tenant = None
    for turn, one in enumerate(asked):
        if turn < len(pushes):
            tenant = world.fill(*pushes[turn], tenant)
        assert tenant is not None
        if between == "compact" and turn % 2:
            world.store.compact_now()
        if between == "delete" and turn % 2:
            middle = START + (one.start + one.end) * SECOND // 2
            world.store.deletions.add(tenant, '{app=~".+"} != "7"', middle - 50 * SECOND, middle)
        world.now = START + one.now * SECOND
        start, end = START + one.start * SECOND, START + one.end * SECOND
        request = QueryRequest(tenant, query, start, end, step=step * SECOND)
        whole = outcome(world, world.whole[strict], request)
        assert outcome(world, world.caching[strict], request) == whole
        assert outcome(world, world.caching[strict], request) == whole


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=streams,
    entries=rows,
    query=metric_queries.map(widened) | metric_queries,
    step=steps,
    asked=st.lists(ranges, min_size=2, max_size=6),
    strict=st.booleans(),
    between=betweens,
)
def test_pieces_of_any_query_are_the_whole(
    world: CachingWorld,
    labels: list[Labels],
    entries: list[Row],
    query: ast.MetricQuery,
    step: int,
    asked: list[Range],
    strict: bool,
    between: Between,
) -> None:
    numbers = sorted({entry.push for entry in entries})
    pushes = [(labels, [entry for entry in entries if entry.push == number]) for number in numbers]
    ask_in_turns(world, print_query(query), step, asked, pushes, strict=strict, between=between)


MANY: list[Labels] = [(("app", name), ("half", (name < "e" and "one") or "two")) for name in "abcdefgh"]


@dataclass(frozen=True)
class Push:
    """Random rows in so many seconds from this one after START on."""

    seed: int
    rows: int
    first: int
    length: int


def rows_of_push(push: Push, *, broken: bool) -> list[Row]:
    """Rows with fractions that add up differently in another order."""
    random = np.random.default_rng(push.seed)
    values = ["0.1", "0.2", "0.3", "1.7", "1e16", "3", "many" if broken else "5"]
    times = np.unique(push.first * 1000 + random.integers(push.length * 1000, size=push.rows))
    return [
        Row(int(random.integers(8)), START + int(time) * MILLISECOND, f"took={random.choice(values)}", None, None, 0)
        for time in times
    ]


pushes = st.builds(Push, st.integers(0, 2**32), st.just(300), st.just(0), st.just(ALL)) | st.builds(
    Push, st.integers(0, 2**32), st.integers(1, 20), st.integers(0, ALL), st.sampled_from((1, 20, 60))
)


def _ranged(operator: str, stages: str, interval: str, offset: str, grouping: str) -> str:
    needs_number = operator.endswith("_over_time") and operator[:5] not in ("count", "bytes", "absen")
    if needs_number or operator == "rate_counter":
        stages += "| logfmt | unwrap took"
    else:
        grouping = ""
    first = "0.7, " if operator.startswith("quantile") else ""
    return f"{operator}({first}{{half=~`.+`}} {stages} [{interval}] {offset}) {grouping}"


ranged = st.builds(
    _ranged,
    st.sampled_from(
        (
            *("rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time", "rate_counter"),
            *("sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time"),
            *("quantile_over_time", "first_over_time", "last_over_time"),
        )
    ),
    st.sampled_from(("", "|= `took=0`", "| logfmt")),
    st.sampled_from(("3s", "30s", "100s", "5m")),
    st.sampled_from(("", "offset 1m", "offset -1m")),
    st.sampled_from(("", "by (half)", "by (app)")),
)
aggregated = st.builds(
    lambda aggregation, inner: aggregation.format(inner),
    st.sampled_from(("{}", "sum({})", "avg by (half) ({})", "stddev({})", "topk(2, {})", "max({})", "count({}) > 3")),
    ranged,
)
usual_queries = aggregated | st.builds("({}) / ({})".format, aggregated, aggregated)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pushed=st.lists(pushes, min_size=1, max_size=4),
    broken=st.booleans(),
    query=usual_queries,
    step=steps,
    asked=st.lists(ranges, min_size=2, max_size=5),
    strict=st.booleans(),
    between=betweens,
)
def test_pieces_of_usual_queries_are_the_whole(
    world: CachingWorld,
    pushed: list[Push],
    broken: bool,
    query: str,
    step: int,
    asked: list[Range],
    strict: bool,
    between: Between,
) -> None:
    filled = [(MANY, rows_of_push(push, broken=broken)) for push in pushed]
    ask_in_turns(world, query, step, asked, filled, strict=strict, between=between)


def entry(second: int, line: str = "status=500", push: int = 0, stream: int = 0) -> Row:
    return Row(stream, START + second * SECOND, line, None, None, push)


LABELS: list[Labels] = [(("app", "shop"),), (("app", "web"),)]


def filled(world: CachingWorld, seconds: Sequence[int] = range(0, ALL, 10)) -> str:
    world.now = START + 24 * HOUR
    return world.fill(LABELS, [entry(second, stream=second % 20 // 10) for second in seconds])


def request(tenant: str, query: str, first: int = 0, last: int = ALL, step: int = 10) -> QueryRequest:
    return QueryRequest(tenant, query, START + first * SECOND, START + last * SECOND, step=step * SECOND)


def test_a_refresh_reads_only_what_is_new(world: CachingWorld) -> None:
    tenant = filled(world)
    service = world.caching[False]
    first = world.ask(service, request(tenant, 'sum(rate({app=~".+"}[1m]))', 0, 900)).statistics
    assert (first.pieces_found, first.lines_read > 0) == (0, True)
    same = world.ask(service, request(tenant, 'sum(rate({app=~".+"}[1m]))', 0, 900)).statistics
    assert same.pieces_found == same.pieces_requested == first.pieces_stored
    assert (same.lines_read, same.segments_read, same.nanoseconds_from_cache) == (0, 0, 910 * SECOND)
    later = world.ask(service, request(tenant, 'sum(rate({app=~".+"}[1m]))', 50, 950)).statistics
    assert later.nanoseconds_from_cache == 860 * SECOND
    assert later.pieces_stored == 1


def test_spelling_does_not_matter(world: CachingWorld) -> None:
    tenant = filled(world)
    world.ask(world.caching[False], request(tenant, 'rate({app="shop"}[1m])'))
    again = world.ask(world.caching[False], request(tenant, 'rate(  {app = "shop"}[60s] )')).statistics
    assert again.pieces_found == again.pieces_requested > 0


def test_the_newest_points_are_computed_anew(world: CachingWorld) -> None:
    tenant = filled(world)
    world.now = START + 900 * SECOND
    for _ in range(2):
        last = world.ask(world.caching[False], request(tenant, 'rate({app="shop"}[1m])')).statistics
    assert last.nanoseconds_from_cache == 850 * SECOND  # up to a minute ago
    assert last.lines_read > 0


@pytest.mark.parametrize("change", ["push", "delete request", "cancelled request", "removal"])
def test_what_changed_is_computed_anew(world: CachingWorld, change: str) -> None:
    tenant = filled(world)
    query = request(tenant, 'count_over_time({app="shop"}[1m])')
    world.ask(world.caching[False], query)
    if change == "push":
        world.fill(LABELS, [entry(905)], tenant)
    else:
        deletions = world.store.deletions
        deleted = deletions.add(tenant, '{app="shop"}', START + 100 * SECOND, START + 200 * SECOND)
        if change == "cancelled request":
            world.ask(world.caching[False], query)
            deletions.cancel(tenant, deleted.id)
        if change == "removal":
            world.store.compact_now()
    statistics = world.ask(world.caching[False], query).statistics
    found = statistics.pieces_requested - statistics.pieces_found
    assert found == (1 if change == "push" else statistics.pieces_requested)
    assert outcome(world, world.caching[False], query) == outcome(world, world.lenient, query)


def test_compaction_leaves_pieces_as_they_are(world: CachingWorld) -> None:
    tenant = filled(world, range(0, 600, 10))
    query = request(tenant, 'count_over_time({app="shop"}[1m])', 0, 600)
    world.ask(world.caching[False], query)
    world.fill(LABELS, [entry(1100)], tenant)
    world.store.compact_now()
    statistics = world.ask(world.caching[False], query).statistics
    assert statistics.pieces_found == statistics.pieces_requested


def test_an_answer_with_a_warning_is_not_kept(world: CachingWorld) -> None:
    tenant = filled(world)
    world.fill(LABELS, [entry(300, "status=words")], tenant)
    query = request(tenant, 'quantile_over_time(0.5, {app="shop"} | logfmt | unwrap status [1m])')
    for _ in range(2):
        answer = world.ask(world.caching[False], query)
        assert "1 entries that a stage could not read" in answer.warnings[0]
        assert answer.statistics.pieces_found == answer.statistics.pieces_stored == 0


def test_tenants_share_nothing(world: CachingWorld) -> None:
    one, other = filled(world), world.fill(LABELS, [entry(100)])
    world.ask(world.caching[False], request(one, 'count_over_time({app="shop"}[1m])'))
    answer = world.ask(world.caching[False], request(other, 'count_over_time({app="shop"}[1m])'))
    assert answer.statistics.pieces_found == 0
    assert isinstance(answer.result, MatrixResult)
    assert {value for series in answer.result.series for value in series.values.tolist()} == {1.0}


def test_answers_of_several_tenants_take_no_room(world: CachingWorld) -> None:
    tenants = f"{filled(world)}|{filled(world)}"
    before = world.cache.counters.stored
    answer = world.ask(world.caching[False], request(tenants, 'sum(count_over_time({app="shop"}[1m]))'))
    assert answer.statistics.pieces_stored == 0
    assert world.cache.counters.stored == before


def test_the_limit_of_series_is_that_of_the_whole_answer(world: CachingWorld) -> None:
    """The largest series differ from piece to piece."""
    labels: list[Labels] = [(("app", name),) for name in ("a", "b", "c")]
    counts = [(0, 50, 3), (1, 650, 2), (2, 1100, 5)]
    entries = [entry(second + n, stream=stream) for stream, second, count in counts for n in range(count)]
    tenant = world.fill(labels, entries)
    world.now = START + 24 * HOUR
    limited = world._caching(strict=False, max_query_series=2)
    query = request(tenant, "count_over_time({app=~`.+`}[1m])")
    for found in (0, None):
        answer = world.ask(limited, query)
        assert isinstance(answer.result, MatrixResult)
        assert [series.labels for series in answer.result.series] == [labels[0], labels[2]]
        assert "the 2 largest of 3 series" in answer.warnings[0]
        assert answer.statistics.pieces_found == (answer.statistics.pieces_requested if found is None else found)


@pytest.mark.parametrize(
    ("query", "cut_up"),
    [
        ("sum by (a) (rate({a=`b`}[1m]))", True),
        ("topk(3, count_over_time({a=`b`} | json [1m] offset 1d))", True),
        ("quantile_over_time(0.9, {a=`b`} | json | unwrap took [1m])", True),
        ("absent_over_time({a=`b`}[1m])", True),
        ("rate({a=`b`} |= `x` [10s])", True),
        ("rate({a=`b`} | json [10s])", False),
        ("sum_over_time({a=`b`} | json | unwrap took [1m])", False),
        ("rate({a=`b`}[1m]) / avg_over_time({a=`b`} | json | unwrap took [1m])", False),
        ("rate({a=`b`} | user in ({a=`b`} | json | fields user) [1m])", False),
        ("vector(1)", False),
    ],
)
def test_what_may_be_cut(query: str, cut_up: bool) -> None:
    parsed = parse(query)
    assert not isinstance(parsed, ast.LogQuery | ast.PipedQuery | ast.Let)
    assert may_be_cut(parsed, MINUTE) == cut_up


grids = st.builds(
    lambda first, steps, step: StepGrid(first * step, (first + steps) * step, step),
    st.integers(-1000, 1000),
    st.integers(0, 500),
    st.integers(1, 10**12),
)


@given(grid=grids, chosen=st.sets(st.integers(0, 20)))
def test_parts_and_gaps_fill_a_grid(grid: StepGrid, chosen: set[int]) -> None:
    parts = list(cut(grid))
    assert [time for part in parts for time in part.times.tolist()] == grid.times.tolist()
    assert all(len(part) <= PIECE_STEPS for part in parts)
    known = [part for number, part in enumerate(parts) if number in chosen]
    everything = [time for part in [*known, *gaps(grid, known)] for time in part.times.tolist()]
    assert sorted(everything) == grid.times.tolist()


blocks = st.builds(
    lambda labels, steps, seed: _block(labels, steps, seed),
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), max_size=4),
    st.integers(1, 200),
    st.integers(0, 2**32),
)


def _block(labels: list[dict[str, str]], steps: int, seed: int) -> SeriesBlock:
    random = np.random.default_rng(seed)
    unique = sorted({tuple(sorted(each.items())) for each in labels})
    shape = (len(unique), steps)
    values = random.choice([0.0, -0.0, 0.1, np.nan, np.inf, 1e300], shape)
    return SeriesBlock(unique, values, random.random(shape) < 0.7).compact()


def same(one: SeriesBlock, other: SeriesBlock) -> bool:
    return (
        one.labels == other.labels
        and np.array_equal(one.present, other.present)
        and one.values[one.present].tobytes() == other.values[other.present].tobytes()
    )


@given(block=blocks)
def test_a_block_is_cut_and_put_together_again(block: SeriesBlock) -> None:
    grid = StepGrid(0, (block.steps - 1) * SECOND, SECOND)
    parts = [(part, part_of(block, grid, part)) for part in cut(grid)]
    assert same(side_by_side(parts, grid), block)


@given(block=blocks, content=st.builds(Content, st.integers(0, 2**62), st.integers(0, 2**62)))
def test_pieces_are_read_back_as_they_were(block: SeriesBlock, content: Content) -> None:
    piece = Piece(StepGrid(7 * SECOND, (6 + block.steps) * SECOND, SECOND), block, content)
    read = decode_piece(encode_piece(piece))
    assert (read.grid, read.content) == (piece.grid, piece.content)
    assert same(read.block, piece.block)


@given(data=st.binary(max_size=60), place=st.integers(0, 500), change=st.integers(1, 255))
def test_other_bytes_are_no_piece(data: bytes, place: int, change: int) -> None:
    block = SeriesBlock([(("a", "b"),)], np.arange(50.0).reshape(1, 50), np.ones((1, 50), np.bool_))
    good = bytearray(encode_piece(Piece(StepGrid(0, 49, 1), block, Content(1, 0))))
    with pytest.raises(ValueError, match=r".*"):
        decode_piece(data)
    good[place % len(good)] ^= change
    with contextlib.suppress(ValueError):  # a changed value is a value; nothing else may be raised
        decode_piece(bytes(good))


def test_memory_is_bounded_and_keeps_what_is_asked_for() -> None:
    block = SeriesBlock([()], np.zeros((1, 1000)), np.ones((1, 1000), np.bool_))
    piece = Piece(StepGrid(0, 999, 1), block, Content(0, 0))
    cache = MemoryPieces(3 * piece.bytes)
    for name in "abc":
        cache.put({name: piece})
    cache.get(["a"])
    cache.put({"d": piece})
    assert set(cache.get(["a", "b", "c", "d"])) == {"a", "c", "d"}
    assert cache.counters.bytes == 3 * piece.bytes
    assert cache.counters.evicted == 1
    small = MemoryPieces(piece.bytes - 1)
    small.put({"a": piece})
    assert not small.get(["a"])
