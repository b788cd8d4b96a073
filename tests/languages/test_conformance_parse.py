"""The recorded queries of the conformance corpus parse as Loki parses them, and fail in its words.

The corpus lies beside the checkout; without it there is nothing to test.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sigyn.languages.logql import format_query, parse, parse_selector, print_query
from sigyn.languages.logql.checks import require_non_empty_matcher
from sigyn.model.errors import ParseError

CORPUS = Path(__file__).parents[2].parent / "shared" / "conformance" / "logql"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the conformance corpus is not beside the checkout")


def rows(name: str) -> list[dict[str, Any]]:
    path = CORPUS / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def cases() -> list[Any]:
    found = []
    for case in rows("cases.jsonl"):
        params = case.get("params") or {}
        selectors = params.get("match[]", [])
        for query in [*([params["query"]] if "query" in params else []), *selectors]:
            found.append(pytest.param(case, query, id=f"{case['id']}"))
    return found


def recorded_parse_error(case: dict[str, Any]) -> str | None:
    error = str(case["expect"].get("error", ""))
    if case["kind"] == "format_query" and error:
        error = json.loads(error)["error"]
    return error if error.startswith(("parse error", "only label matchers")) else None


@pytest.mark.parametrize(("case", "query"), cases())
def test_recorded_query(case: dict[str, Any], query: str) -> None:
    error = recorded_parse_error(case)
    if error is None:
        tree = parse(query, strict=True)
        assert parse(query) == tree
        require_non_empty_matcher(tree, query)
        assert parse(print_query(tree)) == tree
        return
    ask = parse_selector if case["kind"] in ("labels", "label_values", "series", "patterns") else parse
    with pytest.raises(ParseError) as caught:
        ask(query)
    assert str(caught.value) == error


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"]) for case in rows("cases.jsonl") if case["kind"] == "format_query"]
)
def test_recorded_format(case: dict[str, Any]) -> None:
    if case["expect"]["status"] == 200:
        assert format_query(case["params"]["query"]) == case["expect"]["data"]


@pytest.mark.parametrize("row", rows("seeds-rejected.jsonl"))
def test_recorded_refusal(row: dict[str, Any]) -> None:
    if not row["loki"].startswith("parse error"):
        parse(row["query"])
        return
    with pytest.raises(ParseError) as caught:
        require_non_empty_matcher(parse(row["query"], strict=True), row["query"])
    assert str(caught.value) == row["loki"]
