"""Runs pipes one after the other."""

from collections.abc import Iterable

from sigyn.engine.pipes.fields import run_fields
from sigyn.engine.pipes.limit import run_limit, run_offset
from sigyn.engine.pipes.math import run_math
from sigyn.engine.pipes.rows import Rows
from sigyn.engine.pipes.sort import run_sort
from sigyn.engine.pipes.stats import run_stats
from sigyn.engine.pipes.top import top_as_stats
from sigyn.engine.pipes.uniq import uniq_as_stats
from sigyn.engine.pipes.where import run_where
from sigyn.languages.logql.pipes import Fields, Limit, Math, Offset, Pipe, Sort, Stats, Top, Uniq, Where


def simplified(pipes: Iterable[Pipe]) -> tuple[Pipe, ...]:
    """The pipes, with those that are short for others written out."""
    plain: list[Pipe] = []
    for pipe in pipes:
        match pipe:
            case Uniq():
                plain += uniq_as_stats(pipe)
            case Top():
                plain += top_as_stats(pipe)
            case _:
                plain.append(pipe)
    return tuple(plain)


def run_pipes(pipes: Iterable[Pipe], rows: Rows) -> Rows:
    """What comes out at the end. Raises QueryError."""
    for pipe in simplified(pipes):
        rows = _run(pipe, rows)
    return rows


def _run(pipe: Pipe, rows: Rows) -> Rows:
    match pipe:
        case Stats():
            return run_stats(pipe, rows)
        case Sort():
            return run_sort(pipe, rows)
        case Limit():
            return run_limit(pipe, rows)
        case Offset():
            return run_offset(pipe, rows)
        case Fields():
            return run_fields(pipe, rows)
        case Math():
            return run_math(pipe, rows)
        case Where():
            return run_where(pipe, rows)
        case Uniq() | Top():
            raise TypeError("`simplified` writes these out")
