"""Answers compressed for clients that take them so."""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware, GZipResponder, IdentityResponder
from starlette.types import Receive, Scope, Send


class Compress(GZipMiddleware):
    """Starlette's, which looks for the word `gzip` alone: who refuses it with `;q=0` would get it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            compressed = GZipResponder(
                self.app,
                self.minimum_size,
                compresslevel=self.compresslevel,
                thread_minimum_size=self.thread_minimum_size,
                exclude_content_types=self.exclude_content_types,
            )
            await compressed(scope, receive, send)
        else:
            plain = IdentityResponder(self.app, self.minimum_size, exclude_content_types=self.exclude_content_types)
            await plain(scope, receive, send)


def takes_gzip(accepted: str) -> bool:
    """Whether `Accept-Encoding` names gzip with a weight that is not 0."""
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return not _refuses(parameters)
    return False


def _refuses(parameters: str) -> bool:
    name, _, weight = parameters.partition("=")
    return name.strip() == "q" and weight.strip() in ("0", "0.", "0.0", "0.00", "0.000")
