"""Bearer tokens: made at random, kept as hashes, each with its scopes and tenants."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sigyn.model.errors import BadRequest, NotFound, Unavailable
from sigyn.model.tenants import check_tenant
from sigyn.services.access.identity import EVERY_TENANT, SCOPES, Grant, Identity
from sigyn.services.watched_file import WatchedFile

PREFIX = "sigyn_"
"""What every token begins with, so that scanners for leaked secrets find it."""

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token as it is kept. `hash` is SHA-256: the secret has 256 random bits, which no one tries out.

    `created` and `expires` are ns; an `expires` of 0 is never.
    """

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    tenants: tuple[str, ...]
    created: int
    expires: int = 0


class Tokens:
    """The tokens in a file, read again when it changes. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Raises Unavailable for a file that can't be read; one that is not there has no tokens."""
        self._file: WatchedFile[Mapping[str, StoredToken]] = WatchedFile(path, _by_hash, missing={})

    def identity(self, token: str, now: int) -> Identity | None:
        """Whose token this is at `now` (ns); None for one that is not known, or not any more."""
        return self.identity_of(hash_of(token), now)

    def identity_of(self, hash: str, now: int) -> Identity | None:
        """Whose token has this hash."""
        found = self._file.get().get(hash)
        if found is None or (found.expires and found.expires <= now):
            return None
        return Identity(found.name, "token", Grant(frozenset(found.scopes), frozenset(found.tenants)))


def read_tokens(path: Path) -> list[StoredToken]:
    """The tokens in a file, the oldest first; raises Unavailable."""
    try:
        return list(_decode(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise Unavailable(f"the tokens in {path} can't be read: {error}") from None


def add_token(
    path: Path, name: str, scopes: Iterable[str], tenants: Iterable[str], now: int, expires: int = 0
) -> tuple[str, StoredToken]:
    """Makes a token; gives its text, which is nowhere kept, and what is kept. Raises BadRequest and Unavailable."""
    wanted = tuple(scopes)
    for scope in wanted:
        if scope not in SCOPES:
            raise BadRequest(f"`{scope}` is no scope: write some of {', '.join(SCOPES)}")
    if not name.strip() or not wanted:
        raise BadRequest("a token needs a name and a scope")
    of = tuple(tenant if tenant == EVERY_TENANT else check_tenant(tenant) for tenant in tenants) or (EVERY_TENANT,)
    text = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    token = StoredToken(secrets.token_hex(4), name, hash_of(text), wanted, of, now, expires)
    _write(path, [*read_tokens(path), token])
    return text, token


def revoke_token(path: Path, id_or_name: str) -> list[StoredToken]:
    """Takes tokens back, by id or name; gives those. Raises NotFound and Unavailable."""
    tokens = read_tokens(path)
    revoked = [token for token in tokens if id_or_name in (token.id, token.name)]
    if not revoked:
        raise NotFound(f"no token has the id or name `{id_or_name}`")
    _write(path, [token for token in tokens if token not in revoked])
    return revoked


def hash_of(token: str) -> str:
    """What a token is known by: it can't be made from this."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _decode(text: str) -> tuple[StoredToken, ...]:
    return msgspec.json.decode(text, type=tuple[StoredToken, ...]) if text.strip() else ()


def _by_hash(text: str) -> Mapping[str, StoredToken]:
    return {token.hash: token for token in _decode(text)}


def _write(path: Path, tokens: list[StoredToken]) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _give_away(file.fileno(), path)
            file.write(msgspec.json.format(msgspec.json.encode(tokens), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Unavailable(f"the tokens can't be written to {path}: {error.strerror}") from None


def _give_away(file: int, path: Path) -> None:
    """Gives a new file the owner and mode of the one at `path`, which it replaces, or else the owner of its folder.

    Tokens are mostly made by root, for a server that runs as another user and has to read them.
    """
    replaced = path.exists()
    like = path.stat() if replaced else path.parent.stat()
    with suppress(PermissionError):  # who is not root can't give files away, and is the server's user, or nearly
        os.fchown(file, like.st_uid, like.st_gid)
    if replaced:
        os.fchmod(file, stat.S_IMODE(like.st_mode))
