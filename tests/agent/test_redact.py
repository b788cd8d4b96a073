"""What the redact stage hides."""

from pathlib import Path

import pytest

from .pipelines import Bench

HIDDEN = [
    ("mail to ann.b+c@mail.example.org now", "mail to <email> now"),
    ("card 4111 1111 1111 1111 ok", "card <card> ok"),
    ("card 4111-1111-1111-1112 fails the check", "card 4111-1111-1111-1112 fails the check"),
    ("trace 12345678901234567 stays", "trace 12345678901234567 stays"),
    ("Authorization: Bearer abcdef.123456-x", "Authorization: Bearer <token>"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt <token> end"),
    ("key AKIAIOSFODNN7EXAMPLE.", "key <token>."),
    ("token=abcdef1234567890 next", "token=<token> next"),
    ('{"session_token":"abcdef1234567890","n":1}', '{"session_token":"<token>","n":1}'),
    ("token: none, tokens=12345678901", "token: none, tokens=12345678901"),
    ("password=hunter2 next", "password=<password> next"),
    ('{"user":"ann","password": "a \\" b","n":1}', '{"user":"ann","password": "<password>","n":1}'),
    ("db_password: 'x y' api-key=abc&z=1", "db_password: '<password>' api-key=<password>&z=1"),
    ('escaped {\\"pwd\\":\\"secret1\\"}', 'escaped {\\"pwd\\":\\"<password>\\"}'),
    (
        'nested {\\"log\\":\\"{\\\\\\"pwd\\\\\\":\\\\\\"x y\\\\\\"}\\"}',
        'nested {\\"log\\":\\"{\\\\\\"pwd\\\\\\":\\\\\\"<password>\\\\\\"}\\"}',
    ),
    ('quoted {\\"pwd\\":\\"a\\\\\\"b\\\\\\\\c\\",\\"n\\":1}', 'quoted {\\"pwd\\":\\"<password>\\",\\"n\\":1}'),
    ('nested {\\\\\\"token\\\\\\":\\\\\\"abcdefgh1\\\\\\"}', 'nested {\\\\\\"token\\\\\\":\\\\\\"<token>\\\\\\"}'),
    ('headers {"X-Api-Key":["abcdef"]}', 'headers {"X-Api-Key":["<password>"]}'),
    ('params {"password"=>"x y"} pwd := "z"', 'params {"password"=>"<password>"} pwd := "<password>"'),
    ("card 4111 1111 1111 1111 12/27 123", "card <card> 12/27 123"),
    ("card 4111111111111111 123, 3782 822463 10005 12/27", "card <card> 123, <card> 12/27"),
    ("2026-11-26 12:00:01 4111111111111111", "2026-11-26 12:00:01 <card>"),
    ("2026-11-26 4111-1111-1111-1111", "2026-11-26 <card>"),
    (
        "at 1732624000123 1732624000456 took 12 34 56 78 90 12 34 56 78",
        "at 1732624000123 1732624000456 took 12 34 56 78 90 12 34 56 78",
    ),
    (r'{"msg":"cards:\n4111111111111111\n5555555555554444"}', r'{"msg":"cards:\n<card>\n<card>"}'),
    (r'{"msg":"a\nAKIAIOSFODNN7EXAMPLE\ntoken=abcdef1234567890"}', r'{"msg":"a\n<token>\ntoken=<token>"}'),
    ("\x1b[32mtoken=abcdef1234567890\x1b[0m", "\x1b[32mtoken=<token>\x1b[0m"),
    ("mail to jörg@müller.de and анна@почта.рф.", "mail to <email> and <email>."),
    ("nothing to hide: passing words, user at example", "nothing to hide: passing words, user at example"),
]


@pytest.mark.parametrize(("line", "result"), HIDDEN)
def test_hidden(line: str, result: str) -> None:
    (entry,) = Bench("- redact: {}").feed(line)
    assert entry.line == result


def test_equal_values_stay_comparable_with_a_key(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k1\n")
    bench = Bench(f"- redact: {{patterns: [email], hash_key_file: {key}}}")
    one, two, three = (entry.line for entry in bench.feed("a@x.org", "b@x.org", "a@x.org"))
    assert one == three != two
    assert one.startswith("<email:")
    (other,) = Bench("- redact: {patterns: [email], hash_key: k2}").feed("a@x.org")
    assert other.line != one
    (same,) = Bench("- redact: {patterns: [email], hash_key: k1}").feed("a@x.org")
    assert same.line == one


def test_expressions_of_your_own() -> None:
    stages = "- redact: {expressions: {ssn: '\\d{3}-\\d{2}-\\d{4}', user: 'user=(?P<secret>\\w+)'}}"
    (entry,) = Bench(stages).feed("user=ann 123-45-6789 ann@example.org")
    assert entry.line == "user=<user> <ssn> ann@example.org"


def test_an_expression_that_may_match_nothing_leaves_the_rest_as_it_is() -> None:
    (entry,) = Bench("- redact: {expressions: {number: '[0-9]*'}}").feed("a 12 bc")
    assert entry.line == "a <number> bc"


def test_extracted_data() -> None:
    stages = "- json: {expressions: {mail: , name: }}\n- redact: {source: [mail, nosuch]}\n- labels: {mail: , name: }"
    (entry,) = Bench(stages).feed('{"mail":"a@x.org","name":"b@x.org"}')
    assert (entry.labels["mail"], entry.labels["name"]) == ("<email>", "b@x.org")
    assert "a@x.org" in entry.line
