"""What OTLP has to say about a request that went wrong: a `google.rpc.Status`.

Its `code` is left out, as the specification allows: the status of HTTP says it.
"""

import msgspec

_MESSAGE = 0x12  # field 2, as bytes with their length in front


def encode_status(message: str) -> bytes:
    """A Status with this message, in protobuf."""
    text = message.encode()
    return bytes((_MESSAGE, *_varint(len(text)))) + text


def encode_status_json(message: str) -> bytes:
    """The same in JSON."""
    return msgspec.json.encode({"message": message})


def _varint(number: int) -> list[int]:
    digits = []
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return [*digits, number]
