"""`patterns`: the kinds of lines that a selector matches, and how many of each per step."""

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.parameters import step_parameter
from sigyn.api.requests import api_of, arguments_of, tenants_of
from sigyn.api.responses import success
from sigyn.api.waiting import while_client_waits
from sigyn.languages.logql import parse_selector
from sigyn.model.time import SECOND
from sigyn.services.patterns import Pattern, patterns_of_all, patterns_of_sample

LEAST_STEP = 10 * SECOND
"""Loki counts patterns in steps of ten seconds, or of a multiple."""

_MOST_STEPS = 1_000
_SLICES = 24
"""A range of more lines than are read is sampled in this many places."""

_MOST_TEXT = 12 << 20
"""Bytes of lines that are looked at, about: 20,000 lines of 600 bytes, and fewer where they are longer."""


async def patterns(request: Request) -> Response:
    """`/loki/api/v1/patterns`; counts are estimates when there are more lines than are looked at."""
    arguments = await arguments_of(request)
    asked = arguments.range(api_of(request).clock())
    selector = arguments.first("query")
    parse_selector(selector)
    length = asked.end - asked.start
    step = max(LEAST_STEP, step_parameter(arguments.first("step")) or LEAST_STEP, length // _MOST_STEPS)
    step -= step % SECOND
    work = _mine(request, tenants_of(request), selector, asked.start, asked.end, step)
    found = await while_client_waits(request, work)
    return success(
        [{"pattern": one.pattern, "level": one.level, "samples": one.samples} for one in found],
    )


async def _mine(request: Request, tenants: str, selector: str, start: int, end: int, step: int) -> list[Pattern]:
    queries = api_of(request).queries
    found = await queries.stream_totals(tenants, start, end, selector, step)
    times, places = np.unique(found.buckets, return_inverse=True)
    totals = np.zeros(len(times), np.int64)
    np.add.at(totals, places, found.entries)
    lines = int(totals.sum())
    if not lines:
        return []
    average = max(int(found.bytes.sum()) // lines, 1)
    most = min(api_of(request).settings.pattern_sample, _MOST_TEXT // average)
    if lines <= most:
        every = await queries.newest_lines(tenants, selector, np.array([start, end]), lines)
        return await run_in_threadpool(patterns_of_all, every, step)
    # Places are spread over the time in which there are lines, however much wider the range is.
    start, end = max(start, int(times[0])), min(end, int(times[-1]) + step)
    size = max(step, -(-(end - start) // _SLICES // step) * step)
    edges = np.array([*range(start, end, size), end], np.int64)
    sample = await queries.newest_lines(tenants, selector, edges, max(most // _SLICES, 1))
    return await run_in_threadpool(patterns_of_sample, sample, times, totals, step)
