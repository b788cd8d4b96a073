"""`limit`: at most so many entries per second; the others wait or are dropped."""

from collections import OrderedDict, deque
from dataclasses import dataclass

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.stage import NEVER, Stage, StageContext, kind
from sigyn.model.time import SECOND, Clock

_REASON = "ratelimit_drop_stage"


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """`rate` entries per second on average, `burst` at once, for all or for each value of a label."""

    rate: float = 0.0
    burst: int = 0
    drop: bool = False
    by_label_name: str = ""
    max_distinct_labels: int = 10_000


class Bucket:
    """Tokens that fill up at `rate` per second to at most `burst`."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def take(self, now: int) -> bool:
        """Take one token at `now` (ns), if there is one."""
        self._tokens = min(self._burst, self._tokens + max(now - self._at, 0) * self._rate / SECOND)
        self._at = max(now, self._at)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


def _compile(options: LimitOptions, context: StageContext) -> Stage:
    if options.rate <= 0 or options.burst <= 0:
        raise ConfigurationError("limit stage failed to parse rate or burst: both have to be greater than 0")
    if options.by_label_name and not options.drop:
        raise ConfigurationError("when ratelimiting by label, drop must be true")
    if options.by_label_name:
        return _by_label(options, context)
    bucket = Bucket(options.rate, options.burst, context.steady())
    if options.drop:
        return _dropping(bucket, context)
    return _waiting(bucket, context.steady)


def _dropping(bucket: Bucket, context: StageContext) -> Stage:
    dropped = context.metrics.dropped_lines(_REASON)

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        now = context.steady()
        kept = [entry for entry in entries if bucket.take(now)]
        if len(kept) < len(entries):
            dropped(len(entries) - len(kept))
        return kept

    return Stage(run)


def _waiting(bucket: Bucket, clock: Clock) -> Stage:
    """Entries over the limit wait here; the targets stop reading when too many do."""
    waiting: deque[AgentEntry] = deque()

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        waiting.extend(entries)
        return flush(clock())

    def flush(now: int) -> list[AgentEntry]:
        ready: list[AgentEntry] = []
        while waiting and (now >= NEVER or bucket.take(now)):
            ready.append(waiting.popleft())
        return ready

    return Stage(run, flush, lambda: waiting)


def _by_label(options: LimitOptions, context: StageContext) -> Stage:
    name = options.by_label_name
    buckets: OrderedDict[str, Bucket] = OrderedDict()

    def allowed(value: str, now: int) -> bool:
        bucket = buckets.get(value)
        if bucket is None:
            bucket = buckets[value] = Bucket(options.rate, options.burst, now)
            if len(buckets) > options.max_distinct_labels:
                buckets.popitem(last=False)
        else:
            buckets.move_to_end(value)
        if bucket.take(now):
            return True
        context.metrics.dropped_by_label(name, value)
        return False

    dropped = context.metrics.dropped_lines(_REASON)

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        now = context.steady()
        kept = [entry for entry in entries if name not in entry.labels or allowed(entry.labels[name], now)]
        if len(kept) < len(entries):
            dropped(len(entries) - len(kept))
        return kept

    return Stage(run)


KIND = kind("limit", LimitOptions, _compile)
