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


def period_of(streams: str, labels: Labels, *demoted: str) -> int:
    """The period (ns) of a stream with these labels, as the store asks for it, whose entries may carry others."""
    settings = RetentionSettings(enabled=True, period=parse_duration(DEFAULT), streams=read_stream_retentions(streams))
    periods = RetentionPeriods(tenant_retention(settings))
    return int(periods("fake", np.array([7]), {7: labels}.__getitem__, frozenset(demoted))[0])


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


@pytest.mark.parametrize(
    ("streams", "period"),
    [
        ('{id="x"}=60d', "60d"),  # entries may carry it
        ('{id="x"}=7d', DEFAULT),  # and others may not
        ('{id="x"}=0', "0"),
        ('{id!="x"}=60d', "60d"),
        ('{id!="x"}=7d', DEFAULT),  # the id of an entry may be x
        ('{id=""}=7d', DEFAULT),
        ('{id=~"x|y"}=60d; {id=~"y|z"}=90d', "90d"),
        ('{app="b", id="x"}=60d', DEFAULT),
        ('{app="a"}=7d', "7d"),
        ('{app="a"}=7d@1; {id="x"}=60d', "7d"),  # outweighs it for every entry
        ('{app="a"}=7d@1; {id="x"}=60d@1', "7d"),  # of equal ones the shortest
        ('{app="a"}=7d@1; {id="x"}=60d@2', "60d"),
        ('{app="a"}=60d@1; {id="x"}=7d@2', "60d"),
        ('{app="a"}=9d@1; {id="x"}=7d@2; {id="y"}=8d@2', "9d"),
        ('{app="a"}=7d@2; {id="x"}=60d@1; {id="y"}=0@1', "7d"),
    ],
)
def test_nothing_goes_early_in_a_stream_whose_entries_may_carry_a_label(streams: str, period: str) -> None:
    assert period_of(streams, (("app", "a"),), "id") == parse_duration(period)


@pytest.mark.parametrize(
    ("streams", "period"),
    [
        ('{id="x"}=7d', "7d"),
        ('{id="y"}=60d', DEFAULT),
        ('{id!="y"}=7d', "7d"),
        ('{id=~"x|y"}=60d', "60d"),
        ('{id=""}=60d', DEFAULT),
        ('{id="x", pid="1"}=60d', "60d"),  # an entry may have this pid
        ('{id="x", pid="1"}=7d', DEFAULT),
    ],
)
def test_a_label_of_the_stream_itself_counts(streams: str, period: str) -> None:
    assert period_of(streams, (("app", "a"), ("id", "x")), "id", "pid") == parse_duration(period)
