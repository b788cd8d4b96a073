"""LogQL: lexer, parser, syntax tree and printer."""

from sigyn.languages.logql.diagnostics import MeaningError
from sigyn.languages.logql.parser import Parsed, parse, parse_selector, parse_with_infos
from sigyn.languages.logql.pretty import format_query
from sigyn.languages.logql.printer import print_query

__all__ = ["MeaningError", "Parsed", "format_query", "parse", "parse_selector", "parse_with_infos", "print_query"]
