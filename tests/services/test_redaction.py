"""Large pushes are searched by compiled loops: they hide the same as the expressions alone."""

import random
from dataclasses import replace

import pyarrow as pa
import pytest

from sigyn.model.labels import labels_of
from sigyn.services.needle_search import NEEDLE_LOOPS, possible_rows
from sigyn.services.redaction import RedactionRules, compile_rules, redacted
from sigyn.wire.metadata import metadata_text
from sigyn.wire.push import DECODED_SCHEMA, DecodedPush

RULES = RedactionRules(("email", "card", "token", "password"), (("ssn", r"\d{3}-\d{2}-\d{4}"), ("any", r"\bq+\b")))
SECRETS = (
    "ann.b+c@mail.example.org", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111",
    "Bearer abcdef.123456-x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "AKIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghijklmnopqrstuvwx", "password=hunter2", '"pwd": "x y"', "Api-Key: abcdefgh", "\u017fecret=abc",
    "123-45-6789", "qqq", "session_token=abcdef1234567890", "sk-abcdefghijklmnopqrstu", "xoxb-1234567890ab",
    "4111 1111 1111 1111 123", r"a\n4111111111111111", r"a\ntoken=abcdef1234567890", "анна@почта.рф",
)  # fmt: skip
ORDINARY = (
    '{"ts":"2025-11-20T10:00:00.000Z","msg":"done"}', "2025-11-20 10:00:00 GET /api/x 200", "1763600000000000000 ü",
    "", "trace 12345678901234567", "12 34 56 78", "keys tokens passing",
)  # fmt: skip


def push(lines: list[str], metadata: list[str | None]) -> DecodedPush:
    columns = {
        "stream": [0] * len(lines),
        "timestamp": range(len(lines)),
        "line": lines,
        "metadata": metadata,
    }
    return DecodedPush((labels_of({"app": "x"}),), pa.table(columns, DECODED_SCHEMA), ())


def test_the_loops_hide_what_the_expressions_hide(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    lines, metadata = [], []
    for _ in range(4_000):
        parts = [chance.choice(ORDINARY), chance.choice(SECRETS if chance.random() < 0.3 else ORDINARY)]
        chance.shuffle(parts)
        lines.append(" ".join(parts))
        secret = chance.choice(("x", "hunter2", "ann@example.org"))
        metadata.append(chance.choice((None, f'{{"password":"{secret}","note":"{secret}"}}')))
    sent = push(lines, metadata)
    NEEDLE_LOOPS.warm()
    searched = possible_rows(sent.entries["line"].combine_chunks(), [rule.pattern for rule in compile_rules(RULES)])
    assert all(mask is not None for mask in searched)
    hidden, counts = redacted(sent, RULES)
    monkeypatch.setattr("sigyn.services.needle_search._COMPILED_FROM_BYTES", 1 << 40)
    expected, expected_counts = redacted(sent, RULES)
    assert hidden.entries["line"].to_pylist() == expected.entries["line"].to_pylist()
    assert hidden.entries["metadata"].to_pylist() == expected.entries["metadata"].to_pylist()
    assert counts == expected_counts
    assert counts.keys() == {"email", "card", "token", "password", "ssn", "any"}


OWN = RedactionRules(
    ("email", "card", "token", "password"),
    (("user", r"user=(?P<secret>\w+)"), ("pin", r"^\d{4}$"), ("nine", r"id=\d{9}")),
)


@pytest.mark.parametrize(
    ("metadata", "hidden"),
    [
        ({"token": "abcdef1234567890"}, {"token": "<token>"}),
        ({"csrf_token": 'a"b', "session_token": "abcdef1234567890"}, {"csrf_token": 'a"b', "session_token": "<token>"}),
        ({"user": "ann", "users": "ann"}, {"user": "<user>", "users": "ann"}),
        ({"a": "1", "user": "ann", "z": '"'}, {"a": "1", "user": "<user>", "z": '"'}),
        ({"code": "1234", "other": "12345"}, {"code": "<pin>", "other": "12345"}),
        ({"id": "123456789"}, {"id": "<nine>"}),
        ({"note": "4111 1111 1111 1111 12/27"}, {"note": "<card> 12/27"}),
        ({"nested": '{"password":"a b"}'}, {"nested": '{"password":"<password>"}'}),
        ({"note": "nothing"}, {"note": "nothing"}),
    ],
)
def test_structured_metadata_and_labels_hide_what_lines_hide(metadata: dict[str, str], hidden: dict[str, str]) -> None:
    sent = push(["x", "y", "z"], [None, metadata_text(metadata.items()), '{"k":"v"}'])
    sent = replace(sent, streams=(labels_of(metadata),))
    stored, _ = redacted(sent, OWN)
    assert stored.entries["metadata"].to_pylist() == [None, metadata_text(hidden.items()), '{"k":"v"}']
    assert stored.streams == (labels_of(hidden),)


def test_rows_of_a_slice_and_nulls() -> None:
    NEEDLE_LOOPS.warm()
    texts = pa.array(["x" * 100_000, None, "a@example.org", "nothing"])
    patterns = [compile_rules(RedactionRules(("email",)))[0].pattern]
    (mask,) = possible_rows(texts.slice(0), patterns)
    assert mask is not None
    assert mask.tolist() == [False, False, True, False]
    (mask,) = possible_rows(pa.array(["a@b.org", "x" * 100_000, "a@b.org"]).slice(1), patterns)
    assert mask is not None
    assert mask.tolist() == [False, True]
