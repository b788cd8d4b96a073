"""Archives as moto's server has them, with restores that take as long as a test wants."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.request import Request, urlopen

_MODEL = "s3::keyrestore"
_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
"""Enough to be somebody: moto holds no signature against a secret."""


class SlowRestores:
    """Restores of an S3 server that end when a test says so."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def hold(self, urls: Sequence[str]) -> None:
        """Objects that were asked for stay under way: without it, moto has them done with the second look."""
        for url in urls:
            with urlopen(Request(url, headers=_SIGNED, method="HEAD"), timeout=30) as answer:
                assert answer.headers["x-amz-restore"] == 'ongoing-request="true"'
        self._tell("set-transition", {"progression": "manual", "times": 1 << 40})

    def finish(self) -> None:
        """They are restored now, as are those that are asked for from here on."""
        self._tell("set-transition", {"progression": "immediate"})

    def begin(self) -> None:
        """Objects that are asked for from here on are under way with the first look."""
        self._tell("set-transition", {"progression": "manual", "times": 1})

    def _tell(self, what: str, transition: dict[str, object]) -> None:
        body = json.dumps({"model_name": _MODEL, "transition": transition}).encode()
        url = f"{self._endpoint}/moto-api/state-manager/{what}"
        urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=30).close()


@contextmanager
def slow_restores(endpoint: str) -> Iterator[SlowRestores]:
    """Restores take their time until the end of the block."""
    slow = SlowRestores(endpoint)
    slow.begin()
    try:
        yield slow
    finally:
        slow.finish()
