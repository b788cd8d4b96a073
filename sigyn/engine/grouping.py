"""Which labels of an entry make up the series that it counts for."""

from dataclasses import dataclass

from sigyn.engine.interpreter.entry import RESERVED
from sigyn.engine.sql.compile import Program
from sigyn.engine.sql.scope import ERROR, EXTRACTED
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.languages.logql import ast


@dataclass(frozen=True, slots=True)
class SeriesNames:
    """Label names whose values decide about the series, for entries that SQL handles.

    metadata  all structured metadata count besides
    """

    names: tuple[str, ...]
    metadata: bool = False


def series_names(
    program: Program, grouping: ast.Grouping | None, unwrapped: str | None, *, keeps_errors: bool
) -> SeriesNames:
    """The labels that SQL has to group by; with `keeps_errors`, entries that have an error count, too.

    Raises Unsupported when they can't be listed, because a parser may make any label.
    """
    scope = program.scope
    if grouping is not None and not grouping.without:
        if unwrapped in grouping.labels:
            raise Unsupported("grouping by the unwrapped label")
        return SeriesNames(grouping.labels)
    if scope.errors and keeps_errors:
        raise Unsupported("all labels of entries that may have an error")
    left_out = frozenset(grouping.labels if grouping is not None else ()) | {unwrapped, ERROR}
    if scope.is_changed:
        raise Unsupported("all labels behind a parser that has stages before it which change labels")
    if scope.kept is not None:
        visible = scope.kept
    else:
        parsed = scope.parsed_names
        if parsed is None:
            raise Unsupported("a parser of any labels without a grouping by labels")
        if parsed & RESERVED:
            raise Unsupported("a label that clashes with one that stages set")
        visible = scope.stream_names | parsed | scope.overrides.keys() | {"detected_level"}
        if parsed & (scope.stream_names | {"detected_level"}) or "detected_level" in scope.stream_names:
            raise Unsupported("a label that clashes with a label of a stream")
        listed = scope.metadata.listed()
        if listed and listed.isdisjoint(visible | RESERVED) and not any(name.endswith(EXTRACTED) for name in visible):
            visible |= listed
        elif scope.metadata.may_have_any():
            if parsed or scope.overrides or any(name.endswith(EXTRACTED) for name in visible):
                raise Unsupported("structured metadata behind a stage that makes labels")
            if left_out - {None, ERROR}:
                raise Unsupported("all structured metadata but some")
            return SeriesNames(tuple(sorted(visible - left_out)), metadata=True)
    return SeriesNames(tuple(sorted(visible - left_out)))
