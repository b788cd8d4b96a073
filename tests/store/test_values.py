"""Numbers and flags of columns without Arrow's kernels, against those."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.store.shapes.values import integers_of, stored_integers, valid_rows

KINDS = (pa.int8(), pa.int16(), pa.int32(), pa.int64())


@given(
    st.lists(st.none() | st.integers(-128, 127), max_size=40),
    st.sampled_from(KINDS),
    st.integers(0, 20),
    st.integers(0, 40),
)
def test_integers_and_who_has_one_are_as_arrow_says(
    values: list[int | None], kind: pa.DataType, begin: int, length: int
) -> None:
    column = pa.array(values, kind).slice(begin, length)
    assert integers_of(column).tolist() == column.fill_null(0).to_pylist()
    assert valid_rows(column).tolist() == column.is_valid().to_pylist()
    held = valid_rows(column)
    assert stored_integers(column)[held].tolist() == column.drop_null().to_pylist()


@given(st.lists(st.none() | st.text(max_size=3), max_size=40), st.integers(0, 20))
def test_texts_and_codes_have_a_value_where_arrow_says(values: list[str | None], begin: int) -> None:
    texts = pa.array(values, pa.string())
    for column in (texts, texts.dictionary_encode()):
        rows = column.slice(begin)
        assert valid_rows(rows).tolist() == rows.is_valid().to_pylist()


@pytest.mark.parametrize("kind", [*KINDS, pa.string(), pa.null(), pa.binary(8)])
@pytest.mark.parametrize("rows", [0, 1, 9, 1000])
def test_nobody_has_a_value_in_a_column_of_nulls(kind: pa.DataType, rows: int) -> None:
    assert valid_rows(pa.nulls(rows, kind)).tolist() == [False] * rows
