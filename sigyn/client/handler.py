"""A handler for Python's `logging` that ships records to a server.

import logging
from sigyn.client.handler import SigynHandler
logging.getLogger().addHandler(SigynHandler("http://127.0.0.1:3100", labels={"app": "shop"}))
"""

import json
import logging
import os
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sigyn.client.push import PushClient, PushEntry
from sigyn.client.trace_context import trace_context
from sigyn.model.errors import BadRequest, SigynError, TooLarge, TooManyRequests, Unavailable
from sigyn.model.labels import Labels, labels_of
from sigyn.model.time import MICROSECOND, SECOND

_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0


class JsonFormatter(logging.Formatter):
    """A record as a line of JSON: level, logger, message, what `extra` added, and the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; values that JSON can't say are given as their `str`."""
        values = {"level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        for name, value in vars(record).items():
            if name not in _STANDARD_ATTRIBUTES:
                values.setdefault(name, value)
        if record.exc_info and record.exc_info[0]:
            values["exception_type"] = record.exc_info[0].__name__
            values["stack_trace"] = self.formatException(record.exc_info)
        if record.stack_info:
            values["stack_info"] = self.formatStack(record.stack_info)
        return json.dumps(values, ensure_ascii=False, default=str)


@dataclass(slots=True)
class _Queue:
    """What waits to be shipped. `changed` guards it all."""

    entries: deque[PushEntry] = field(default_factory=deque)
    in_flight: int = 0
    hurry: bool = False
    closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)


class SigynHandler(logging.Handler):
    """Ships records in batches from a thread of its own; logging never waits for the server.

    url             of the server, `http://127.0.0.1:3100`
    labels          of the stream that the records go to; few and fixed, such as app and env
    format          `json`: lines of JSON; `text`: the message alone. A formatter of your own
                    (`setFormatter`) goes before both
    queue_size      records that wait while the server is away; further ones are dropped and counted
    batch_size      records of one push at most
    interval        seconds that a record may wait for company
    close_timeout   seconds that the end of the program waits for what is not shipped yet
    The other arguments are those of PushClient.

    Level, logger and, when there is one, trace and span go with each record as structured metadata,
    whatever the format. `shipped` and `dropped` count records, `last_error` is what went wrong last;
    unless `logging.raiseExceptions` is off, trouble is also told on stderr, once a minute at most.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:3100",
        *,
        labels: Mapping[str, str],
        format: Literal["json", "text"] = "json",
        level: int = logging.NOTSET,
        queue_size: int = 10_000,
        batch_size: int = 1_000,
        interval: float = 1.0,
        close_timeout: float = 5.0,
        tenant: str = "",
        username: str = "",
        password: str = "",
        bearer_token: str = "",
        timeout: float = 10.0,
    ) -> None:
        super().__init__(level)
        self.labels: Labels = labels_of(labels)
        if not self.labels:
            raise BadRequest('the handler needs labels for its stream, such as {"app": "shop"}')
        self.shipped = 0
        self.dropped = 0
        self.last_error: SigynError | None = None
        self._client = PushClient(
            url, tenant=tenant, username=username, password=password, bearer_token=bearer_token, timeout=timeout
        )
        self._queue_size, self._batch_size = queue_size, batch_size
        self._interval, self._close_timeout = interval, close_timeout
        self._queue = _Queue()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._told = 0.0
        self.setFormatter(JsonFormatter() if format == "json" else logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Queues a record; drops it when the queue is full."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  a message may raise anything, and logging says: handleError
            self.handleError(record)
            return
        metadata = {"level": record.levelname.lower(), "logger": record.name, **trace_context(record)}
        timestamp = round(record.created * (SECOND // MICROSECOND)) * MICROSECOND
        self._start()
        queue = self._queue
        with queue.changed:
            if len(queue.entries) >= self._queue_size or queue.closed:
                self.dropped += 1
                return
            queue.entries.append(PushEntry(self.labels, timestamp, line, metadata))
            if len(queue.entries) in (1, self._batch_size):
                queue.changed.notify_all()

    def flush(self, timeout: float = 5.0) -> None:
        """Waits until everything logged so far is shipped or dropped, `timeout` seconds at most."""
        if self._process != os.getpid():
            return
        queue = self._queue
        with queue.changed:
            queue.hurry = True
            queue.changed.notify_all()
            queue.changed.wait_for(lambda: not queue.entries and not queue.in_flight, timeout)
            queue.hurry = False

    def close(self) -> None:
        """Ships what waits, for `close_timeout` seconds at most, and ends; `logging` calls this at exit."""
        self.flush(self._close_timeout)
        queue = self._queue
        with queue.changed:
            queue.closed = True
            self.dropped += len(queue.entries)
            queue.entries.clear()
            queue.changed.notify_all()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join(timeout=1.0)
        self._client.close()
        super().close()

    def _start(self) -> None:
        """Begins the thread with the first record, and anew in a child process, where it has none."""
        if self._thread is not None and self._process == os.getpid():
            return
        if self._process != os.getpid():
            self._process = os.getpid()
            self._queue = _Queue()
            self._client.close()
        self._thread = threading.Thread(target=self._ship, args=(self._queue,), name="sigyn-handler", daemon=True)
        self._thread.start()

    def _ship(self, queue: _Queue) -> None:
        while batch := self._next_batch(queue):
            self._send(queue, batch)
            with queue.changed:
                queue.in_flight = 0
                queue.changed.notify_all()

    def _next_batch(self, queue: _Queue) -> list[PushEntry]:
        """The next entries to ship, when they are many or waited long enough; none when all is over."""
        with queue.changed:
            queue.changed.wait_for(lambda: queue.entries or queue.closed)
            queue.changed.wait_for(
                lambda: len(queue.entries) >= self._batch_size or queue.hurry or queue.closed, self._interval
            )
            batch = [queue.entries.popleft() for _ in range(min(len(queue.entries), self._batch_size))]
            queue.in_flight = len(batch)
            return batch

    def _send(self, queue: _Queue, batch: list[PushEntry]) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                self._client.push(batch)
                self.shipped += len(batch)
                return
            except (TooManyRequests, Unavailable) as error:
                self._trouble(error, f"{len(batch)} log records wait")
                wait = max(wait, error.retry_after) if isinstance(error, TooManyRequests) else wait
            except (BadRequest, TooLarge) as error:
                self.dropped += len(batch)
                self._trouble(error, f"log records were refused, up to {len(batch)}")
                return
            with queue.changed:
                if queue.changed.wait_for(lambda: queue.closed, wait * random.uniform(0.5, 1.0)):
                    self.dropped += len(batch)
                    return
            wait = min(2 * wait, _LONGEST_WAIT)

    def _trouble(self, error: SigynError, what: str) -> None:
        self.last_error = error
        now = time.monotonic()
        if logging.raiseExceptions and sys.stderr and now - self._told > 60.0:
            self._told = now
            sys.stderr.write(f"sigyn: {what}: {error}\n")
