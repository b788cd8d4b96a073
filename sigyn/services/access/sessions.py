"""What a browser is given to keep: signed, not secret, and worth nothing after a while."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sigyn.model.errors import Unavailable

_ALGORITHM = "HS256"


class Sessions:
    """Signs and reads values for cookies, under a key that is kept in a file."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)

    @classmethod
    def with_key_file(cls, path: Path) -> "Sessions":
        """With the key in a file, which is made when it is not there; raises Unavailable."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return cls(path.read_bytes())
            key = secrets.token_hex(32).encode()
            with open(descriptor, "wb") as file:
                file.write(key)
            return cls(key)
        except OSError as error:
            raise Unavailable(f"the key of sessions can't be had from {path}: {error.strerror}") from None

    def sign(self, kind: str, values: Mapping[str, Any], expires: int) -> str:
        """A text that holds `values` until `expires` (seconds since 1970), good for one `kind` of use."""
        return jwt.encode({"alg": _ALGORITHM}, {**values, "aud": kind, "exp": expires}, self._key)

    def read(self, kind: str, text: str, now: int) -> dict[str, Any] | None:
        """The values in a text of ours at `now` (seconds); None for any other, and for one that is over."""
        try:
            claims = jwt.decode(text, self._key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        return claims if claims.get("aud") == kind and claims.get("exp", 0) > now else None
