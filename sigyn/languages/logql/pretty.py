"""Tree to text for people."""

from sigyn.languages.logql.parser import parse
from sigyn.languages.logql.printer import print_query


def format_query(text: str) -> str:
    """The query in canonical form. Raises ParseError."""
    return print_query(parse(text))
