"""Texts that no person would write: rules, tests and queries are refused in words, and nothing else happens."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.languages.promql import parse_promql
from sigyn.model.errors import ParseError, SigynError
from sigyn.ruler.rehearsal.script import read_test_script
from sigyn.ruler.rule_file import RuleFileError, read_rule_file, read_rule_group

from .test_promql_agreement import QUERIES
from .test_rehearsal import TESTS
from .test_rule_file import FILE

ODD = [
    "null",
    "[]",
    "{}",
    "- ",
    "&a ",
    "*a",
    "!!binary x",
    "'",
    '"',
    "{{",
    "}}",
    ": ",
    "\t",
    "\0",
    "9" * 30,
    "é",
    "|",
    ">",
]


def damaged(text: str) -> st.SearchStrategy[str]:
    """The text with a few pieces cut out, said twice, or put in."""

    def damage(text: str, wounds: list[tuple[int, int, str]]) -> str:
        for start, length, instead in wounds:
            place = start % (len(text) + 1)
            text = text[:place] + instead + text[place + length :]
        return text

    wound = st.tuples(st.integers(0, 10_000), st.integers(0, 30), st.sampled_from(ODD) | st.text(max_size=5))
    return st.builds(damage, st.just(text), st.lists(wound, min_size=1, max_size=4))


@given(damaged(FILE) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_rule_files(text: str) -> None:
    with suppress(RuleFileError):
        read_rule_file(text, "rules.yaml")
    with suppress(RuleFileError):
        read_rule_group(text)


@given(damaged(TESTS) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_test_files(text: str) -> None:
    with suppress(SigynError):
        read_test_script(text, "rules_test.yaml")


@given(st.sampled_from(QUERIES).flatmap(damaged) | st.text(max_size=40))
@settings(max_examples=500, deadline=None)
def test_queries(text: str) -> None:
    with suppress(ParseError):
        parse_promql(text)


def test_maps_that_merge_more_than_there_is_room_for() -> None:
    levels = "".join(f"{n}: &{n} {{<<: [{', '.join([f'*{p}'] * 50)}], k{n}: 1}}\n" for p, n in pairwise("abcdefgh"))
    wide = ", ".join(f"k{place}: 1" for place in range(100))
    with pytest.raises(RuleFileError, match="more than 200000 values"):
        read_rule_file(f"a: &a {{{wide}}}\n{levels}", "rules.yaml")
    inside = "{x: 1}"
    for name in "abcdefgh":
        inside = f"{{<<: [&{name} {inside}{f', *{name}' * 30}]}}"
    with pytest.raises(RuleFileError, match="more than 200000 values"):
        read_rule_file(f"top: {inside}", "rules.yaml")
