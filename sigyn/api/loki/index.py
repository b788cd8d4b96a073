"""`index/stats`, `index/volume`, `index/volume_range`, `index/shards`: how much there is of what."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.encoding.json import encode
from sigyn.api.encoding.numbers import format_seconds
from sigyn.api.loki.query import check_points
from sigyn.api.parameters import limit_parameter, step_parameter
from sigyn.api.requests import Arguments, api_of, arguments_of, tenants_of
from sigyn.api.responses import json_response, streamed_json
from sigyn.api.waiting import while_client_waits
from sigyn.engine.totals import StreamTotals
from sigyn.languages.logql import parse_selector
from sigyn.model.errors import BadRequest, NotFound
from sigyn.model.labels import Labels
from sigyn.model.time import MILLISECOND, SECOND, TimeRange

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Volume:
    """Bytes of some labels by the begin of the bucket (ns, rising)."""

    labels: Labels
    buckets: Int64s
    sizes: Int64s

    @property
    def bytes(self) -> int:
        return int(self.sizes.sum())


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
    end = format_seconds(asked.end)
    rows = (
        f'{{"metric":{encode(dict(volume.labels)).decode()},"value":[{end},"{volume.bytes}"]}}'
        for volume in _largest(request, arguments, totals)
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
    stamps = _Stamps(step, asked.end)
    rows = (
        f'{{"metric":{encode(dict(volume.labels)).decode()},"values":[{_points(volume, stamps)}]}}'
        for volume in _largest(request, arguments, totals)
    )
    return _answer("matrix", rows)


def _check_enabled(request: Request) -> None:
    if not api_of(request).settings_of(tenants_of(request)).volume_enabled:
        raise NotFound("volumes are switched off for this tenant (limits_config.volume_enabled)")


async def _size(request: Request, arguments: Arguments) -> dict[str, int]:
    """How much there is, in Loki's names; streams stand where it counts chunks."""
    totals = await _totals(request, arguments, arguments.range(api_of(request).clock()), None)
    streams = len({totals.labels[place] for place in np.unique(totals.streams).tolist()})
    return {
        "streams": streams,
        "chunks": streams,
        "bytes": int(totals.bytes.sum()),
        "entries": int(totals.entries.sum()),
    }


async def _totals(request: Request, arguments: Arguments, asked: TimeRange, step: int | None) -> StreamTotals:
    selector = arguments.first("query") or "{}"
    work = api_of(request).queries.stream_totals(tenants_of(request), asked.start, asked.end, selector, step)
    return await while_client_waits(request, work)


def _largest(request: Request, arguments: Arguments, totals: StreamTotals) -> list[_Volume]:
    settings = api_of(request).settings_of(tenants_of(request))
    limit = limit_parameter(arguments.first("limit"), settings.volume_series)
    limit = min(limit, settings.volume_max_series or limit)
    return sorted(_volumes(totals, arguments), key=lambda volume: (-volume.bytes, volume.labels))[:limit]


def _volumes(totals: StreamTotals, arguments: Arguments) -> list[_Volume]:
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
    numbers: dict[Labels, int] = {}
    groups_of: list[list[int]] = []  # for each stream the numbers of its groups
    for labels in totals.labels:
        groups: list[Labels] = []
        if targets <= {name for name, _ in labels}:
            groups = _label_groups(labels, targets) if by == "labels" else [_series_group(labels, named)]
        groups_of.append([numbers.setdefault(group, len(numbers)) for group in groups])
    return _added(totals, groups_of, list(numbers))


def _added(totals: StreamTotals, groups_of: list[list[int]], groups: list[Labels]) -> list[_Volume]:
    """The bytes of streams added up by groups; a group of which no stream has any is left out."""
    begins = np.unique(totals.buckets)
    width = max(np.gcd.reduce(np.diff(begins), initial=0), 1)  # sums are found by place: to sort a million takes longer
    columns = int((begins[-1] - begins[0]) // width) + 1 if len(begins) else 0
    places = (totals.buckets - begins[:1]) // width
    present, sums = np.zeros(len(groups) * columns, np.bool_), np.zeros(len(groups) * columns, np.int64)
    for column in zip_longest(*groups_of, fillvalue=-1):
        group = np.array(column)[totals.streams]
        chosen = group >= 0
        cells = group[chosen] * columns + places[chosen]
        present[cells] = True
        np.add.at(sums, cells, totals.bytes[chosen])
    (cells,) = np.nonzero(present)
    sums = sums[cells]
    begins = begins[:1] + cells % max(columns, 1) * width
    edges = np.searchsorted(cells, np.arange(len(groups) + 1) * columns).tolist()
    return [
        _Volume(group, begins[first:last], sums[first:last])
        for group, first, last in zip(groups, edges[:-1], edges[1:], strict=True)
        if first < last
    ]


def _series_group(labels: Labels, named: set[str]) -> Labels:
    return tuple((name, value) for name, value in labels if name in named)


def _label_groups(labels: Labels, targets: set[str]) -> list[Labels]:
    return [((name, ""),) for name, _ in labels if not targets or name in targets]


class _Stamps(dict[int, str]):
    """The times with which buckets are shown by their begins (ns): many volumes have the same."""

    def __init__(self, step: int, end: int) -> None:
        self._step = step
        self._end = end

    def __missing__(self, bucket: int) -> str:
        end = bucket + self._step
        text = self[bucket] = format_seconds(end - MILLISECOND if end < self._end else self._end)
        return text


def _points(volume: _Volume, stamps: _Stamps) -> str:
    points = zip(volume.buckets.tolist(), volume.sizes.tolist(), strict=True)
    return ",".join([f'[{stamps[bucket]},"{size}"]' for bucket, size in points])


def _answer(kind: str, rows: Iterable[str]) -> Response:
    head = f'{{"status":"success","data":{{"resultType":"{kind}","result":['
    return streamed_json(iter((f"{head}{','.join(rows)}]}}}}".encode(),)))
