"""Matchers of selectors: anchored, and a missing label is the empty text."""

import pytest

from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import parse_selector
from sigyn.model.labels import labels_of

LABELS = labels_of({"app": "shop", "pod": "shop-1"})


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ('{app="shop"}', True),
        ('{app="sho"}', False),
        ('{app!="shop"}', False),
        ('{app=~"sho."}', True),
        ('{app=~"sho"}', False),
        ('{app=~"sho|shop"}', True),
        ('{app!~"sho"}', True),
        ('{app="shop", pod=~"shop-[0-9]"}', True),
        ('{app="shop", pod="x"}', False),
        ('{app="shop", nosuch=""}', True),
        ('{app="shop", nosuch!=""}', False),
        ('{app="shop", nosuch!="x"}', True),
        ('{app="shop", nosuch=~".*"}', True),
        ('{app="shop", nosuch=~".+"}', False),
    ],
)
def test_selector(selector: str, matches: bool) -> None:
    assert selector_matches(parse_selector(selector), LABELS) is matches


def test_a_dot_matches_line_ends_in_matchers() -> None:
    assert selector_matches(parse_selector('{a=~"x.y"}'), labels_of({"a": "x\ny"}))
