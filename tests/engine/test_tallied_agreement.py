"""Counts behind parsers, which tallies may answer, are what the reference interpreter counts."""

import pytest

from sigyn.languages.logql import ast, parse
from sigyn.model.labels import Labels
from sigyn.model.time import MINUTE, SECOND
from tests.engine.test_agreement import START, Row, World, assert_metric_query_agrees

STREAMS: list[Labels] = [(("app", "shop"), ("zone", "z")), (("app", "cart"),), (("app", "mail"),)]

LINES = {
    "json": ('{"app":"own","level":"warn","n":1}', '{"__error__":"none","zone":"y"}', '{"n":"x","level":"error"}'),
    "logfmt": ("app=own level=warn n=1", "level=error msg=none"),
    "text": ("nothing to parse", '{"n":', '"only a text"', "[1, 2]", ""),
    "both": ('{"n":1}', "no JSON", '{"n":2}'),
    "levels": ('{"detected_level":"own"}', '{"n":1}'),
}


def entries(kinds: tuple[str, ...], level: str | None) -> list[Row]:
    """Lines of a kind in each stream, enough in each minute that there are tallies."""
    lines = [LINES[kind] for kind in kinds]
    return [
        Row(place % 3, START + place * SECOND + 1, lines[place % 3][place // 3 % len(lines[place % 3])], level, None, 0)
        for place in range(48)
    ]


@pytest.mark.parametrize("kinds", [("json", "levels", "json"), ("json", "json", "text"), ("both", "json", "logfmt")])
@pytest.mark.parametrize("by", ["", "app", "app, detected_level", "app, level, zone"])
@pytest.mark.parametrize(
    "stages",
    [
        "| json",
        '| json | __error__=""',
        '| json | __error__!=""',
        '| json | drop __error__ | __error__=""',
        '| __error__="" | json',
        '| json | app="shop"',
        '| json | n=""',
        "| json | drop app",
        '| logfmt | __error__=""',
        '| logfmt | json | __error__=""',
        '| pattern "<app> <_>" | __error__=""',
        '| regexp "(?P<zone>.)" | json',
        '| json app="n" | __error__=""',
        '| regexp "(?P<__error__>.)" | __error__=""',
        '| pattern "<__error__> <_>" | __error__=""',
        '| json | n > 0 | __error__=""',
    ],
)
def test_counts_behind_parsers_agree(world: World, stages: str, by: str, kinds: tuple[str, ...]) -> None:
    query = parse(f'sum by ({by}) (count_over_time({{nosuch=""}} {stages} [2m]))')
    assert isinstance(query, ast.VectorAggregation)
    level = None if "levels" in kinds else "info"
    assert_metric_query_agrees(world, STREAMS, entries(kinds, level), query, strict=by == "", step=MINUTE)
