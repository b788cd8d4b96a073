"""Matchers over labels."""

from collections.abc import Callable
from functools import lru_cache

from sigyn.languages.logql import ast
from sigyn.languages.regex import compile_regex
from sigyn.model.labels import Labels


@lru_cache(maxsize=1024)
def compile_match(operator: ast.MatchOperator, value: str) -> Callable[[str], bool]:
    """A test of a label's value; a missing label is the empty text.

    `=~` and `!~` match whole values, and `.` in them matches line ends too. Raises RegexError when
    the expression is not in RE2's syntax.
    """
    match operator:
        case "=":
            return lambda text: text == value
        case "!=":
            return lambda text: text != value
        case "=~":
            return _compile_whole(value)
        case "!~":
            matches = _compile_whole(value)
            return lambda text: not matches(text)


def _compile_whole(pattern: str) -> Callable[[str], bool]:
    fullmatch = compile_regex(f"(?s:{pattern})").fullmatch
    return lambda text: fullmatch(text) is not None


def matcher_matches(matcher: ast.Matcher, value: str) -> bool:
    """Whether the value of the matcher's label satisfies it; "" for a missing label."""
    return compile_match(matcher.operator, matcher.value)(value)


def selector_matches(selector: ast.Selector, labels: Labels) -> bool:
    """Whether all matchers of a selector hold for a label set."""
    values = dict(labels)
    return all(matcher_matches(matcher, values.get(matcher.name, "")) for matcher in selector.matchers)
