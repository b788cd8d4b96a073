"""Counting by what segments know of their entries: no entry is read.

Tallies (sigyn/store/tallies.py) have entries and bytes by stream, level and minute. They answer rates and counts
without stages, for all segments where windows begin and end on whole minutes (Grafana asks for such with every query,
to draw the log volume), and else for those in which no window begins or ends: of a count over a day nearly all.

Parsers stand in the way only where a line may have an error: `sum(rate({...} | json | __error__="" [5m]))` over
streams whose lines are all JSON counts each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.grid import Buckets
from sigyn.engine.grouping import SeriesNames, series_names
from sigyn.engine.interpreter.entry import ERROR, RESERVED
from sigyn.engine.interpreter.labelless import COUNTING, needs_no_labels, without_idle_drops, without_parsers
from sigyn.engine.samples import BucketSums, RangeTask
from sigyn.engine.scan import Part, Scan
from sigyn.engine.series_keys import LEVEL
from sigyn.engine.sql.compile import compile_pipeline
from sigyn.engine.sql.metadata_names import MetadataNames
from sigyn.engine.sql.scope import EXTRACTED
from sigyn.engine.sql.unsupported import Unsupported
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels, labels_of
from sigyn.store.stream_lines import KIND_OF
from sigyn.store.tallies import MINUTE

_FEW_CELLS = 1 << 16  # a byte and a number each, for a moment; to sort the cells takes ten times as long


@dataclass(frozen=True, slots=True)
class TalliedCount:
    """A count that tallies can tell.

    names        the labels that make up its series
    has_parsers  they may give an entry that has no detected_level one
    parses_json  it is that of all entries only where every line is JSON: others have an error, or are left out
    """

    names: SeriesNames
    has_parsers: bool
    parses_json: bool


def tallied_count(task: RangeTask, scan: Scan) -> TalliedCount | None:
    """What an aggregation needs of tallies to be answered by them; None where they can't."""
    query = task.query
    if query.operator not in COUNTING or query.log_range.unwrap is not None:
        return None
    stages: Sequence[ast.Stage] = query.log_range.query.stages
    if needs_no_labels(query, task.hint):
        stages = without_parsers(stages)
    if not RESERVED & scan.streams.names:
        stages = without_idle_drops(stages)
    if stages and not (all(map(_keeps_every_entry, stages)) and _is_by_streams(task, scan)):
        return None
    try:
        program = compile_pipeline((), None, scan.streams, MetadataNames(frozenset()))
        names = series_names(program, task.series_grouping, None, keeps_errors=task.keeps_errors)
    except Unsupported:
        return None
    return TalliedCount(names, bool(stages), any(isinstance(stage, ast.JsonParser) for stage in stages))


def _keeps_every_entry(stage: ast.Stage) -> bool:
    """Whether all entries pass a stage, with the labels of their streams, as long as no parser fails."""
    match stage:
        case ast.JsonParser(()) | ast.LogfmtParser(False, _, ()) | ast.PatternParser() | ast.RegexpParser():
            return True
        case ast.LabelFilter(ast.StringPredicate(name, "=", "")):
            return name == ERROR
        case ast.Drop(choices):
            return all(choice.name in RESERVED for choice in choices)
    return False


def _is_by_streams(task: RangeTask, scan: Scan) -> bool:
    """Whether series are made up of labels that all streams have, which no parser changes, and of the level."""
    grouping = task.series_grouping
    if grouping is None or grouping.without or RESERVED & scan.streams.names:
        return False
    return (scan.streams.common_names | {LEVEL}).issuperset(grouping.labels)


def sums_from_tallies(
    task: RangeTask, count: TalliedCount, scan: Scan, parts: Sequence[Part]
) -> tuple[list[BucketSums], list[Part]]:
    """What the tallies of these parts give, and the parts that have none or more to tell."""
    names = count.names
    found: list[BucketSums] = []
    left: list[Part] = []
    groups, group_labels = scan.streams.groups([name for name in names.names if name != LEVEL])
    by_level = LEVEL in names.names and LEVEL not in scan.streams.names
    if LEVEL in scan.streams.names and LEVEL in names.names:
        return found, list(parts)  # which of both counts differs from entry to entry
    is_aligned = not any(time % MINUTE for time in (task.buckets.origin, task.buckets.step, task.buckets.phase))
    is_clipped = scan.start > task.buckets.origin + 1  # older entries are not to be found (max_query_lookback)
    told = _told_by_metadata(task, names, scan)
    countable = [
        part
        for part in parts
        if (part.exact or not is_clipped) and (is_aligned or _is_in_one_bucket(task.buckets, part))
    ]
    scan.snapshot.prepare([part.segment for part in countable], with_indexes=True)
    tallies = {part.segment.id: _tallies(part, scan, count, told, by_level=by_level) for part in countable}
    scan.snapshot.find_deleted([part.segment for part in parts if tallies.get(part.segment.id) is not None])
    for part in parts:
        counts = tallies.get(part.segment.id)
        if counts is None or scan.snapshot.has_hidden_rows(part.segment):
            left.append(part)
        else:
            found.append(_sums(task, part, counts, groups, group_labels, by_level=by_level))
    return found, left


def _told_by_metadata(task: RangeTask, names: SeriesNames, scan: Scan) -> frozenset[str] | None:
    """The names by which structured metadata would have a say in what series an entry is of; None: any would."""
    if task.series_grouping is None or task.series_grouping.without:
        return None
    asked = set(names.names) - scan.streams.common_names
    return frozenset({*asked, *(name.removesuffix(EXTRACTED) for name in asked), *RESERVED})


def _tallies(
    part: Part, scan: Scan, count: TalliedCount, told: frozenset[str] | None, *, by_level: bool
) -> pa.Table | None:
    """The tallies of a segment; None where they don't tell the count."""
    if count.parses_json:
        kinds = scan.snapshot.kinds_of_streams(part.segment)
        if kinds is None or (kinds[part.ordinals >= 0] != KIND_OF["json"]).any():
            return None
    tallies = scan.snapshot.tallies(part.segment, told)
    if tallies is not None and by_level and count.has_parsers:
        without_level = np.asarray(tallies["detected_level"].is_null())
        if without_level[part.ordinals[tallies["stream"].to_numpy()] >= 0].any():
            return None
    return tallies


def _is_in_one_bucket(buckets: Buckets, part: Part) -> bool:
    first, last = part.segment.first, part.segment.last
    if first <= buckets.origin or last > buckets.end:
        return False
    one, other = buckets.of(np.array([first, last], np.int64))
    return bool(one == other)


def _sums(
    task: RangeTask,
    part: Part,
    tallies: pa.Table,
    groups: npt.NDArray[np.int32],
    group_labels: list[Labels],
    *,
    by_level: bool,
) -> BucketSums:
    buckets = task.buckets
    ordinals = part.ordinals[tallies["stream"].to_numpy()]
    # Any time of a minute at which the segment may have an entry: all its entries of the minute are in one bucket.
    times = np.maximum(tallies["minute"].to_numpy().astype(np.int64) * MINUTE + 1, part.segment.first)
    kept = np.flatnonzero((ordinals >= 0) & (times > buckets.origin) & (times <= buckets.end))
    series = groups[ordinals[kept]].astype(np.int64)
    runs = buckets.of(times[kept])
    labels = group_labels
    if by_level:
        levels = tallies["detected_level"].combine_chunks().dictionary_encode()
        texts = [*levels.dictionary.to_pylist(), None]
        codes = levels.indices.fill_null(len(texts) - 1).to_numpy()[kept]
        series = series * len(texts) + codes
        labels = [labels_of({**dict(own), LEVEL: text}) if text else own for own in group_labels for text in texts]
    counts = tallies["entries"].to_numpy()[kept]
    totals = tallies["bytes"].to_numpy()[kept] if task.counts_bytes else counts
    # One element per series and bucket: what comes behind adds them one by one.
    first, width = int(runs.min(initial=buckets.count)), int(np.ptp(runs)) + 1 if len(runs) else 1
    cells, place = _numbered(series * width + runs - first, len(labels) * width)
    count = np.bincount(place, weights=counts, minlength=len(cells)).astype(np.float64)
    total = np.bincount(place, weights=totals, minlength=len(cells)).astype(np.float64)
    return BucketSums(labels, cells // width, cells % width + first, count, total, total, total)


def _numbered(cells: npt.NDArray[np.int64], most: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The distinct cells, which are less than `most`, and for each cell its place among these."""
    if most > max(_FEW_CELLS, 4 * len(cells)):
        distinct, place = np.unique(cells, return_inverse=True)
        return distinct, place
    is_there = np.zeros(most, np.bool_)
    is_there[cells] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[cells]
