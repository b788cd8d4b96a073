"""Label sets as columns are the sets that they stand for, and numbered alike."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.engine.label_columns import LabelColumns, numbered_labels
from sigyn.model.labels import Labels, labels_of

STREAMS = [(), labels_of({"app": "a"}), labels_of({"app": "b", "zone": "z"})]
NAMES = st.lists(st.sampled_from(["addr", "user"]), unique=True, max_size=2)
SIZES = st.sampled_from([0, 1, 3, 700])
"""Below and above what is compared as columns."""


def as_columns(names: Sequence[str], size: int, seed: int) -> LabelColumns:
    random = np.random.default_rng(seed)
    streams = [STREAMS[place] for place in random.permutation(len(STREAMS))]
    texts = {}
    for name in names:
        dictionary = [str(number) if number else "" for number in random.integers(0, 40, 30)]  # some come twice
        codes = random.integers(0, 31, size)
        indices = pa.array(codes, pa.int32(), mask=codes == 30)
        texts[name] = pa.DictionaryArray.from_arrays(indices, pa.array(dictionary, pa.string()))
    return LabelColumns(streams, random.integers(0, len(streams), size), texts)


def sets_of(columns: LabelColumns) -> list[Labels]:
    found = []
    for place, stream in enumerate(columns.stream_of.tolist()):
        texts = {name: column[place].as_py() or "" for name, column in columns.texts.items()}
        found.append(labels_of(dict(columns.streams[stream]) | texts))
    return found


@given(st.lists(st.tuples(NAMES, SIZES, st.integers(0, 2**32), st.booleans()), min_size=1, max_size=4))
def test_each_set_is_found_again_by_its_number(drawn: list[tuple[list[str], int, int, bool]]) -> None:
    columns = [as_columns(names, size, seed) for names, size, seed, _ in drawn]
    expected = [sets_of(each) for each in columns]
    pieces = [each if is_kept else list(each) for each, (*_, is_kept) in zip(columns, drawn, strict=True)]
    distinct, places = numbered_labels(pieces)
    sets = list(distinct)
    assert len(set(sets)) == len(sets) == len(distinct)
    assert [[sets[place] for place in own.tolist()] for own in places] == expected
    assert set(sets) == {one for each in expected for one in each}


@pytest.mark.parametrize("size", [3, 2000])
def test_numbers_are_in_the_order_in_which_sets_first_come(size: int) -> None:
    pieces = [as_columns(["user"], size, 1), as_columns(["user"], size, 2)]
    distinct, _ = numbered_labels(pieces)
    assert list(distinct) == list(dict.fromkeys([*pieces[0], *pieces[1]]))


def test_a_set_and_some_of_them_are_read_alone() -> None:
    columns = as_columns(["addr", "user"], 50, 3)
    sets = sets_of(columns)
    assert [columns[place] for place in range(50)] == sets
    assert columns[10:20] == sets[10:20]
