"""Text to tree: the complete LogQL of Loki 3.x by recursive descent, and our extensions of it.

The grammar is spread over modules by subject: selectors, predicates, stages, ranges, expressions;
extensions: piped, pipes/. What is grammatical but means nothing is refused where it is read, or, for
what a whole stage must be known for, by `checks`.

A text is first read as Loki reads it. Only one that Loki refuses is read again with the extensions, so
that no extension can change what a query of Loki's means.
"""

from dataclasses import dataclass

from sigyn.languages.lexer import END, Cursor
from sigyn.languages.logql import ast
from sigyn.languages.logql.checks import check_depth, check_stages
from sigyn.languages.logql.diagnostics import ExtensionError, extension_error, syntax_error
from sigyn.languages.logql.expressions import parse_expression
from sigyn.languages.logql.lowering import check_let
from sigyn.languages.logql.promql import promql_refusal
from sigyn.languages.logql.tokens import tokenise
from sigyn.model.errors import ParseError


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query, and remarks for the person who wrote it on how it was read."""

    query: ast.Query
    infos: tuple[str, ...] = ()


def parse(text: str, *, strict: bool = False) -> ast.Query:
    """The tree of a query; `strict` takes no extensions.

    Raises ParseError, whose text is Loki's message, unless the text got further as one of our extensions.
    """
    return parse_with_infos(text, strict=strict).query


def parse_with_infos(text: str, *, strict: bool = False) -> Parsed:
    """The tree of a query, as `parse` gives it, with remarks on how it was read. Raises ParseError."""
    try:
        return Parsed(_checked(text, _read(Cursor(text, tokenise(text), syntax_error))))
    except ParseError as error:
        if strict:
            raise
        refused = error
    cursor = Cursor(text, tokenise(text, extended=True), syntax_error, extended=True)
    try:
        query = _read(cursor)
    except ParseError as error:
        further = (error.line, error.column, isinstance(error, ExtensionError)) > (refused.line, refused.column, False)
        refused = error if further else refused
    else:
        try:
            return Parsed(_checked(text, query), tuple(cursor.infos))
        except ParseError as error:  # it was read to its end, however far in front the place is
            refused = error
    raise promql_refusal(text, refused) or refused


def parse_selector(text: str) -> ast.Selector:
    """The tree of a selector alone.

    Raises ParseError, also when the text is a query that goes beyond a selector.
    """
    query = parse(text, strict=True)
    if isinstance(query, ast.LogQuery) and not query.stages:
        return query.selector
    raise ParseError("only label matchers are supported", query=text, hint='write a selector alone: {app="shop"}')


def _read(cursor: Cursor) -> ast.Query:
    is_let = cursor.extended and cursor.token.text.lower() == "let" and cursor.look(1) == "IDENTIFIER"
    query = _read_let(cursor) if is_let else parse_expression(cursor).query
    if cursor.kind != END:
        raise cursor.unexpected()
    return query


def _checked(text: str, query: ast.Query) -> ast.Query:
    check_depth(text, query)
    check_let(text, query)
    check_stages(text, query)
    return query


def _read_let(cursor: Cursor) -> ast.Let:
    """Extension: `let a = ...; let b = ...; a / b`."""
    start = cursor.token.start
    bindings: list[ast.Binding] = []
    while cursor.token.text.lower() == "let" and cursor.look(1) == "IDENTIFIER":
        bindings.append(_read_binding(cursor))
    expression = _read_metric_query(cursor)
    cursor.accept(";")
    return ast.Let(tuple(bindings), expression, ast.Span(start, cursor.last_end))


def _read_binding(cursor: Cursor) -> ast.Binding:
    start = cursor.advance().start
    name = cursor.advance()
    if name.text in cursor.names:
        raise extension_error(cursor.query, name, f"`{name.text}` is bound already", "each name is bound once")
    cursor.expect("=")
    query = _read_metric_query(cursor)
    cursor.expect(";")
    cursor.names.add(name.text)
    return ast.Binding(name.text, query, ast.Span(start, cursor.last_end))


def _read_metric_query(cursor: Cursor) -> ast.MetricQuery:
    token = cursor.token
    query = parse_expression(cursor).query
    if isinstance(query, ast.LogQuery | ast.PipedQuery | ast.Let):
        raise extension_error(
            cursor.query, token, "`let` names metric queries", "write: let errors = count_over_time({...}[1h]);"
        )
    return query
