"""`patterns`: the kinds of lines that a selector matches, and how many of each per step."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.parameters import step_parameter
from sigyn.api.requests import api_of, arguments_of, tenants_of
from sigyn.api.responses import success
from sigyn.api.waiting import while_client_waits
from sigyn.languages.logql import parse_selector
from sigyn.model.results import LogEntry, LogResult
from sigyn.model.time import SECOND
from sigyn.services.patterns import Pattern, PatternMiner
from sigyn.services.query import QueryRequest

LEAST_STEP = 10 * SECOND
"""Loki counts patterns in steps of ten seconds, or of a multiple."""

_MOST_STEPS = 1_000
_SLICES = 24
"""A range of more lines than are read is sampled in this many places."""


async def patterns(request: Request) -> Response:
    """`/loki/api/v1/patterns`; counts are estimates when there are more lines than `pattern_sample`."""
    arguments = await arguments_of(request)
    asked = arguments.range(api_of(request).clock())
    selector = arguments.first("query")
    parse_selector(selector)
    length = asked.end - asked.start
    step = max(LEAST_STEP, step_parameter(arguments.first("step")) or LEAST_STEP, length // _MOST_STEPS)
    step -= step % SECOND
    found = await while_client_waits(request, _mine(request, selector, asked.start, asked.end, step))
    return success(
        [{"pattern": one.pattern, "level": one.level, "samples": one.samples} for one in found],
    )


async def _mine(request: Request, selector: str, start: int, end: int, step: int) -> list[Pattern]:
    most = api_of(request).settings.pattern_sample
    totals: dict[int, int] = {}
    found = await api_of(request).queries.stream_totals(tenants_of(request), start, end, selector, step)
    for bucket, entries in zip(found.buckets.tolist(), found.entries.tolist(), strict=True):
        totals[bucket] = totals.get(bucket, 0) + entries
    miner = PatternMiner(step)
    lines = sum(totals.values())
    if 0 < lines <= most:
        await run_in_threadpool(miner.add, await _entries(request, selector, start, end, lines))
    elif lines:
        # Places are spread over the time in which there are lines, however much wider the range is.
        start, end = max(start, min(totals)), min(end, max(totals) + step)
        size = max(step, -(-(end - start) // _SLICES // step) * step)
        for slice_start in range(start, end, size):
            within = {at: count for at, count in totals.items() if slice_start <= at < slice_start + size}
            if within:
                sample = await _entries(request, selector, slice_start, min(end, slice_start + size), most // _SLICES)
                await run_in_threadpool(miner.add_sample, sample, within)
    return await run_in_threadpool(miner.patterns)


async def _entries(request: Request, selector: str, start: int, end: int, limit: int) -> list[LogEntry]:
    api, tenant = api_of(request), tenants_of(request)
    answer = await api.queries.query_range(
        QueryRequest(
            tenant=tenant,
            query=selector,
            start=start,
            end=end,
            step=None,
            limit=limit,
            timeout=api.settings_of(tenant).query_timeout,
        )
    )
    assert isinstance(answer.result, LogResult)
    return answer.result.entries
