"""`index/stats`, `index/volume`, `index/volume_range`, `index/shards`: how much there is of what."""

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.encoding.json import encode
from sigyn.api.encoding.numbers import format_seconds
from sigyn.api.loki.query import check_points
from sigyn.api.parameters import limit_parameter, step_parameter
from sigyn.api.requests import Arguments, api_of, arguments_of, tenants_of
from sigyn.api.responses import json_response, streamed_json
from sigyn.api.waiting import while_client_waits
from sigyn.engine.totals import StreamTotal
from sigyn.languages.logql import parse_selector
from sigyn.model.errors import BadRequest, NotFound
from sigyn.model.labels import Labels
from sigyn.model.time import MILLISECOND, SECOND, TimeRange

Volumes = dict[Labels, dict[int, int]]
"""Bytes by labels and by the end of the bucket."""

_STEPS = 250
"""Buckets of volume_range when the request names no step: Loki's default resolution."""


async def stats(request: Request) -> Response:
    """`/loki/api/v1/index/stats`, a bare object."""
    arguments = await arguments_of(request)
    return json_response(await _size(request, arguments))


async def shards(request: Request) -> Response:
    """`/loki/api/v1/index/shards`: one shard, since queries are cut up inside the engine."""
    arguments = await arguments_of(request)
    whole = {"bounds": {"min": 0, "max": 2**64 - 1}, "stats": await _size(request, arguments)}
    return json_response({"shards": [whole], "statistics": {}})


async def volume(request: Request) -> Response:
    """`/loki/api/v1/index/volume`: bytes by label set, the largest first, stamped at the end."""
    arguments = await arguments_of(request)
    _check_enabled(request)
    asked = arguments.range(api_of(request).clock())
    totals = await _totals(request, arguments, asked, None)
    stamped = [(total.labels, asked.end, total.bytes) for total in totals]
    end = format_seconds(asked.end)
    rows = (
        f'{{"metric":{encode(dict(labels)).decode()},"value":[{end},"{sum(volumes.values())}"]}}'
        for labels, volumes in _largest(request, arguments, stamped)
    )
    return _answer("vector", rows)


async def volume_range(request: Request) -> Response:
    """`/loki/api/v1/index/volume_range`: a bucket is stamped a millisecond before its end, the last at it."""
    arguments = await arguments_of(request)
    _check_enabled(request)
    asked = arguments.range(api_of(request).clock())
    step = step_parameter(arguments.first("step")) or max(SECOND, (asked.end - asked.start) // _STEPS)
    check_points(asked, step)
    totals = await _totals(request, arguments, asked, step)
    stamped = [(total.labels, _stamp(total.bucket, step, asked.end), total.bytes) for total in totals]
    rows = (
        f'{{"metric":{encode(dict(labels)).decode()},"values":[{_points(volumes)}]}}'
        for labels, volumes in _largest(request, arguments, stamped)
    )
    return _answer("matrix", rows)


def _check_enabled(request: Request) -> None:
    if not api_of(request).settings_of(tenants_of(request)).volume_enabled:
        raise NotFound("volumes are switched off for this tenant (limits_config.volume_enabled)")


async def _size(request: Request, arguments: Arguments) -> dict[str, int]:
    """How much there is, in Loki's names; streams stand where it counts chunks."""
    totals = await _totals(request, arguments, arguments.range(api_of(request).clock()), None)
    streams = len({total.labels for total in totals})
    return {
        "streams": streams,
        "chunks": streams,
        "bytes": sum(total.bytes for total in totals),
        "entries": sum(total.entries for total in totals),
    }


async def _totals(request: Request, arguments: Arguments, asked: TimeRange, step: int | None) -> Sequence[StreamTotal]:
    selector = arguments.first("query") or "{}"
    work = api_of(request).queries.stream_totals(tenants_of(request), asked.start, asked.end, selector, step)
    return await while_client_waits(request, work)


def _largest(
    request: Request, arguments: Arguments, stamped: Iterable[tuple[Labels, int, int]]
) -> list[tuple[Labels, dict[int, int]]]:
    settings = api_of(request).settings_of(tenants_of(request))
    limit = limit_parameter(arguments.first("limit"), settings.volume_series)
    limit = min(limit, settings.volume_max_series or limit)
    volumes = add_volumes(stamped, arguments)
    return sorted(volumes.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:limit]


def add_volumes(stamped: Iterable[tuple[Labels, int, int]], arguments: Arguments) -> Volumes:
    """Volumes of streams added up by `targetLabels`, by default the labels that the selector names.

    Streams without all of the target labels are left out, as in Loki.
    `aggregateBy=labels` gives one sum per label name, with an empty value. Raises BadRequest.
    """
    by = arguments.first("aggregateBy") or "series"
    if by not in ("series", "labels"):
        raise BadRequest(f"invalid aggregation option `{by}`: write series or labels")
    targets = {name for name in arguments.first("targetLabels").split(",") if name}
    selector = arguments.first("query") or "{}"
    named = targets or {matcher.name for matcher in parse_selector(selector).matchers}
    volumes: Volumes = {}
    for labels, time, size in stamped:
        names = {name for name, _ in labels}
        if not targets <= names:
            continue
        groups = _label_groups(labels, targets) if by == "labels" else [_series_group(labels, named)]
        for group in groups:
            buckets = volumes.setdefault(group, {})
            buckets[time] = buckets.get(time, 0) + size
    return volumes


def _series_group(labels: Labels, named: set[str]) -> Labels:
    return tuple((name, value) for name, value in labels if name in named)


def _label_groups(labels: Labels, targets: set[str]) -> list[Labels]:
    return [((name, ""),) for name, _ in labels if not targets or name in targets]


def _points(volumes: dict[int, int]) -> str:
    return ",".join(f'[{format_seconds(time)},"{volumes[time]}"]' for time in sorted(volumes))


def _stamp(bucket: int, step: int, end: int) -> int:
    return bucket + step - MILLISECOND if bucket + step < end else end


def _answer(kind: str, rows: Iterable[str]) -> Response:
    head = f'{{"status":"success","data":{{"resultType":"{kind}","result":['
    return streamed_json(iter((f"{head}{','.join(rows)}]}}}}".encode(),)))
