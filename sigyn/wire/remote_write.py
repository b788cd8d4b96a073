"""Prometheus remote write 1.0: series with samples as protobuf and snappy.

WriteRequest  timeseries=1 TimeSeries
TimeSeries    labels=1 Label, samples=2 Sample
Label         name=1, value=2
Sample        value=1 double, timestamp=2 (ms)
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from sigyn.model.labels import Labels
from sigyn.model.time import MILLISECOND

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

STALE_NAN: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The NaN by which Prometheus marks the end of a series."""

_PACKAGE = "sigyn.wire.remote_write"
_Field = descriptor_pb2.FieldDescriptorProto


@dataclass(frozen=True, slots=True)
class WrittenSample:
    """A sample of a series: `timestamp` in ns, `value` None for the end of the series."""

    labels: Labels
    timestamp: int
    value: float | None


def _write_request() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sigyn/wire/remote_write.proto", package=_PACKAGE, syntax="proto3")
    label = file.message_type.add(name="Label")
    label.field.add(name="name", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    label.field.add(name="value", number=2, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    sample = file.message_type.add(name="Sample")
    sample.field.add(name="value", number=1, type=_Field.TYPE_DOUBLE, label=_Field.LABEL_OPTIONAL)
    sample.field.add(name="timestamp", number=2, type=_Field.TYPE_INT64, label=_Field.LABEL_OPTIONAL)
    series = file.message_type.add(name="TimeSeries")
    for message, name, number in (("Label", "labels", 1), ("Sample", "samples", 2)):
        series.field.add(
            name=name,
            number=number,
            type=_Field.TYPE_MESSAGE,
            type_name=f".{_PACKAGE}.{message}",
            label=_Field.LABEL_REPEATED,
        )
    request = file.message_type.add(name="WriteRequest")
    request.field.add(
        name="timeseries",
        number=1,
        type=_Field.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.TimeSeries",
        label=_Field.LABEL_REPEATED,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.WriteRequest"))


WriteRequest = _write_request()
"""The message class of a write."""


def encode_write(samples: Sequence[WrittenSample]) -> bytes:
    """The body of a request with these samples, those of a series together and in their order."""
    series: dict[Labels, list[WrittenSample]] = {}
    for sample in samples:
        series.setdefault(sample.labels, []).append(sample)
    request = WriteRequest()
    for labels, own in series.items():
        one = request.timeseries.add()
        for name, value in labels:
            one.labels.add(name=name, value=value)
        for sample in own:
            number = STALE_NAN if sample.value is None else sample.value
            one.samples.add(value=number, timestamp=sample.timestamp // MILLISECOND)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
