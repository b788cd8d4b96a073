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
