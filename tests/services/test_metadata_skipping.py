"""Structured metadata: what is known of them without an entry, and which row groups they are not in."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.results import LogResult, MatrixResult, QueryAnswer
from sigyn.model.time import MINUTE
from sigyn.services.query import QueryRequest
from tests.services.asked_store import AskedStore

START = 1_768_471_200 * 10**9  # on a whole minute
COUNT = 40_000
SPAN = COUNT * 10_000_000
STREAMS = (labels_of({"app": "shop"}), labels_of({"app": "shop", "level": "error"}))


def trace(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}"


def metadata(number: int) -> dict[str, str]:
    found = {"pod": f"shop-{number % 20}", "trace_id": trace(number), "user": f"u{number % 5000}"}
    return {**found, "took": f"{number % 90}ms"} if number % 3 == 0 else found


class Traced(AskedStore):
    """A store of lines of text with metadata, and questions to it."""

    def __init__(self, data: Path | None, *, compacted: bool) -> None:
        entries = pa.table(
            {
                "stream": [number % 2 for number in range(COUNT)],
                "timestamp": [START + number * 10_000_000 for number in range(COUNT)],
                "line": [f"opened C:\\shop\\{number}" for number in range(COUNT)],
                "detected_level": [("error", "info")[number % 2] for number in range(COUNT)],
                "metadata": [msgspec.json.encode(metadata(number)).decode() for number in range(COUNT)],
            },
            ENTRY_SCHEMA,
        )
        super().__init__(data, Batch("t", STREAMS, entries), compacted=compacted)

    def ask(self, query: str, step: int | None = None) -> QueryAnswer:
        request = QueryRequest("t", query, START, START + SPAN, step=step, limit=5000)
        return self.loop.run_until_complete(self.queries.query_range(request))

    def count(self, query: str) -> tuple[dict[tuple[tuple[str, str], ...], float], int]:
        """What each series sums up to over all steps, and how many lines were read for it."""
        answer = self.ask(query, step=MINUTE)
        assert isinstance(answer.result, MatrixResult)
        return {each.labels: float(each.values.sum()) for each in answer.result.series}, answer.statistics.lines_read


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    made = Traced(tmp_path_factory.mktemp("traced"), compacted=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def arrived() -> Iterator[Traced]:
    made = Traced(None, compacted=False)
    yield made
    made.close()


VOLUMES = (
    'sum by (level, detected_level) (count_over_time({app="shop"} | drop __error__ [1m]))',
    'sum by (detected_level) (bytes_over_time({app="shop"}[1m]))',
    'sum(count_over_time({app="shop"}[1m]))',
)


@pytest.mark.parametrize("query", VOLUMES)
def test_the_log_volume_is_known_though_entries_have_metadata(traced: Traced, arrived: Traced, query: str) -> None:
    known, lines_read = traced.count(query)
    assert lines_read == 0
    counted, _ = arrived.count(query)
    assert known == counted
    assert known


@pytest.mark.parametrize(
    "query",
    [
        'sum by (pod) (count_over_time({app="shop"}[1m]))',
        'sum without (trace_id, user, took) (count_over_time({app="shop"}[1m]))',
        'sum by (app_extracted, pod) (count_over_time({app="shop"} | took="6ms" [1m]))',
        'sum by (pod) (count_over_time({app="shop"} | user=~"u1.." [1m]))',
        'sum by (pod) (sum_over_time({app="shop"} | unwrap duration(took) [1m]))',
        'sum by (took) (count_over_time({app="shop"} | took > 80ms [1m]))',
        'sum by (pod) (count_over_time({app="shop"} | drop trace_id, pod="shop-3" [1m]))',
        'sum by (p) (count_over_time({app="shop"} | label_format p=`{{ .pod | upper }}` [1m]))',
        'sum by (pod) (count_over_time({app="shop"} | pattern "opened <_>\\\\<pod>\\\\<_>" [1m]))',
    ],
)
def test_columns_of_metadata_tell_what_their_text_does(traced: Traced, arrived: Traced, query: str) -> None:
    of_columns, lines_read = traced.count(query)
    assert lines_read > 0
    of_text, _ = arrived.count(query)
    assert of_columns.keys() == of_text.keys()
    assert [*of_columns.values()] == pytest.approx([*of_text.values()])
    assert of_columns


def test_an_id_is_looked_for_where_it_can_be(traced: Traced) -> None:
    answer = traced.ask(f'{{app="shop"}} | trace_id="{trace(31_337)}"')
    assert isinstance(answer.result, LogResult)
    assert [entry.line for entry in answer.result.entries] == ["opened C:\\shop\\31337"]
    assert answer.statistics.row_groups_read == 1
    assert answer.statistics.row_groups_total > 4


@pytest.mark.parametrize("stage", ['trace_id="00000000deadbeef00000000deadbeef"', 'user="nobody"', 'absent="x"'])
def test_what_no_entry_has_costs_none(traced: Traced, stage: str) -> None:
    answer = traced.ask(f'{{app="shop"}} | {stage}')
    assert isinstance(answer.result, LogResult)
    assert not answer.result.entries
    assert answer.statistics.lines_read == 0
