"""Matchers over labels."""

from collections.abc import Callable
from functools import lru_cache

from sigyn.languages.logql import ast
from sigyn.languages.regex import compile_regex
from sigyn.model.labels import Labels

_REMEMBERED = 64  # values for each matcher


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


def compile_selector(selector: ast.Selector) -> Callable[[Labels], bool]:
    """A test of label sets: whether all matchers of a selector hold. Raises as `compile_match`."""
    tests = [(matcher.name, _remembering(matcher)) for matcher in selector.matchers]

    def matches(labels: Labels) -> bool:
        values = dict(labels)
        # A generator takes twice as long, and there may be 100 000 streams.
        for name, test in tests:  # noqa: SIM110
            if not test(values.get(name, "")):
                return False
        return True

    return matches


def _remembering(matcher: ast.Matcher) -> Callable[[str], bool]:
    """A test of a label's value, which many streams share: an expression is not tried on the last few again."""
    test = compile_match(matcher.operator, matcher.value)
    return lru_cache(_REMEMBERED)(test) if matcher.operator in ("=~", "!~") else test


def selector_matches(selector: ast.Selector, labels: Labels) -> bool:
    """Whether all matchers of a selector hold for a label set."""
    return compile_selector(selector)(labels)
