"""A parser looks at lines of another syntax too, and what it finds there no column tells."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from sigyn.engine.duck import Duck
from sigyn.model.results import LogResult
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings
from tests.store.entries import batch, row

ROWS = 20_000  # three row groups


def line(number: int) -> str:
    """JSON with logfmt in a text, JSON with fields, or logfmt; in the first row group no field is `user`."""
    user = f"u{number % 50}"
    if number < 9_000 or number % 3 == 0:
        return f'{{"msg":"hello user={user} bye","n":{number}}}'
    return f'{{"user":"{user}","n":{number}}}' if number % 3 == 1 else f'msg="to {user}" user={user} n={number}'


def answer(store: Store, duck: Duck, query: str, limit: int) -> list[tuple[int, str]]:
    service = QueryService(store, duck, QueryLimits(), threads=1, queue=QueueLimits(1))
    found = asyncio.run(service.query_range(QueryRequest("fake", query, 0, ROWS, None, limit, direction="forward")))
    assert isinstance(found.result, LogResult)
    return [(entry.timestamp, entry.line) for entry in found.result.entries]


@pytest.fixture(scope="module", params=["memory", "folder"])
def compacted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("store") if request.param == "folder" else None  # few entries are read otherwise
    store = Store.open(StoreSettings(data=folder, compaction=False))
    asyncio.run(store.append(batch(row("a", number, line(number), "info") for number in range(ROWS))))
    store.compact_now()
    yield store
    asyncio.run(store.close())


@pytest.mark.parametrize("limit", [20, ROWS])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('{app="a"} | logfmt | user="u7"', lambda text: "user=u7 " in text),
        ('{app="a"} | json | user="u7"', lambda text: '"user":"u7"' in text),
        ('{app="a"} | json | logfmt | user="u7"', lambda text: "user=u7 " in text or '"user":"u7"' in text),
    ],
)
def test_a_field_in_a_line_of_another_syntax_is_found(
    compacted: Store, tmp_path: object, query: str, found: Callable[[str], bool], limit: int
) -> None:
    expected = [(number, line(number)) for number in range(ROWS) if found(line(number))]
    assert answer(compacted, Duck(1 << 28, 1, str(tmp_path)), query, limit) == expected[:limit]
