"""A range query answered from the pieces that a cache has, and by computing the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sigyn.engine.context import QueryContext
from sigyn.engine.log_ranges import log_ranges
from sigyn.engine.samples import MAX_CELLS
from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast, print_query
from sigyn.services.joined_tenants import ReadableStore
from sigyn.services.result_cache.encoding import FORMAT
from sigyn.services.result_cache.piece import Piece, PieceCache, part_of, side_by_side
from sigyn.store.content import Content

PIECE_STEPS = 60

Evaluate = Callable[[StepGrid], SeriesBlock]
"""Computes the query over some steps."""

_Part = tuple[StepGrid, SeriesBlock]


@dataclass(frozen=True, slots=True)
class CachedRange:
    """A query over a grid whose answer may be cut, see `sigyn.engine.cutting`.

    keep_until  ns; points after it are computed anew each time, since entries still come for them
    """

    store: ReadableStore
    cache: PieceCache
    tenant: str
    query: ast.MetricQuery
    keep_until: int

    def answer(self, grid: StepGrid, evaluate: Evaluate, context: QueryContext) -> SeriesBlock:
        """The block that `evaluate(grid)` gives, series in the order of their labels."""
        content = self.store.content(self.tenant)  # before any snapshot: those have all that it says
        pieces = list(zip(self._keys(grid, context.strict), cut(grid), strict=True))
        known = list(self._known(pieces, context))
        missing = gaps(grid, [part for part, _ in known])
        computed = [(run, evaluate(run)) for run in missing]
        whole = side_by_side([*known, *computed], grid)
        if len(missing) > 1 and len(whole) * len(grid) > MAX_CELLS:
            return evaluate(grid)  # says that it is too much
        # A piece says nothing about what is missing or was left out, nor about deletes that were turned on or off
        # between the content and a snapshot.
        heeds_deletes = self.store.content(self.tenant).heeds_deletes
        if context.is_whole() and heeds_deletes == content.heeds_deletes:
            self._keep(pieces, missing, whole, grid, content, context)
        return whole

    def _known(self, pieces: Sequence[tuple[str, StepGrid]], context: QueryContext) -> Iterator[_Part]:
        found = self.cache.get([key for key, _ in pieces])
        context.statistics.pieces_requested += len(pieces)
        for key, part in pieces:
            piece = found.get(key)
            shared = overlap(piece.grid, part) if piece is not None else None
            if piece is not None and shared is not None and self._holds(piece, shared):
                context.statistics.pieces_found += 1
                context.statistics.nanoseconds_from_cache += len(shared) * shared.step
                yield shared, part_of(piece.block, piece.grid, shared)

    def _holds(self, piece: Piece, part: StepGrid) -> bool:
        """Whether the entries in the windows of these steps are those that the piece was computed from."""
        return all(
            self.store.unchanged(
                self.tenant,
                piece.content,
                part.start - log_range.offset - log_range.interval + 1,
                part.end - log_range.offset,
            )
            for log_range in log_ranges(self.query)
        )

    def _keep(
        self,
        pieces: Sequence[tuple[str, StepGrid]],
        computed: Sequence[StepGrid],
        whole: SeriesBlock,
        grid: StepGrid,
        content: Content,
        context: QueryContext,
    ) -> None:
        """Stores the pieces in which something was computed, up to `keep_until`."""
        new = {}
        for key, part in pieces:
            last = min(part.end, self.keep_until - self.keep_until % grid.step)
            kept = StepGrid(part.start, last, grid.step)
            if last >= part.start and any(overlap(run, kept) for run in computed):
                new[key] = Piece(kept, part_of(whole, grid, kept), content)
        self.cache.put(new)
        context.statistics.pieces_stored += len(new)

    def _keys(self, grid: StepGrid, strict: bool) -> Iterator[str]:
        ranges = [(log_range.interval, log_range.offset) for log_range in log_ranges(self.query)]
        demoted = sorted(self.store.demoted.ever(self.tenant))  # matchers of these ask entries, which no text shows
        query = (print_query(self.query), ranges, demoted)
        asked = (FORMAT, self.store.opening, self.tenant, query, grid.step, strict)
        name = blake2b(repr(asked).encode("ascii", "backslashreplace"), digest_size=20).hexdigest()
        return (f"sigyn:{name}:{part.start // (grid.step * PIECE_STEPS)}" for part in cut(grid))


def cut(grid: StepGrid) -> Iterator[StepGrid]:
    """The grid, whose times are multiples of its step, in runs that end at multiples of PIECE_STEPS steps."""
    span = grid.step * PIECE_STEPS
    start = grid.start
    while start <= grid.end:
        end = min(start - start % span + span - grid.step, grid.end)
        yield StepGrid(start, end, grid.step)
        start = end + grid.step


def overlap(one: StepGrid, other: StepGrid) -> StepGrid | None:
    """The steps that both grids have; None when they share none, or their steps are not of one length."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return StepGrid(start, end, one.step) if start <= end and one.step == other.step else None


def gaps(grid: StepGrid, known: Sequence[StepGrid]) -> list[StepGrid]:
    """The runs of steps that no known part has; these rise, and don't overlap."""
    missing = []
    start = grid.start
    for part in known:
        if part.start > start:
            missing.append(StepGrid(start, part.start - grid.step, grid.step))
        start = part.end + grid.step
    if start <= grid.end:
        missing.append(StepGrid(start, grid.end, grid.step))
    return missing
