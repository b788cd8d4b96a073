"""The cache that a setting names."""

from sigyn.model.errors import BadRequest
from sigyn.services.result_cache.memcached import SCHEME, MemcachedPieces, memcached_servers
from sigyn.services.result_cache.memory import MemoryPieces
from sigyn.services.result_cache.piece import PieceCache


def open_cache(url: str, budget: int) -> PieceCache:
    """The memory of the process, up to `budget` bytes, for an empty `url`; else memcached. Raises BadRequest."""
    if not url:
        return MemoryPieces(budget)
    if url.startswith(SCHEME):
        return MemcachedPieces(memcached_servers(url))
    raise BadRequest(f"`{url}` is no results cache; write memcached://host:11211, or nothing for the process's memory")
