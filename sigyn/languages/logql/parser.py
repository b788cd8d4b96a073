"""Text to tree: the complete LogQL of Loki 3.x, by recursive descent.

The grammar is spread over modules by subject: selectors, predicates, stages, ranges, expressions. What
is grammatical but means nothing is refused where it is read, or, for what a whole stage must be known
for, by `checks`.
"""

from sigyn.languages.lexer import END, Cursor
from sigyn.languages.logql import ast
from sigyn.languages.logql.checks import check_depth, check_stages
from sigyn.languages.logql.diagnostics import syntax_error
from sigyn.languages.logql.expressions import parse_expression
from sigyn.languages.logql.tokens import tokenise
from sigyn.model.errors import ParseError


def parse(text: str) -> ast.Query:
    """The tree of a query.

    Raises ParseError, whose text is Loki's message.
    """
    cursor = Cursor(text, tokenise(text), syntax_error)
    query = parse_expression(cursor).query
    if cursor.kind != END:
        raise cursor.unexpected()
    check_depth(text, query)
    check_stages(text, query)
    return query


def parse_selector(text: str) -> ast.Selector:
    """The tree of a selector alone.

    Raises ParseError, also when the text is a query that goes beyond a selector.
    """
    query = parse(text)
    if isinstance(query, ast.LogQuery) and not query.stages:
        return query.selector
    raise ParseError("only label matchers are supported", query=text, hint='write a selector alone: {app="shop"}')
