"""From the outbox to the receivers: each message until it is taken, or is too old to matter.

Messages of a rule come in order. One that fails holds up those of its rule alone: a receiver that stumbles over
one message still hears of all other rules.
"""

import asyncio

import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.time import DAY, Clock
from sigyn.ruler.notify.outbox import Outbox, Waiting
from sigyn.ruler.notify.receivers import Receiver, Refused
from sigyn.ruler.notify.retry import pause
from sigyn.ruler.statistics import RulerStatistics

_log = structlog.get_logger("sigyn.ruler")

GIVE_UP_AFTER = DAY
"""How long a message is tried, ns."""


class Delivery:
    """Sends what waits for one receiver."""

    def __init__(self, receiver: Receiver, outbox: Outbox, statistics: RulerStatistics, clock: Clock) -> None:
        self.name = receiver.name
        self.key = receiver.key
        self._receiver = receiver
        self._outbox = outbox
        self._statistics = statistics
        self._clock = clock
        self._something = asyncio.Event()
        self._something.set()  # what a former process left

    def wake(self) -> None:
        """Tells that there may be something to send."""
        self._something.set()

    async def run(self) -> None:
        """Sends, until it is cancelled."""
        failures = 0
        put_off: set[str] = set()
        while True:
            waiting = await asyncio.to_thread(self._outbox.first, self.key, put_off)
            if waiting is None and put_off:
                put_off.clear()
                continue
            if waiting is None:
                self._something.clear()
                self._statistics.notifications_waiting[self.name] = 0
                await self._something.wait()
                continue
            self._statistics.notifications_waiting[self.name] = await asyncio.to_thread(self._outbox.count, self.key)
            failures = 0 if await self._dealt_with(waiting) else failures + 1
            if failures:
                put_off.add(waiting.message.about)
                await pause(failures)

    async def _dealt_with(self, waiting: Waiting) -> bool:
        """Tries to deliver a message; whether the next one is up."""
        count = len(waiting.message.notices)
        try:
            await self._receiver.send(waiting.message)
            self._statistics.notifications_sent[self.name] += count
        except (Refused, Unavailable) as error:
            too_old = self._clock() - waiting.created > GIVE_UP_AFTER
            dropped = isinstance(error, Refused) or too_old
            self._statistics.notification_errors[self.name] += count
            tell = _log.error if dropped else _log.warning
            tell("a receiver was not told", receiver=self.name, rule=waiting.message.rule, error=str(error),
                 dropped=dropped)  # fmt: skip
            if not dropped:
                return False
            self._statistics.notifications_dropped[self.name] += count
        await asyncio.to_thread(self._outbox.remove, waiting.id)
        return True
