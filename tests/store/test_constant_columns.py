"""What the footer says of columns is what reading them would give."""

import msgspec
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sigyn.store.constant_columns import ColumnConstants, Constants, ConstantsFound

KINDS = {
    "level": pa.dictionary(pa.int32(), pa.string()),
    "shape": pa.int32(),
    "stack": pa.string(),
    "id": pa.binary(2),
}
groups = st.lists(
    st.fixed_dictionaries(
        {
            "level": st.lists(st.sampled_from(("info", "error", None)), min_size=2, max_size=2),
            "shape": st.lists(st.sampled_from((-1, 3)), min_size=2, max_size=2),
            "stack": st.lists(st.sampled_from(("at", "in", None)), min_size=2, max_size=2),
            "id": st.lists(st.sampled_from((b"\x01\xff", None)), min_size=2, max_size=2),
        }
    ),
    min_size=1,
    max_size=6,
)


@given(groups, st.data())
def test_a_column_that_need_not_be_read_is_what_reading_gives(
    written: list[dict[str, list[str | bytes | int | None]]], data: st.DataObject
) -> None:
    found = ConstantsFound()
    for group in written:
        found.add({name: pa.array(values, KINDS[name]) for name, values in group.items()})
    constants = msgspec.json.decode(msgspec.json.encode(found.found()), type=Constants)
    asked = data.draw(st.lists(st.integers(0, len(written) - 1), min_size=1, unique=True))
    for name, kind in KINDS.items():
        values = [value for number in asked for value in written[number][name]]
        known = constants[name].column(asked, [2] * len(asked), kind) if name in constants else None
        constant = [len(set(written[number][name])) == 1 for number in asked]
        if known is None:
            assert not all(constant) or name == "id"
        else:
            assert known.type == kind
            assert known.to_pylist() == values


def test_a_group_that_varies_has_to_be_read() -> None:
    constants = ColumnConstants(("info",), (0, -1))
    assert constants.column([1], [5], pa.string()) is None
    assert constants.column([0, 1], [5, 5], pa.string()) is None
    assert constants.column([0], [3], pa.string()).to_pylist() == ["info"] * 3


def test_nothing_is_known_of_texts_that_differ() -> None:
    found = ConstantsFound()
    found.add({"line": pa.array(["a", "b", "a"]), "shape": pa.array(np.array([1, 2, 1], np.int32))})
    assert found.found() == {}


def test_a_long_text_stays_out_of_the_footer() -> None:
    found = ConstantsFound()
    found.add({"line": pa.array(["a long line " * 1000] * 3)})
    assert found.found() == {}
