"""Entries are gathered in their order, from pieces with streams of their own."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.model.labels import labels_of
from sigyn.store.gathering import GatheredEntries

SHOP, BANK = labels_of({"app": "shop"}), labels_of({"app": "bank"})


def entries(*rows: tuple[int, int, str, str | None, str | None]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 5
    return pa.table([pa.array(list(c), f.type) for c, f in zip(columns, ENTRY_SCHEMA, strict=True)], ENTRY_SCHEMA)


@pytest.mark.parametrize("room", [0, 1, 1000])
def test_pieces_become_one_table(room: int) -> None:
    gathered = GatheredEntries(room)
    gathered.add(
        [SHOP, BANK], [entries((1, 10, "one", "info", None)), entries(), entries((0, 11, "zwei ß", None, '{"k":"v"}'))]
    )
    long = "x" * 5000
    gathered.add([SHOP], [entries((0, 12, "", None, None), (0, 13, long, "warn", None)).slice(1)])
    labels, table = gathered.take()
    assert labels == [BANK, SHOP]
    assert table.schema == ENTRY_SCHEMA
    assert all(column.num_chunks == 1 for column in table.columns)
    table.validate(full=True)
    assert table.to_pydict() == {
        "stream": [0, 1, 1],
        "timestamp": [10, 11, 13],
        "line": ["one", "zwei ß", long],
        "detected_level": ["info", None, "warn"],
        "metadata": [None, '{"k":"v"}', None],
    }


def test_of_a_segment_that_turns_out_to_be_lost_nothing_stays() -> None:
    def breaking() -> Iterator[pa.Table]:
        yield entries((0, 2, "lost", None, '{"a":"b"}'))
        raise OSError("gone")

    gathered = GatheredEntries(100)
    gathered.add([SHOP], [entries((0, 1, "kept", None, None))])
    with pytest.raises(OSError, match="gone"):
        gathered.add([SHOP], breaking())
    gathered.add([SHOP], [entries((0, 3, "kept too", None, None))])
    _, table = gathered.take()
    assert table["line"].to_pylist() == ["kept", "kept too"]
    assert table["timestamp"].to_pylist() == [1, 3]
    assert table["metadata"].null_count == 2


def test_nothing_is_a_table_too() -> None:
    labels, table = GatheredEntries(0).take()
    assert (labels, len(table)) == ([], 0)
