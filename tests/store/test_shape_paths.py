"""Which column of a shape holds the value at a path."""

from itertools import takewhile

import pytest

from sigyn.store.shapes.paths import Path, at_path
from sigyn.store.shapes.shape import Shape

NESTED = Shape("json", ('{"a":{"b":"', '"},"n":', "}"), ("field.a_b", "field.n"))
FLAT = Shape("json", ('{"a_b":"', '","a":', "}"), ("field.a_b", "array.a"))
ESCAPED = Shape("json", ('{"a":{"x":null,"b":"', '"}}'), ("raw.a_b",))
TWICE = Shape("json", ('{"a":{},"a":{"b":', "}}"), ("field.a_b",))
LOGFMT = Shape("logfmt", ("a_b=", " n=", ""), ("field.a_b", "field.n"))
SHAPES = (NESTED, FLAT, ESCAPED, TWICE, LOGFMT)


@pytest.mark.parametrize(
    ("path", "held", "elsewhere", "escaped", "whole"),
    [
        (("a", "b"), [NESTED, TWICE], [FLAT, LOGFMT], [ESCAPED], []),
        (("a_b",), [FLAT], [NESTED, TWICE, LOGFMT], [], []),
        (("a",), [], [], [], [NESTED, FLAT, ESCAPED, TWICE]),
        (("n",), [NESTED], [LOGFMT], [], []),
        (("a", "x"), [], [], [], []),
        (("b",), [], [], [], []),
        (("a", 0), [], [], [], [FLAT]),
        (("a", 1, "b"), [], [], [], [FLAT]),
        (("n", 0), [], [NESTED, LOGFMT], [], []),
        ((0,), [], [], [], []),
    ],
)
def test_a_path_leads_to_the_column_of_its_value(
    path: Path, held: list[Shape], elsewhere: list[Shape], escaped: list[Shape], whole: list[Shape]
) -> None:
    found = at_path(SHAPES, path)
    assert found.name == "_".join(str(step) for step in takewhile(lambda step: isinstance(step, str), path))
    flags = (found.held, found.elsewhere, found.escaped, found.whole)
    for which, expected in zip(flags, (held, elsewhere, escaped, whole), strict=True):
        assert [shape for shape, flag in zip(SHAPES, which, strict=True) if flag] == expected
