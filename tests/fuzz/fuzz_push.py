"""Coverage-guided fuzzing of the push decoders: any body is entries, or an error for whoever sent it.

make fuzz SECONDS=300
"""

import sys

import atheris

with atheris.instrument_imports(include=["sigyn.wire"]):
    from sigyn.wire.loki import decode_legacy_push, decode_loki_push
    from sigyn.wire.loki_protobuf import decode_push_request
    from sigyn.wire.otlp import decode_otlp

from sigyn.model.errors import SigynError

LIMIT = 1 << 20
JSON, PROTOBUF = "application/json", "application/x-protobuf"


def test_one_input(data: bytes) -> None:
    """The first byte chooses the decoder; any exception but one of our own ends the run."""
    if not data:
        return
    choice, body = data[0] % 8, data[1:]
    try:
        if choice == 0:
            decode_loki_push(body, JSON, "", limit=LIMIT)
        elif choice == 1:
            decode_loki_push(body, PROTOBUF, "", limit=LIMIT)
        elif choice == 2:
            decode_push_request(memoryview(body))
        elif choice == 3:
            decode_legacy_push(body, JSON, "", limit=LIMIT)
        elif choice == 4:
            decode_otlp(body, JSON, "", limit=LIMIT)
        elif choice == 5:
            decode_otlp(body, PROTOBUF, "", limit=LIMIT)
        elif choice == 6:
            decode_loki_push(body, JSON, "gzip", limit=LIMIT)
        else:
            decode_otlp(body, PROTOBUF, "gzip", limit=LIMIT)
    except SigynError as error:
        if error.status >= 500:
            raise AssertionError(f"a sender's fault has status {error.status}") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
