"""A query's plan as text for a person."""

from collections.abc import Iterator

from sigyn.engine.explain import Explanation, ReadPlan
from sigyn.model.rfc3339 import format_rfc3339
from sigyn.model.sizes import format_size

_RUNS_IN = {"sql": "SQL", "interpreter": "interpreter", "rows": "rows"}


def explanation_text(explanation: Explanation) -> str:
    """The plan over several lines."""
    lines = [f"{explanation.kind}: {explanation.query}"]
    for number, read in enumerate(explanation.reads, 1):
        lines += ["", f"{number}. {read.selector}  {format_rfc3339(read.start)} to {format_rfc3339(read.end)}"]
        lines += [f"   {line}" for line in _read(read)]
    if not explanation.reads:
        lines += ["", "nothing is read"]
    return "\n".join(lines)


def _read(read: ReadPlan) -> Iterator[str]:
    pruned = read.segments_total - read.segments_read
    yield f"streams     {read.streams}"
    yield f"segments    {read.segments_read} read, {pruned} pruned of {read.segments_total}"
    yield f"row groups  {read.row_groups_read} read of {read.row_groups_total}"
    yield f"at most     {read.rows} entries, {format_size(read.bytes)} of lines"
    if read.columns:
        yield f"columns     {read.columns} of them are in segments that hold their fields as columns"
    if read.tallied:
        yield f"tallies     {read.tallied} segments answer by their counts and are not read"
    width = max((len(stage.text) for stage in read.stages), default=0)
    for stage in read.stages:
        reason = f" ({stage.reason})" if stage.reason else ""
        yield f"{stage.text:<{min(width, 60)}}  {_RUNS_IN[stage.runs_in]}{reason}"
    yield f"for         {read.purpose}"
