"""What a query does not read: row groups without the needle, entries whose counts are known, lines held in columns."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from sigyn.engine.explain_text import explanation_text
from sigyn.engine.totals import StreamTotals
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.errors import QueryError
from sigyn.model.labels import labels_of
from sigyn.model.results import LogResult, MatrixResult, QueryAnswer, VectorResult
from sigyn.model.time import MINUTE, SECOND
from sigyn.services.query import QueryRequest
from tests.services.asked_store import AskedStore

START = 1_768_471_200 * SECOND  # on a whole minute
COUNT = 40_000
STREAMS = tuple(labels_of({"app": "shop", "level": level}) for level in ("error", "info"))
SPAN = COUNT * 10_000_000


def line(number: int) -> str:
    return json.dumps(
        {"trace": f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}", "user": f"u{number % 5000}", "ms": number / 4},
        separators=(",", ":"),
    )


class Shop(AskedStore):
    """A store with compacted entries, and questions to it."""

    def __init__(self, data: Path) -> None:
        entries = pa.table(
            {
                "stream": [number % 2 for number in range(COUNT)],
                "timestamp": [START + number * 10_000_000 for number in range(COUNT)],
                "line": [line(number) for number in range(COUNT)],
                "detected_level": ["error" if number % 2 == 0 else "info" for number in range(COUNT)],
                "metadata": pa.nulls(COUNT, pa.string()),
            },
            ENTRY_SCHEMA,
        )
        super().__init__(data, Batch("t", STREAMS, entries))

    def ask(self, query: str, step: int | None = None, start: int = START) -> QueryAnswer:
        request = QueryRequest("t", query, start, START + SPAN, step=step)
        return self.loop.run_until_complete(self.queries.query_range(request))

    def explain(self, query: str) -> str:
        request = QueryRequest("t", query, START, START + SPAN, step=MINUTE)
        return explanation_text(self.loop.run_until_complete(self.queries.explain(request)))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop"))
    yield made
    made.close()


def counted(data: Path, lines: list[str], by: str, stages: str, *, compacted: bool = True) -> dict[str, float]:
    """How many of some lines a pipeline leaves, by a label; no line may need the interpreter."""
    entries = pa.table(
        {
            "stream": [0] * len(lines),
            "timestamp": [START + number for number in range(len(lines))],
            "line": lines,
            "detected_level": pa.nulls(len(lines), pa.string()),
            "metadata": pa.nulls(len(lines), pa.string()),
        },
        ENTRY_SCHEMA,
    )
    store = AskedStore(data, Batch("t", STREAMS[:1], entries), compacted=compacted)
    query = f'sum by ({by}) (count_over_time({{app="shop"}} {stages} [5m]))'
    request = QueryRequest("t", query, START, START + MINUTE, step=MINUTE)
    answer = store.loop.run_until_complete(store.queries.query_range(request))
    store.close()
    assert isinstance(answer.result, MatrixResult)
    assert answer.statistics.lines_interpreted == 0
    return {dict(each.labels)[by]: each.values.tolist()[-1] for each in answer.result.series}


@pytest.mark.parametrize("kind", ["json", "logfmt"])
def test_values_with_escapes_need_no_interpreter(tmp_path: Path, kind: str) -> None:
    said = [f'said "{number % 3}"\n' for number in range(6000)]
    shape = '{"msg":%s,"n":%d}' if kind == "json" else "msg=%s n=%d"
    lines = [shape % (json.dumps(text), number) for number, text in enumerate(said)]
    found = counted(tmp_path, lines, "msg", f'| {kind} | msg!~".*2.*"')
    assert found == {'said "0"\n': 2000, 'said "1"\n': 2000}


@pytest.mark.parametrize("compacted", [True, False])
@pytest.mark.parametrize(
    ("shape", "by", "stages"),
    [
        ('{"größe":%d,"msg":"zu groß","2xx":1}', "gr__e", "| json"),
        ('{"2xx":%d,"größe":1}', "_2xx", '| json | gr__e="1"'),
        ('{"http":{"2xx":%d},"имя":"x"}', "http_2xx", "| json"),
        ('{"http":{"2xx":%d},"имя":"x"}', "n", '| json n="http[\\"2xx\\"]", name="[\\"имя\\"]" | name="x"'),
        ('{"items":[{"a":1},{"id":%d,"x":[0,[]]}],"n":2}', "n", '| json n="items[1].id", x="items[1].x[1]" | x="[]"'),
        ("größe=%d 2xx=1", "gr__e", '| logfmt | _2xx="1"'),
        ("größe=%d 2xx=1", "n", '| logfmt n="größe"'),
    ],
)
def test_keys_of_any_letters_and_places_in_arrays_need_no_interpreter(
    tmp_path: Path, shape: str, by: str, stages: str, compacted: bool
) -> None:
    lines = [shape % (number % 3) for number in range(6000)]
    assert counted(tmp_path, lines, by, stages, compacted=compacted) == {"0": 2000, "1": 2000, "2": 2000}


def lines_of(answer: QueryAnswer) -> list[str]:
    assert isinstance(answer.result, LogResult)
    return [entry.line for entry in answer.result.entries]


@pytest.mark.parametrize(
    "query", ['{app="shop"} |= "%s"', '{app="shop"} | json | trace="%s"', '{app="shop"} |~ "%s\\""']
)
def test_a_needle_is_looked_for_where_it_can_be(shop: Shop, query: str) -> None:
    wanted = line(31_337)
    answer = shop.ask(query % json.loads(wanted)["trace"])
    assert lines_of(answer) == [wanted]
    assert answer.statistics.row_groups_read == 1
    assert answer.statistics.row_groups_total > 4


def test_a_needle_that_is_nowhere_costs_no_entry(shop: Shop) -> None:
    answer = shop.ask('{app="shop"} |= "00000000deadbeef00000000deadbeef"')
    assert lines_of(answer) == []
    assert answer.statistics.lines_read == 0


def test_a_short_field_is_a_needle_too(shop: Shop) -> None:
    assert shop.ask('{app="shop"} | json | user="u99999"').statistics.lines_read == 0
    found = lines_of(shop.ask('{app="shop"} | json | user="u4711"'))
    assert found == [line(number) for number in range(COUNT - 289, 0, -5000)]


@pytest.mark.parametrize("by", ["level", "app", "detected_level", "level, detected_level"])
@pytest.mark.parametrize("counted", ["count_over_time", "rate", "bytes_over_time", "bytes_rate"])
def test_counts_are_known_without_entries(shop: Shop, by: str, counted: str) -> None:
    known = shop.ask(f'sum by ({by}) ({counted}({{app="shop"}}[5m]))', step=MINUTE)
    counted_out = shop.ask(f'sum by ({by}) ({counted}({{app="shop"}} |= "" [5m]))', step=MINUTE)
    assert known.statistics.lines_read == 0
    assert counted_out.statistics.lines_read > 0
    assert isinstance(known.result, MatrixResult)
    assert isinstance(counted_out.result, MatrixResult)
    for one, other in zip(known.result.series, counted_out.result.series, strict=True):
        assert one.labels == other.labels
        assert one.values.tolist() == pytest.approx(other.values.tolist())


def test_the_log_volume_that_grafana_asks_for_is_known_too(shop: Shop) -> None:
    volume = 'sum by (level, detected_level) (count_over_time({{app="shop"}}{} [5m]))'
    dropping = shop.ask(volume.format(" | drop __error__"), step=MINUTE)
    assert dropping.statistics.lines_read == 0
    plain = shop.ask(volume.format(""), step=MINUTE)
    assert isinstance(dropping.result, MatrixResult)
    assert isinstance(plain.result, MatrixResult)
    assert [series.labels for series in dropping.result.series] == [series.labels for series in plain.result.series]
    for one, other in zip(dropping.result.series, plain.result.series, strict=True):
        assert one.values.tolist() == other.values.tolist()


@pytest.mark.parametrize(
    "stages",
    [
        "| json | drop __error__",
        "| json | label_format u=`{{ .user | upper }}` | u=`U4711`",
        '| json | line_format `{{ if eq .user "u4711" }}a{{ else }}{{ __line__ }}{{ end }}` |= `a`',
        '| regexp `"user":"(?P<user>u[0-9]+)` | user=`u4711`',
        '|> `<_>"user":"u4711"<_>`',
        '|= ip("10.0.0.0/8")',
        "| decolorize",
        "| json | level_extracted=``",
    ],
)
def test_stages_that_need_no_interpreter(shop: Shop, stages: str) -> None:
    query = f'sum by (level) (count_over_time({{app="shop"}} {stages} [5m]))'
    plan = shop.explain(query)
    assert "interpreter" not in plan
    assert shop.ask(query, step=MINUTE).statistics.lines_interpreted == 0


@pytest.mark.parametrize("expression", ["u4[0-9]?1|u.", "", ".*", "(?i)U77.*", "u7"])
def test_an_expression_over_many_texts_takes_whole_values(shop: Shop, expression: str) -> None:
    wanted = sum(re.fullmatch(expression, f"u{number % 5000}") is not None for number in range(COUNT))
    for operator, expected in (("=~", wanted), ("!~", COUNT - wanted)):
        query = f'sum(count_over_time({{app="shop"}} | json | user{operator}`{expression}` [{SPAN}ns]))'
        request = QueryRequest("t", query, START + SPAN - 1, START + SPAN - 1)
        answer = shop.loop.run_until_complete(shop.queries.query_instant(request))
        assert isinstance(answer.result, VectorResult)
        assert sum(sample.value for sample in answer.result.samples) == expected
        assert answer.statistics.lines_interpreted == 0


def test_users_are_counted_without_a_series_of_each_entry(shop: Shop) -> None:
    query = f'count(count by (user) (count_over_time({{app="shop"}} | json [{SPAN}ns])))'
    request = QueryRequest("t", query, START + SPAN - 1, START + SPAN - 1)
    answer = shop.loop.run_until_complete(shop.queries.query_instant(request))
    assert isinstance(answer.result, VectorResult)
    assert [sample.value for sample in answer.result.samples] == [5000]
    assert answer.statistics.lines_interpreted == 0
    assert "count_over_time by (user)" in shop.explain(query)


def test_a_template_that_asks_the_time_goes_through_the_interpreter(shop: Shop) -> None:
    plan = shop.explain('sum by (t) (count_over_time({app="shop"} | label_format t=`{{ __timestamp__ }}` [5m]))')
    assert "a template that asks for more than single labels" in plan


def test_windows_that_end_between_minutes_are_counted_out(shop: Shop) -> None:
    answer = shop.ask('sum(count_over_time({app="shop"}[90s]))', step=45 * SECOND)
    assert answer.statistics.lines_read > 0


def test_the_plan_says_what_is_known(shop: Shop) -> None:
    assert "1 segments answer by their counts and are not read" in shop.explain('sum(rate({app="shop"}[5m]))')
    without_errors = shop.explain('sum by (app) (rate({app="shop"} | json | __error__="" [5m]))')
    assert "1 segments answer by their counts and are not read" in without_errors
    plan = shop.explain('{app="shop"} | json | user="u4711"')
    assert "are in segments that hold their fields as columns" in plan


def test_counts_by_step_come_in_parts_and_have_a_bound(shop: Shop) -> None:
    def totals(step: int) -> StreamTotals:
        return shop.loop.run_until_complete(shop.queries.stream_totals("t", START, START + SPAN, '{app="shop"}', step))

    fine = totals(SPAN // 700_000)  # more than is computed at once
    assert fine.entries.sum() == totals(SPAN).entries.sum() == COUNT
    assert {fine.labels[place] for place in fine.streams.tolist()} == set(STREAMS)
    with pytest.raises(QueryError, match="ask for a larger step"):
        totals(1)
