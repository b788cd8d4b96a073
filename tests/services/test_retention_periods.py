"""Which period a stream has, where several selectors match it."""

import numpy as np
import pytest

from sigyn.cli.retention import tenant_retention
from sigyn.config.retention_values import read_stream_retentions
from sigyn.config.settings import RetentionSettings
from sigyn.languages.durations import parse_duration
from sigyn.model.labels import Labels
from sigyn.services.retention import RetentionPeriods

DEFAULT = "30d"


def period_of(streams: str, labels: Labels) -> int:
    """The period (ns) of a stream with these labels, as the store asks for it."""
    settings = RetentionSettings(enabled=True, period=parse_duration(DEFAULT), streams=read_stream_retentions(streams))
    periods = RetentionPeriods(tenant_retention(settings))
    return int(periods("fake", np.array([7]), {7: labels}.__getitem__)[0])


@pytest.mark.parametrize(
    ("streams", "period"),
    [
        ('{app="b"}=1d', DEFAULT),
        ('{app="a"}=60d; {env="prod"}=7d', "7d"),
        ('{app="a"}=7d; {env="prod"}=60d', "7d"),
        ('{app="a"}=60d@1; {env="prod"}=7d', "60d"),
        ('{app="a"}=60d@1; {env="prod"}=7d@2; {app=~".+"}=9d@2; {app="b"}=1d@3', "7d"),
        ('{app="a"}=0; {env="prod"}=60d', "60d"),
        ('{app="a"}=0@1; {env="prod"}=60d', "0"),
    ],
)
def test_the_highest_priority_counts_then_the_shortest_period(streams: str, period: str) -> None:
    assert period_of(streams, (("app", "a"), ("env", "prod"))) == parse_duration(period)
