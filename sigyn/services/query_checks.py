"""Queries that are refused for what they are: those that are blocked, and those that name too few or too many labels.

From Loki's documentation of `blocked_queries`, `required_labels` and `minimum_labels_number`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sigyn.languages.logql import ast
from sigyn.languages.logql.checks import log_queries
from sigyn.languages.logql.rewriting import rewritten
from sigyn.languages.regex import RegexError, compile_regex
from sigyn.model.errors import BadRequest, QueryError

METRIC, FILTER, LIMITED = "metric", "filter", "limited"
"""Types of queries: with an aggregation, with stages, and with neither."""


@dataclass(frozen=True, slots=True)
class BlockedQuery:
    """Queries that are refused: all that is given must hold.

    pattern  the text of the query, or with `regex` an expression that is found in it
    hash     the FNV-1 hash of the text, 32 bits; 0: any
    types    `metric`, `filter`, `limited`; empty: any
    tags     of the request, compared without regard to case
    """

    pattern: str = ""
    regex: bool = False
    hash: int = 0
    types: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Raises BadRequest for an expression that can't be read."""
        if self.regex:
            try:
                compile_regex(self.pattern)
            except RegexError as error:
                raise BadRequest(f"blocked_queries: `{self.pattern}`: {error}") from None

    def matches(self, text: str, kind: str, tags: Mapping[str, str]) -> bool:
        """Whether a query of this type, asked with these tags, is refused."""
        if self.hash and fnv1(text) != self.hash:
            return False
        if self.regex and compile_regex(self.pattern).search(text) is None:
            return False
        if self.pattern and not self.regex and self.pattern.strip() != text.strip():
            return False
        wanted = ((name.lower(), value.lower()) for name, value in self.tags)
        return (not self.types or kind in self.types) and all(tags.get(name) == value for name, value in wanted)


@dataclass(frozen=True, slots=True)
class QueryChecks:
    """What is asked of the text of a query.

    required_labels        labels of which every selector must have a matcher
    minimum_labels_number  labels that every selector must at least have matchers of
    max_matchers           of one selector; 0: any number
    blocked                queries that are refused
    """

    required_labels: tuple[str, ...] = ()
    minimum_labels_number: int = 0
    max_matchers: int = 1000
    blocked: tuple[BlockedQuery, ...] = field(default=(), hash=False)

    def blocks(self, query: ast.Query, text: str, tags: Sequence[tuple[str, str]] = ()) -> bool:
        """Whether a query is blocked, which was parsed from `text` and asked with these tags."""
        if not self.blocked:
            return False
        given = {name.lower(): value.lower() for name, value in tags}
        return any(each.matches(text, type_of(query), given) for each in self.blocked)

    def check_selectors(self, query: ast.Query) -> None:
        """Raises QueryError, in Loki's words, when a selector names too few labels or has too many matchers."""
        for selector in _selectors(query):
            if self.max_matchers and len(selector.matchers) > self.max_matchers:
                raise QueryError(
                    "max streams matchers per query exceeded, matchers-count > limit "
                    f"({len(selector.matchers)} > {self.max_matchers})"
                )

    def check_labels(self, query: ast.Query) -> None:
        """Raises QueryError, in Loki's words, when a selector lacks labels that it must have matchers of."""
        if not self.required_labels and not self.minimum_labels_number:
            return
        for selector in _selectors(query):
            present = list(dict.fromkeys(matcher.name for matcher in selector.matchers))
            missing = [name for name in self.required_labels if name not in present]
            if missing:
                raise QueryError(
                    f"stream selector is missing required matchers [{', '.join(missing)}], labels present in the query "
                    f"were [{', '.join(present)}]"
                )
            if len(present) < self.minimum_labels_number:
                raise QueryError(
                    f"stream selector has less label matchers than required: (present: [{', '.join(present)}], "
                    f"number_present: {len(present)}, required_number_label_matchers: {self.minimum_labels_number})"
                )


def strictest_checks(checks: Sequence[QueryChecks]) -> QueryChecks:
    """What is asked of a query of several tenants: all that is asked of a query of one of them."""
    return QueryChecks(
        required_labels=tuple(dict.fromkeys(name for each in checks for name in each.required_labels)),
        minimum_labels_number=max(each.minimum_labels_number for each in checks),
        max_matchers=min(filter(None, (each.max_matchers for each in checks)), default=0),
        blocked=tuple(query for each in checks for query in each.blocked),
    )


def type_of(query: ast.Query) -> str:
    """The type of a query."""
    match query:
        case ast.LogQuery(stages=stages):
            return FILTER if stages else LIMITED
        case ast.PipedQuery():
            return FILTER
        case _:
            return METRIC


def fnv1(text: str) -> int:
    """The FNV-1 hash of a text, 32 bits, as Loki shows it of queries."""
    number = 0x811C9DC5
    for byte in text.encode():
        number = (number * 0x01000193 & 0xFFFFFFFF) ^ byte
    return number


def _selectors(query: ast.Query) -> Iterator[ast.Selector]:
    """The selectors of a query and of the queries in its filters."""
    waiting: list[ast.Query] = [query]

    def note(found: ast.Predicate) -> ast.Predicate:
        if isinstance(found, ast.InSubquery):
            waiting.append(found.query)
        return found

    while waiting:
        each = waiting.pop()
        rewritten(each, note)
        yield from (found.selector for found, _ in log_queries(each))
