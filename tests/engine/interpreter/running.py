"""Run the stages of a query over one entry."""

from sigyn.engine.interpreter.entry import Processed
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.languages.logql import ast, parse
from sigyn.model.labels import Labels, labels_of

STREAM: Labels = labels_of({"app": "shop", "env": "dev"})


def pipeline(stages: str) -> Pipeline:
    """The pipeline of `{app="shop"}` followed by `stages`, which may end with an unwrap."""
    if "unwrap" in stages:
        query = parse(f'sum_over_time({{app="shop"}} {stages} [1m])')
        assert isinstance(query, ast.RangeAggregation)
        return Pipeline(query.log_range.query.stages, query.log_range.unwrap)
    log_query = parse(f'{{app="shop"}} {stages}')
    assert isinstance(log_query, ast.LogQuery)
    return Pipeline(log_query.stages)


def run(stages: str, line: str, stream: Labels = STREAM, timestamp: int = 0, **metadata: str) -> Processed | None:
    """What is left of an entry; None when a stage drops it."""
    return pipeline(stages).process(stream, timestamp, line, labels_of(metadata))


def parsed(stages: str, line: str, **metadata: str) -> dict[str, str]:
    """The labels that stages make, without the details of errors, whose text is free."""
    entry = run(stages, line, **metadata)
    assert entry is not None
    return {name: value for name, value in entry.parsed.items() if name != "__error_details__"}


def keeps(stages: str, line: str, **metadata: str) -> bool:
    """Whether an entry comes through the stages."""
    return run(stages, line, **metadata) is not None
