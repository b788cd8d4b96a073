"""The protobuf messages of a Loki push, described here by their field numbers.

    PushRequest   streams=1 Stream
    Stream        labels=1, entries=2 Entry, hash=3
    Entry         timestamp=1 Timestamp, line=2, structuredMetadata=3 Pair, parsed=4 Pair
    Pair          name=1, value=2
    Timestamp     seconds=1, nanos=2

Text is declared as bytes, which is the same on the wire: senders put bytes there that are not
UTF-8, and those are mended here, not refused.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "sigyn.wire.loki"
_Field = descriptor_pb2.FieldDescriptorProto


def _message(file: descriptor_pb2.FileDescriptorProto, name: str, *fields: tuple[str, int, str]) -> None:
    message = file.message_type.add(name=name)
    for field_name, number, kind in fields:
        repeated = kind.endswith("*")
        kind = kind.removesuffix("*")
        field = message.field.add(
            name=field_name, number=number, label=_Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
        )
        if kind in _SCALARS:
            field.type = _SCALARS[kind]
        else:
            field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"


_SCALARS: dict[str, _Field.Type.ValueType] = {
    "bytes": _Field.TYPE_BYTES,
    "int64": _Field.TYPE_INT64,
    "int32": _Field.TYPE_INT32,
    "uint64": _Field.TYPE_UINT64,
}


def _push_request() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sigyn/wire/loki.proto", package=_PACKAGE, syntax="proto3")
    _message(file, "Timestamp", ("seconds", 1, "int64"), ("nanos", 2, "int32"))
    _message(file, "Pair", ("name", 1, "bytes"), ("value", 2, "bytes"))
    _message(
        file,
        "Entry",
        ("timestamp", 1, "Timestamp"),
        ("line", 2, "bytes"),
        ("structured_metadata", 3, "Pair*"),
        ("parsed", 4, "Pair*"),
    )
    _message(file, "Stream", ("labels", 1, "bytes"), ("entries", 2, "Entry*"), ("hash", 3, "uint64"))
    _message(file, "PushRequest", ("streams", 1, "Stream*"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.PushRequest"))


PushRequest = _push_request()
"""The message class of a push."""
