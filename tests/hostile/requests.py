"""The corpus of requests that nobody who means well sends, and how each is sent."""

import gzip
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import cramjam
import grpc

CORPUS = Path(__file__).parent / "requests.tsv"
HTTP, WEBSOCKET, GRPC, RAW = "HTTP", "WS", "GRPC", "RAW"
_OUR_FAULT = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)
_HANDSHAKE = (
    "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@dataclass(frozen=True)
class Hostile:
    """A request of the corpus; `line` is where it stands."""

    line: int
    method: str
    target: str
    headers: tuple[str, ...]
    body: str

    def __str__(self) -> str:
        return f"{self.line} {self.method} {self.target[:60]} {self.body[:40]}"


@dataclass(frozen=True)
class Answer:
    """What came back: a status of HTTP (0: the connection was closed without one), or the name of a code of gRPC."""

    status: int
    text: str


def corpus() -> list[Hostile]:
    found = []
    for number, line in enumerate(CORPUS.read_bytes().split(b"\n"), 1):
        text = line.decode("utf-8", "surrogateescape")
        if not text or text.startswith("#"):
            continue
        method, target, headers, body, *_ = [*text.split("\t"), "", "", ""]
        found.append(Hostile(number, method, target, tuple(filter(None, headers.split("; "))), body))
    return found


def body_of(text: str) -> bytes:
    """The bytes that a body of the corpus stands for."""
    kind, _, rest = text.partition(":")
    match kind:
        case "gzip":
            return gzip.compress(body_of(rest), 9, mtime=0)
        case "zstd":
            return bytes(cramjam.zstd.compress(body_of(rest)))
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(body_of(rest)))
        case "zeros":
            return bytes(int(rest))
        case "hex":
            return bytes.fromhex(rest)
        case "repeat":
            count, _, unit = rest.partition(":")
            return unit.encode() * int(count)
    return text.encode("utf-8", "surrogateescape")


def send(request: Hostile, url: str, grpc_address: str) -> Answer:
    """Sends a request as it stands: no client library makes it better."""
    if request.method == GRPC:
        return _call(request, grpc_address)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    if request.method == RAW:
        text = request.body
        raw = body_of(text) if text.startswith("hex:") else text.encode().decode("unicode_escape").encode("latin-1")
        return _exchange(host, port, raw, half_close=True)
    body = body_of(request.body)
    method = "GET" if request.method == WEBSOCKET else request.method
    lines = [f"{method} {_escaped(request.target)} HTTP/1.1", f"host: {parts.netloc}", *request.headers]
    if request.method == WEBSOCKET:
        lines.append(_HANDSHAKE.rstrip())
    elif not any(header.lower().startswith("content-length") for header in request.headers):
        lines.append(f"content-length: {len(body)}")
    head = "\r\n".join([*lines, "connection: close" if request.method != WEBSOCKET else "x: y", "", ""])
    return _exchange(host, port, head.encode("utf-8", "surrogateescape") + body)


def _escaped(target: str) -> str:
    return "".join(character if "!" <= character <= "~" else f"%{ord(character) & 255:02x}" for character in target)


def _exchange(host: str, port: int, sent: bytes, *, half_close: bool = False) -> Answer:
    with socket.create_connection((host, port), timeout=60) as connection:
        try:
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all was sent; the answer may be there all the same
        received = b""
        try:
            while chunk := connection.recv(1 << 16):
                received += chunk
                if received.startswith(b"HTTP/1.1 101"):
                    break
        except OSError:
            pass
    status = received[9:12]
    answered = received.startswith(b"HTTP/1.") and status.isdigit()
    return Answer(int(status) if answered else 0, received.decode("latin-1"))


def _call(request: Hostile, address: str) -> Answer:
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(request.target)
        try:
            call(body_of(request.body), timeout=60)
        except grpc.RpcError as error:
            return Answer(500 if error.code() in _OUR_FAULT else 400, f"{error.code().name} {error.details()}")
    return Answer(200, "")
