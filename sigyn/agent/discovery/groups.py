"""What discovery tells: label sets by source, each time the whole of a source."""

from collections.abc import Callable, Mapping, Sequence

TargetLabels = Mapping[str, str]
"""A target before relabelling: its labels, `__address__`, `__meta_*`, `__path__`."""

Update = Callable[[str, Sequence[TargetLabels]], None]
"""Called with a source (`static/0`, `pod/default/web-0`) and its targets now; none when it is gone."""
