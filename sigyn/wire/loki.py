"""Bodies of Loki's push endpoints, whichever of its formats they have."""

from email.message import Message

from sigyn.model.errors import BadRequest
from sigyn.wire.compression import MAX_DECOMPRESSED_BYTES, decompress, decompress_snappy
from sigyn.wire.loki_json import decode_legacy_json, decode_loki_json
from sigyn.wire.loki_protobuf import decode_push_request
from sigyn.wire.push import DecodedPush

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
_PROTOBUF_TYPES = (PROTOBUF, "application/protobuf")


def decode_loki_push(
    body: bytes, content_type: str, content_encoding: str, limit: int = MAX_DECOMPRESSED_BYTES
) -> DecodedPush:
    """The push in a body of `POST /loki/api/v1/push`; `limit` bounds it decompressed.

    As in Loki a body is JSON when its type says so and snappy protobuf otherwise; a body of another
    type, or of none, that begins with a brace is read as JSON all the same.
    Raises BadRequest and TooLarge.
    """
    body = decompress(body, content_encoding, limit)
    if _is_json(body, content_type):
        return decode_loki_json(_out_of_snappy(body, content_encoding, limit))
    return decode_push_request(decompress_snappy(body, limit))


def decode_legacy_push(
    body: bytes, content_type: str, content_encoding: str, limit: int = MAX_DECOMPRESSED_BYTES
) -> DecodedPush:
    """The push in a body of `POST /api/prom/push`, where Loki's first agents sent theirs.

    Raises BadRequest and TooLarge; a Prometheus remote write, which comes to this path too, is
    refused by name.
    """
    body = decompress(body, content_encoding, limit)
    if _is_json(body, content_type):
        return decode_legacy_json(_out_of_snappy(body, content_encoding, limit))
    message = decompress_snappy(body, limit)
    if is_remote_write(message):
        raise BadRequest("this is a Prometheus remote write, and this server takes in logs alone")
    return decode_push_request(message)


def is_remote_write(message: memoryview) -> bool:
    """Whether an uncompressed protobuf message is Prometheus' WriteRequest, and not Loki's PushRequest.

    Both begin with a list of series or streams (field 1), and these with their labels (field 1):
    in Prometheus' case a message, whose first byte is the tag of the label's name, in Loki's a
    text, which begins with a brace. Remote write may also hold metadata alone (field 3), and its
    second version begins with its symbols (field 4).
    """
    head = bytes(message[:16])
    if head[:1] in (b"\x1a", b"\x22"):
        return True
    outer = _content(head, 0)
    inner = _content(head, outer) if outer else None
    return inner is not None and head[inner : inner + 1] in (b"\n", b"\x12")


def _content(message: bytes, at: int) -> int | None:
    """Where the content of field 1 begins whose tag is at `at`; None when another field is there."""
    if message[at : at + 1] != b"\n":
        return None
    at += 1
    while at < len(message) and message[at] >= 0x80:
        at += 1
    return at + 1


def _out_of_snappy(body: bytes, content_encoding: str, limit: int) -> bytes:
    if "snappy" in content_encoding.lower():
        return bytes(decompress_snappy(body, limit))
    return body


def media_type(content_type: str) -> str:
    """`application/json` of `application/json; charset=utf-8`, in lower case."""
    header = Message()
    header["content-type"] = content_type or "text/plain"
    return header.get_content_type()


def _is_json(body: bytes, content_type: str) -> bool:
    kind = media_type(content_type)
    return kind == JSON or (kind not in _PROTOBUF_TYPES and body.lstrip()[:1] == b"{")
