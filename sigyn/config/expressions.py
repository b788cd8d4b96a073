"""Selectors and expressions in settings, read as they will be when they are used.

What is wrong with one is then told with the file, the line and the key, or the variable, in which it stands. Parsers
are imported where there is something to parse: that of selectors takes a tenth of a second.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sigyn.model.errors import BadRequest


def check_selector(text: str) -> None:
    """Raises ValueError for what is no selector of streams."""
    from sigyn.languages.logql import parse_selector

    with _refusals("this is no selector: "):
        parse_selector(text)


def check_expression(text: str) -> None:
    """Raises ValueError for what is no expression of RE2."""
    from sigyn.languages.regex import compile_regex

    with _refusals():
        compile_regex(text)


def check_relabelling(step: Mapping[str, Any]) -> None:
    """Raises ValueError for what is no step of relabelling."""
    from sigyn.languages.relabel import RelabelRule

    with _refusals():
        RelabelRule(**step)


def check_redaction_patterns(names: Iterable[str]) -> None:
    """Raises ValueError for a name of no pattern that redaction knows."""
    from sigyn.languages.redaction.patterns import known_pattern

    with _refusals():
        for name in names:
            known_pattern(name)


def check_redaction_rules(text: str) -> None:
    """Raises ValueError for what are no rules of redaction."""
    from sigyn.languages.redaction.rule import read_expressions

    with _refusals():
        read_expressions(text)


@contextmanager
def _refusals(before: str = "") -> Iterator[None]:
    try:
        yield
    except BadRequest as error:
        raise ValueError(f"{before}{error}") from None
