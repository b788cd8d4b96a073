"""Answers to queries as Loki's JSON, in pieces."""

from collections.abc import Iterator

from sigyn.api.encoding.json import encode
from sigyn.api.encoding.numbers import format_points, format_seconds, format_value, point_openings
from sigyn.api.encoding.statistics import loki_statistics
from sigyn.api.encoding.streams import ENCODING_FLAGS, encode_streams
from sigyn.model.results import (
    LogResult,
    MatrixResult,
    QueryAnswer,
    QueryResult,
    ScalarResult,
    Series,
    TableResult,
    VectorResult,
)


def encode_answer(answer: QueryAnswer, *, categorize: bool = False) -> Iterator[bytes]:
    """The body of an answer.

    `resultType` and `encodingFlags` come before `result`: Grafana reads the body as a stream and
    has to know them first.
    """
    yield b'{"status":"success","data":{"resultType":"%b",' % RESULT_TYPES[type(answer.result)]
    if categorize and isinstance(answer.result, LogResult):
        yield ENCODING_FLAGS
    yield b'"result":'
    yield from encode_result(answer.result, categorize)
    yield b',"stats":%b}' % encode(loki_statistics(answer.statistics))
    if answer.warnings:
        yield b',"warnings":%b' % encode(answer.warnings)
    if answer.infos:
        yield b',"infos":%b' % encode(answer.infos)
    yield b"}"


RESULT_TYPES = {
    LogResult: b"streams",
    MatrixResult: b"matrix",
    VectorResult: b"vector",
    ScalarResult: b"scalar",
}


def encode_result(result: QueryResult, categorize: bool) -> Iterator[bytes]:
    """The `result` of an answer."""
    match result:
        case LogResult():
            yield from encode_streams(result.entries, categorize=categorize)
        case MatrixResult():
            yield from _encode_matrix(result.series)
        case VectorResult():
            time = format_seconds(result.timestamp)
            yield encode_rows(
                f'{{"metric":{encode(dict(sample.labels)).decode()},"value":[{time},"{format_value(sample.value)}"]}}'
                for sample in result.samples
            )
        case TableResult():
            raise TypeError("loki_shape turns tables into what Loki's API has")
        case ScalarResult():
            yield f'[{format_seconds(result.timestamp)},"{format_value(result.value)}"]'.encode()


def encode_rows(rows: Iterator[str]) -> bytes:
    """Encoded elements as one JSON array."""
    return f"[{','.join(rows)}]".encode()


def _encode_matrix(series: list[Series]) -> Iterator[bytes]:
    opening = "["
    known: dict[bytes, list[str]] = {}  # most series of an answer have points at the same times
    for one in series:
        key = one.timestamps.tobytes()
        openings = known.get(key)
        if openings is None:
            openings = known[key] = point_openings(one.timestamps)
        points = format_points(openings, one.values)
        yield f'{opening}{{"metric":{encode(dict(one.labels)).decode()},"values":{points}}}'.encode()
        opening = ","
    yield b"[]" if opening == "[" else b"]"
