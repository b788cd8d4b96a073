"""Users and their passwords: an htpasswd file with bcrypt hashes, as `htpasswd -B` writes it."""

import hashlib
import hmac
import secrets
import time
from functools import cache
from pathlib import Path
from threading import Lock

import bcrypt

from sigyn.services.watched_file import WatchedFile

_REMEMBERED_SECONDS = 300
_MOST_REMEMBERED = 1_024
_LONGEST = 72
"""Bytes of a password that bcrypt reads."""

_BCRYPT = ("$2y$", "$2b$", "$2a$")


class Passwords:
    """Checks users against a file that is read again when it changes. Safe to use from several threads.

    bcrypt is slow on purpose, 60 ms and more; a pair that was right is remembered for five minutes,
    as an HMAC under a key that lives as long as the process.
    """

    def __init__(self, path: Path, only_user: str = "") -> None:
        """`only_user` may come in alone; empty: every user of the file. Raises Unavailable."""
        self._file = WatchedFile(path, parse_htpasswd)
        _nobody()  # now: it takes as long as a check
        self._only_user = only_user
        self._key = secrets.token_bytes(32)
        self._lock = Lock()
        self._remembered: dict[bytes, float] = {}

    def remembered(self, user: str, password: str) -> bool:
        """Whether this pair was found right a short time ago, with the file as it is now."""
        return self._remembered.get(self._mark(user, password), 0.0) > time.monotonic()

    def check(self, user: str, password: str) -> bool:
        """Whether the password is that of the user. Blocks for as long as bcrypt takes, whoever the user is."""
        stored = self._file.get().get(user, "")
        known = bool(stored) and self._only_user in ("", user)
        right = _matches(password, stored if known else _nobody())
        if not (known and right):
            return False
        with self._lock:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[self._mark(user, password)] = time.monotonic() + _REMEMBERED_SECONDS
        return True

    def fingerprint(self, user: str) -> str:
        """What changes with the password of a user; empty for one who may not come in."""
        stored = self._file.get().get(user, "") if self._only_user in ("", user) else ""
        return hashlib.sha256(f"{user}\0{stored}".encode("utf-8", "surrogatepass")).hexdigest() if stored else ""

    def _mark(self, user: str, password: str) -> bytes:
        stored = self._file.get().get(user, "")
        text = b"\0".join(part.encode("utf-8", "surrogatepass") for part in (user, stored, password))
        return hmac.digest(self._key, text, "sha256")


def parse_htpasswd(text: str) -> dict[str, str]:
    """Hashes by users. Raises ValueError for a line with any other hash than bcrypt's."""
    users: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        user, separator, stored = line.partition(":")
        if not separator or not user:
            raise ValueError(f"line {number} is not `user:hash`")
        if not stored.startswith(_BCRYPT) or len(stored) != 60:
            raise ValueError(f"line {number}: the hash of `{user}` is not bcrypt's: make it by htpasswd -B")
        users[user] = stored
    return users


def _matches(password: str, stored: str) -> bool:
    # bcrypt reads 72 bytes and no NUL; a longer password may not pass as its beginning.
    given = password.encode("utf-8", "surrogatepass")
    usable = given[:_LONGEST].replace(b"\0", b"?")
    right = bcrypt.checkpw(usable, stored.encode())
    return right and usable == given


@cache
def _nobody() -> str:
    """Checked for unknown users, so that the time of the answer does not tell who is known."""
    password = hashlib.sha256(secrets.token_bytes(32)).digest().hex().encode()
    return bcrypt.hashpw(password, bcrypt.gensalt(10)).decode()
