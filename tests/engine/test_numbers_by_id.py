"""Numbers by id, held against a dictionary."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sigyn.engine.numbers_by_id import NumbersById

IDS = st.one_of(st.integers(0, 5000), st.integers(0, 10**9))


@given(st.lists(st.tuples(IDS, st.integers(0, 2**31 - 1)), max_size=30), st.lists(IDS, max_size=10))
def test_an_id_has_the_number_that_it_was_given_last(given_: list[tuple[int, int]], others: list[int]) -> None:
    numbers, expected = NumbersById(), dict[int, int]()
    for id, number in given_:
        numbers.set(id, number)
        expected[id] = number
        asked = [*expected, *others]
        assert numbers.get(np.array(asked, np.int64)).tolist() == [expected.get(id, -1) for id in asked]
    assert numbers.get(np.array(others, np.int64)).tolist() == [expected.get(id, -1) for id in others]
