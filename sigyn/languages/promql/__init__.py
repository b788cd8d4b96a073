"""The part of PromQL that recorded series can be asked in, read into LogQL's tree."""

from sigyn.languages.promql.parser import (
    INSTANT,
    LOOK_BACK,
    METRIC_NAME,
    NAME,
    metric_names,
    parse_promql,
)

__all__ = ["INSTANT", "LOOK_BACK", "METRIC_NAME", "NAME", "metric_names", "parse_promql"]
