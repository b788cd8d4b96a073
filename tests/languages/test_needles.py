"""What must be in a text for an expression to be found in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.languages.redaction.needles import Needle, needles_of
from sigyn.languages.redaction.patterns import PATTERNS
from sigyn.languages.regex import compile_regex

EXPRESSIONS = (
    *(pattern.expression for name, pattern in PATTERNS.items() if name != "card"),
    r"\d{3}-\d{2}-\d{4}",
    r"user=(?P<secret>\w+)",
    r"(?i)skippy|kiosk",
    r"a{2,3}b+c?d",
    r"(?:ab){2}[0-9]x*y",
    r"straße|gasse",
    r"x.y|\x41\x42",
    r"(?:a|b)?cd+",
    r"\bpin\b: ?\d{4}",
)


def holds(text: bytes, needle: Needle) -> bool:
    last = len(text) - len(needle)
    return any(all(text[at + place] in wanted for place, wanted in enumerate(needle)) for at in range(last + 1))


def missed(expression: str, text: str) -> bool:
    """Whether the expression is found in a text in which none of its needles is."""
    needles = needles_of(expression)
    found = compile_regex(expression).search(text) is not None
    return found and bool(needles) and not any(holds(text.encode(), needle) for needle in needles)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_where_an_expression_is_found_a_needle_is(expression: str) -> None:
    @settings(max_examples=200, deadline=None)
    @given(text=st.one_of(st.from_regex(expression), st.text()))
    def check(text: str) -> None:
        text = text.encode("utf-8", "ignore").decode()
        assert not missed(expression, text)

    check()


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        (r"\d{3}-\d{2}-\d{4}", [b"123-45-6789"]),
        (r"user=(?P<secret>\w+)", [b"user="]),
        (r"(?i)pass", [b"PASS", "pa\u017f\u017f".encode()]),
        (r"abc|defg", [b"abc", b"defg"]),
    ],
)
def test_needles_are_short_and_telling(expression: str, texts: list[bytes]) -> None:
    needles = needles_of(expression)
    assert needles
    assert all(any(holds(text, needle) for needle in needles) for text in texts)
    assert not any(holds(b"2025-11-20T10:00:00.000 nothing 25", needle) for needle in needles)


@pytest.mark.parametrize("expression", [r"\w+", "a|", r"x*", r"\d", r"\pN+", "[[:alpha:]]bc", "(?:a|\\w)b?"])
def test_some_expressions_have_none(expression: str) -> None:
    assert needles_of(expression) == ()


def test_both_letters_that_fold_beyond_ascii_are_found() -> None:
    for text in ("\u017fecret=hunter2", "api\u212aey=hunter2"):
        assert not missed(PATTERNS["password"].expression, text)
