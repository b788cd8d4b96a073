"""Whatever the text, the parser gives a tree or a ParseError with a place in the text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.languages.lexer import render
from sigyn.languages.logql import parse, print_query
from sigyn.languages.logql.tokens import FUNCTIONS, PIPE_WORDS, WORDS
from sigyn.model.errors import ParseError

PIECES = (
    *(
        "{",
        "}",
        "(",
        ")",
        "[5m]",
        "[",
        "]",
        ",",
        ".",
        "|",
        "=",
        "!=",
        "=~",
        "!~",
        "|=",
        "|~",
        "|>",
        "!>",
        "==",
        ">",
        "<=",
    ),
    *(
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "#",
        "\n",
        " ",
        '{a="b"}',
        '"x"',
        "`(?P<x>.)`",
        '"<x> <_>"',
        '"{{.x}}"',
        '"',
        "`",
        "'",
    ),
    *("a", "b", "5", "0.5", "0x10", "1e400", "5m", "-5m", "10KB", "5kb", "--strict", "--keep-empty", "\\", "é", "\x00"),
    *sorted(FUNCTIONS),
    *sorted(WORDS),
    *PIPE_WORDS,
    *("let", ";", ":", "as", "in", "not", "asc", "desc", "histogram_quantile", 'i"x"', "_time", "count()", "hits"),
)


def try_to_parse(text: str) -> None:
    refusal: ParseError | None = None
    try:
        tree = parse(text)
    except ParseError as error:
        refusal = error
    if refusal is None:
        assert parse(print_query(tree)) == tree
        return
    assert str(refusal).startswith("parse error")
    lines = text.split("\n")
    assert 1 <= refusal.line <= len(lines)
    assert 1 <= refusal.column <= len(lines[refusal.line - 1]) + 1
    assert str(refusal) in render(refusal)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from(("", " ")))
def test_soup_of_tokens(pieces: list[str], glue: str) -> None:
    try_to_parse(glue.join(pieces))


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text(text: str) -> None:
    try_to_parse(text)


@settings(deadline=None, max_examples=500)
@given(
    st.sampled_from(
        (
            'sum by (c) (rate({a="b"} |= "x" or "y" | json | x > 5 and y = "z" [5m] offset 1h)) > bool on (c) 1',
            'topk(5, quantile_over_time(0.9, {a=~"b.*"} | logfmt --strict | unwrap duration(d) | e="" [1h]) by (f))',
            '{a="b"} | pattern "<x> <_>" | label_format c="{{.x}}", d=e | drop f, g="h" | line_format `{{ .y }}`',
            '{a="b"} |= i"x" | json | stats count() as n, p(x) by (c, _time:5m) | n > 5 | sort by n desc | limit 3',
            'let x = count({a="b"}); let y = rate({a="b"} | c in ({d="e"} | fields f) [5m]); x / y > 0.1',
            '{a="b"} | unwrap duration(c) [1h] | math d = round(c / 2) * -3 | top 5 by (d) | uniq by d | fields d',
        )
    ),
    st.data(),
)
def test_query_with_a_piece_exchanged(query: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(query)))
    end = data.draw(st.integers(start, min(len(query), start + 8)))
    try_to_parse(query[:start] + data.draw(st.sampled_from(("", *PIECES))) + query[end:])
