"""The demonstration as it runs: the past first, newest part first, then every second as it comes."""

import asyncio
import random
from collections.abc import Iterator

import structlog

from sigyn.api.services import Ingest
from sigyn.demo import agents, ryot, sigmalang, sigmavault
from sigyn.demo.entry import DemoEntry, push_of
from sigyn.demo.traffic import requests_of
from sigyn.model.errors import SigynError
from sigyn.model.time import SECOND, Clock

PAST = 6 * 3600
"""Seconds of the past that are filled at the start."""

_AT_ONCE = 600
_SERVICES = (ryot, sigmalang, sigmavault, agents)

_log = structlog.get_logger("sigyn.demo")


def entries_of(first: int, last: int) -> Iterator[DemoEntry]:
    """The entries of the requests that begin in the seconds first <= s < last since the epoch.

    A second gives the same entries whenever it is asked for, so that a restart adds only exact
    duplicates, which are shown once.
    """
    for second in range(first, last):
        dice = random.Random(second)
        for request in requests_of(second, dice):
            for service in _SERVICES:
                yield from service.lines(request, dice)


async def feed(ingest: Ingest, tenant: str, clock: Clock, past: int = PAST) -> None:
    """Logs for ever, from `past` seconds before now on; what can't be stored is left out."""
    now = clock() // SECOND
    for end in range(now, now - past, -_AT_ONCE):
        await _push(ingest, tenant, max(now - past, end - _AT_ONCE), end)
    while True:
        await asyncio.sleep(1 - clock() % SECOND / SECOND)
        until = clock() // SECOND
        await _push(ingest, tenant, now, until)
        now = until


async def _push(ingest: Ingest, tenant: str, first: int, last: int) -> None:
    decoded = await asyncio.to_thread(lambda: push_of(entries_of(first, last)))
    if decoded.stream_count:
        try:
            await ingest.push(tenant, decoded)
        except SigynError as error:
            _log.warning("demo entries refused", reason=str(error))
