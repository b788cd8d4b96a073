"""What fails again and again is told now and then, and so is its end."""

from structlog.testing import capture_logs

from sigyn.model.errors import Unavailable
from sigyn.store.outage import Outage


def test_a_failure_that_lasts_is_told_now_and_then_and_so_is_its_end() -> None:
    now = 0.0
    outage = Outage("it fails", "it goes well", 600.0, lambda: now)
    told = []
    with capture_logs() as logs:
        for time, failure in ((0, None), (10, "full"), (20, "full"), (609, "full"), (610, "away"), (620, None)):
            now = float(time)
            outage.told(None if failure is None else Unavailable(failure))
            told += [(time, entry["event"], entry.get("reason"), entry["failed"]) for entry in logs]
            logs.clear()
    assert told == [
        (10, "it fails", "full", 1),
        (610, "it fails", "away", 4),
        (620, "it goes well", None, 4),
    ]


def test_what_comes_and_goes_is_not_told_each_time() -> None:
    now = 0.0
    outage = Outage("it fails", "it goes well", 60.0, lambda: now, between_outages=60.0, server="cache:1")
    told = []
    with capture_logs() as logs:
        for time, fails in ((0, True), (5, False), (10, True), (15, False), (50, True), (60, True), (65, False)):
            now = float(time)
            outage.told(Unavailable("away") if fails else None)
            told += [(time, entry["event"], entry["server"], entry["failed"]) for entry in logs]
            logs.clear()
    assert told == [
        (0, "it fails", "cache:1", 1),
        (5, "it goes well", "cache:1", 1),
        (60, "it fails", "cache:1", 2),
        (65, "it goes well", "cache:1", 2),
    ]


def test_the_failure_that_was_heard_last_counts_for_a_while() -> None:
    now = 0.0
    outage = Outage("it fails", "it goes well", 600.0, lambda: now)
    assert outage.failing(15.0) is None
    with capture_logs():
        outage.told(Unavailable("full"))
        now = 10.0
        outage.told(Unavailable("away"))
    asked = []
    for later in (0.0, 15.0, 15.1):
        now = 10.0 + later
        failure = outage.failing(15.0)
        asked.append(failure and str(failure))
    assert asked == ["away", "away", None]
    with capture_logs():
        outage.told(Unavailable("full"))
        outage.told(None)
    assert outage.failing(15.0) is None
