"""Matchers of labels that entries may carry: which streams are asked for, and what of their entries."""

import pytest

from sigyn.languages.logql import parse, print_query
from sigyn.languages.logql.ast import LogQuery
from sigyn.languages.logql.entry_labels import with_entry_labels, written_selector

NAMES = frozenset({"id", "pid"})


@pytest.mark.parametrize(
    ("asked", "run"),
    [
        ('{app="a"} | json', '{app="a"} | json'),
        ('{app="a", id="x.y"}', r'{app="a", id=~"(?:x\\.y)?"} | id="x.y"'),
        ('{id=""}', '{id=""} | id=""'),
        ('{id!="x"}', '{id!="x"} | id!="x"'),
        ('{app="a", id!=""}', '{app="a"} | id!=""'),
        ('{id=~"a|b"} |= "x"', '{id=~"(?:a|b)?"} | id=~"a|b" |= "x"'),
        ('{id!~"a+"}', '{id!~"a+"} | id!~"a+"'),
        ('{app="a", id!~"a*"}', '{app="a"} | id!~"a*"'),
        ('{id="1", pid="2"}', '{id=~"(?:1)?", pid=~"(?:2)?"} | id="1" | pid="2"'),
        ('sum by (id) (rate({id="1"}[5m]))', 'sum by (id)(rate({id=~"(?:1)?"} | id="1"[5m]))'),
        ('{app="a"} | id in ({id="1"} | fields id)', '{app="a"} | id in ({id=~"(?:1)?"} | id="1" | fields id)'),
        ('{id="1"} | stats count() by pid', '{id=~"(?:1)?"} | id="1" | stats count() by pid'),
    ],
)
def test_what_a_query_asks_of_streams_and_entries(asked: str, run: str) -> None:
    found = with_entry_labels(parse(asked), NAMES)
    assert print_query(found) == print_query(parse(run))


@pytest.mark.parametrize("asked", ['{app="a", id="1", pid!=""}', '{id=~"a|b", app="a"}'])
def test_the_selector_as_it_was_written_can_be_had_back(asked: str) -> None:
    query, written = with_entry_labels(parse(asked), NAMES), parse(asked)
    assert isinstance(query, LogQuery)
    assert isinstance(written, LogQuery)
    assert set(written_selector(query).matchers) == set(written.selector.matchers)
