"""OTLP messages with text that is not UTF-8, mended.

Protobuf's readers refuse such a message, the collector's own writer does not look: a collector that
reads one file in another encoding would lose every batch that holds a line of it. The twins of the
messages here have bytes where those have text, which is the same on the wire.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

_Field = descriptor_pb2.FieldDescriptorProto


def with_mended_text(message: bytes) -> bytes:
    """An ExportLogsServiceRequest with U+FFFD for the bytes that are not UTF-8; raises DecodeError."""
    twin, texts = _twin()
    request = twin.FromString(message)
    _mend(request, texts)
    mended: bytes = request.SerializeToString()
    return mended


def _mend(message: Message, texts: frozenset[str]) -> None:
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _mend(inner, texts)
        elif field.full_name in texts:
            mended = [_utf8(text) for text in (value if field.is_repeated else (value,))]
            if field.is_repeated:
                value[:] = mended
            else:
                setattr(message, field.name, mended[0])


def _utf8(text: bytes) -> bytes:
    return text.decode("utf-8", "replace").encode()


@cache
def _twin() -> tuple[Any, frozenset[str]]:
    """The class of the twin, and the full names of the fields that are text."""
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

    pool = descriptor_pool.DescriptorPool()
    texts: set[str] = set()
    _add(pool, logs_service_pb2.DESCRIPTOR, texts)
    request = pool.FindMessageTypeByName(logs_service_pb2.ExportLogsServiceRequest.DESCRIPTOR.full_name)
    return message_factory.GetMessageClass(request), frozenset(texts)


def _add(pool: descriptor_pool.DescriptorPool, file: Any, texts: set[str]) -> None:
    for dependency in file.dependencies:
        _add(pool, dependency, texts)
    twin = descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb)
    for message in twin.message_type:
        for field in message.field:
            if field.type == _Field.TYPE_STRING:
                field.type = _Field.TYPE_BYTES
                texts.add(f"{twin.package}.{message.name}.{field.name}")
    pool.Add(twin)
