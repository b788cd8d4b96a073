"""Copies as groups of rows, against sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sigyn.store.copies import Copies, copies

Row = tuple[int, int]
Groups = frozenset[frozenset[Row]]

rows = st.tuples(st.integers(1, 4), st.integers(0, 5))  # a segment, and a number there


@st.composite
def groups(draw: st.DrawFn) -> Groups:
    """Groups without a row in common, of two rows or more."""
    of_row = draw(st.dictionaries(rows, st.integers(0, 5)))
    found = [frozenset(row for row, group in of_row.items() if group == each) for each in set(of_row.values())]
    return frozenset(group for group in found if len(group) > 1)


def as_copies(some: Groups) -> Copies:
    found = [(number, *row) for number, group in enumerate(some) for row in group]
    return copies(*(np.array([each[place] for each in found], np.int64) for place in range(3)))


def as_groups(found: Copies) -> Groups:
    by_group: dict[int, set[Row]] = {}
    for group, segment, row in zip(
        *(each.tolist() for each in (found.groups, found.segments, found.rows)), strict=True
    ):
        by_group.setdefault(group, set()).add((segment, row))
    assert list(by_group) == list(range(len(by_group)))
    assert sum(map(len, by_group.values())) == len(found)
    return frozenset(map(frozenset, by_group.values()))


@given(groups(), groups())
def test_groups_that_share_a_row_are_one(some: Groups, others: Groups) -> None:
    expected: list[frozenset[Row]] = []
    for group in (*some, *others):
        meeting = [each for each in expected if each & group]
        expected = [each for each in expected if not each & group]
        expected.append(group.union(*meeting))
    joined = as_copies(some).joined(as_copies(others))
    assert as_groups(joined) == frozenset(expected)
    for id, own in joined.repeated.items():
        assert own.tolist() == sorted(
            number for group in expected for segment, number in group if segment == id and (id, number) != min(group)
        )
    assert sum(map(len, joined.repeated.values())) == len(joined) - len(expected)


@given(groups(), st.sets(st.integers(1, 4)))
def test_what_has_no_like_in_the_segments_is_left_out(some: Groups, segments: set[int]) -> None:
    within = [frozenset(row for row in group if row[0] in segments) for group in some]
    expected = frozenset(group for group in within if len(group) > 1)
    assert as_groups(as_copies(some).within(np.array(sorted(segments), np.int64))) == expected
    gone = sorted({1, 2, 3, 4} - segments)
    assert as_groups(as_copies(some).without(gone)) == expected
