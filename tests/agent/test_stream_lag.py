"""The lag of each file, for as long as it means something."""

from sigyn.agent.counters import AgentCounters
from sigyn.agent.stream_lag import StreamLag
from sigyn.model.time import HOUR, MINUTE


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def test_the_longest_lag_over_all_servers_is_that_of_the_file() -> None:
    lag = StreamLag(Hand())
    lag.set("/var/log/a.log", "one", 2.0)
    lag.set("/var/log/a.log", "two", 5.0)
    lag.set("/var/log/b.log", "one", 1.0)
    lag.set("/var/log/b.log", "one", 0.5)
    assert lag.by_file() == {"/var/log/a.log": 5.0, "/var/log/b.log": 0.5}


def test_a_file_that_nothing_comes_of_is_forgotten_after_an_hour() -> None:
    clock = Hand()
    lag = StreamLag(clock)
    for number in range(1000):
        lag.set(f"/var/log/pods/{number}.log", "one", 1.0)
    clock.now = 30 * MINUTE
    lag.set("/var/log/a.log", "one", 3.0)
    assert len(lag.by_file()) == 1001
    clock.now = HOUR
    (metric,) = lag.collect()
    assert [(sample.labels["filename"], sample.value) for sample in metric.samples] == [("/var/log/a.log", 3.0)]


def test_the_agent_shows_it_among_its_metrics() -> None:
    counters = AgentCounters()
    counters.stream_lag.set("/var/log/a.log", "server:3100", 1.5)
    shown = counters.render().decode()
    assert '\npromtail_stream_lag_seconds{filename="/var/log/a.log",host="server:3100"} 1.5\n' in shown
    assert "promtail_stream_lag_seconds" not in counters.render(without=["promtail_stream_lag_seconds"]).decode()
