"""LogQL: lexer, parser, syntax tree and printer."""

from sigyn.languages.logql.parser import parse, parse_selector
from sigyn.languages.logql.pretty import format_query
from sigyn.languages.logql.printer import print_query

__all__ = ["format_query", "parse", "parse_selector", "print_query"]
