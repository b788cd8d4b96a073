"""Entries whose times are in seconds, milliseconds or microseconds: they are stored in 1970, and somebody is told."""

import structlog

from sigyn.model.batch import Batch
from sigyn.model.labels import format_labels
from sigyn.model.time import Clock
from sigyn.model.time_units import MISTAKEN_UNITS, NANOSECONDS, TimeUnit, mistake
from sigyn.services.paced_warnings import PacedWarnings

_log = structlog.get_logger("sigyn.ingest")
_LONGEST_STREAM = 200  # characters


class TimeUnitWatch:
    """Warns of such entries in the log, at most once a minute and tenant, and of so many tenants in a minute."""

    def __init__(self, clock: Clock) -> None:
        self._warnings = PacedWarnings(clock)

    def look(self, batch: Batch) -> int:
        """How many entries have such a time."""
        times = batch.entries["timestamp"].to_numpy()
        if not len(times) or times.min() >= NANOSECONDS.first:
            return 0
        count = 0
        for unit in MISTAKEN_UNITS:
            mistaken = (times >= unit.first) & (times < unit.end)
            if mistaken.any():
                count += int(mistaken.sum())
                self._warn(batch, int(mistaken.argmax()), unit)
        return count

    def _warn(self, batch: Batch, row: int, unit: TimeUnit) -> None:
        if not self._warnings.is_due(batch.tenant):
            return
        time = batch.entries["timestamp"][row].as_py()
        stream = format_labels(batch.streams[batch.entries["stream"][row].as_py()])
        _log.warning(
            "a push has times in another unit",
            tenant=batch.tenant,
            stream=stream[:_LONGEST_STREAM],
            timestamp=time,
            hint=mistake(time, unit),
        )
