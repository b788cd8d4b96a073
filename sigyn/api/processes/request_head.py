"""Whose request this is, from its first bytes: pushes with a known length go to ingest processes, all else is the
owner's.

Nothing is decided on doubt: what is not plainly a push, and whatever says of its length anything but one number, is
left to the owner, whose parser knows what to make of it.
"""

import re
from dataclasses import dataclass

from starlette.routing import Route

from sigyn.api.push_api import PUSH_ROUTES

_PUSH_LINES = tuple(
    f"POST {route.path}".encode()
    for route in PUSH_ROUTES
    if isinstance(route, Route) and "POST" in (route.methods or ())
)
_REQUEST_LINE = re.compile(
    rb"(?:" + b"|".join(re.escape(line) for line in _PUSH_LINES) + rb")(?:\?[!-~]*)? HTTP/1\.1\r\n"
)
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\nContent-Length:[ \t]*([0-9]{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_OTHER_FRAMING = re.compile(rb"\r\n(?:Transfer-Encoding|Upgrade)[ \t]*:", re.IGNORECASE)
_LENGTH_NAME = re.compile(rb"\r\nContent-Length[ \t]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PushHead:
    """A push; `size` is how many bytes it has, headers and body."""

    size: int


UNDECIDED, OTHER = "undecided", "other"


def whose(begin: bytes, most_bytes: int) -> PushHead | str:
    """A push, OTHER, or UNDECIDED as long as these bytes of a request are too few to tell.

    Headers of more than `most_bytes` are the owner's to refuse.
    """
    end = begin.find(_END)
    if end < 0:
        could_be = any(begin.startswith(line) or line.startswith(begin) for line in _PUSH_LINES)
        return UNDECIDED if could_be and len(begin) <= most_bytes else OTHER
    headers = begin[: end + 2]
    if end > most_bytes or not _REQUEST_LINE.match(headers) or _OTHER_FRAMING.search(headers):
        return OTHER
    lengths = _LENGTH.findall(headers)
    if len(lengths) != 1 or len(_LENGTH_NAME.findall(headers)) != 1:
        return OTHER
    return PushHead(end + len(_END) + int(lengths[0]))
