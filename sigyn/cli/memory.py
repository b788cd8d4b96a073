"""How much memory a server may use, and its settings for that much."""

from dataclasses import replace

from sigyn.api.server import ServerSettings
from sigyn.api.settings import ApiSettings
from sigyn.api.warm_up import AMPLE_MEMORY, usable_memory
from sigyn.config.settings import Settings
from sigyn.engine.scan import UNIT_ROWS
from sigyn.services.query_limits import QueryLimits
from sigyn.store.settings import StoreSettings

SMALL_MEMORY = 512 << 20
"""Bytes; below, one thread computes, for one query at a time, and memory that is not used goes back at once."""

_LEAST_UNIT_ROWS = 16_384


def memory_of(settings: Settings) -> int:
    """Bytes of memory that the server should stay within; 0: not known."""
    return settings.server.memory_bytes or usable_memory()


def within_memory(settings: ServerSettings, memory: int) -> ServerSettings:
    """The settings of a server that fits into so many bytes of memory (0: not known)."""
    if not memory:
        return settings
    settings = replace(
        settings,
        results_cache_bytes=min(settings.results_cache_bytes, memory // 16),
        query_memory_bytes=min(settings.query_memory_bytes, memory // 4),
    )
    if memory >= AMPLE_MEMORY:
        return settings
    settings = replace(
        settings,
        store=_store(settings.store, memory),
        api=_api(settings.api, memory),
        query=_query(settings.query, memory),
        query_unit_rows=max(UNIT_ROWS * memory // AMPLE_MEMORY, _LEAST_UNIT_ROWS),
    )
    if memory >= SMALL_MEMORY:
        return settings
    return replace(
        settings,
        decoders=1,
        query_threads=settings.query_threads or 1,
        max_concurrent=settings.max_concurrent or 1,
        query_unit_rows=_LEAST_UNIT_ROWS,
        query_memory_bytes=min(settings.query_memory_bytes, memory // 8),
        results_cache_bytes=min(settings.results_cache_bytes, memory // 64),
        store=replace(
            settings.store,
            max_waiting_bytes=min(settings.store.max_waiting_bytes, memory // 32),
            max_group_bytes=min(settings.store.max_group_bytes, memory // 64),
            recent_bytes=min(settings.store.recent_bytes, memory // 64),
        ),
        api=replace(
            _push_bytes(settings.api, memory, 32, "32nd"),
            push_memory_bytes=min(settings.api.push_memory_bytes, memory // 32),
        ),
    )


def _store(settings: StoreSettings, memory: int) -> StoreSettings:
    job_bytes = min(settings.compaction_job_bytes, max(memory // 24, 4 << 20))
    return replace(
        settings,
        max_waiting_bytes=min(settings.max_waiting_bytes, memory // 16),
        max_group_bytes=min(settings.max_group_bytes, memory // 32),
        recent_bytes=min(settings.recent_bytes, memory // 16),
        metadata_bytes=min(settings.metadata_bytes, memory // 32),
        compaction_job_bytes=job_bytes,
        compaction_settled_bytes=min(settings.compaction_settled_bytes, 2 * job_bytes),
        compaction_jobs=1,
    )


def _query(settings: QueryLimits, memory: int) -> QueryLimits:
    """An answer takes four times its text while it is encoded."""
    most = memory // 16
    return replace(settings, max_answer_bytes=min(settings.max_answer_bytes or most, most))


def _api(settings: ApiSettings, memory: int) -> ApiSettings:
    """What a push decompresses to takes three times that while it is decoded."""
    return replace(
        _push_bytes(settings, memory, 16, "16th"),
        max_decompressed_bytes=min(settings.max_decompressed_bytes, memory // 16),
        raise_max_decompressed=_advice("16th"),
        push_memory_bytes=min(settings.push_memory_bytes, memory // 16),
    )


def _push_bytes(settings: ApiSettings, memory: int, parts: int, part: str) -> ApiSettings:
    """With bodies of pushes of one of so many parts of the memory at most, which is called `part`."""
    if settings.max_push_bytes <= memory // parts:
        return settings
    return replace(settings, max_push_bytes=memory // parts, raise_max_push=_advice(part))


def _advice(part: str) -> str:
    return f", or give the server more memory (server.memory_bytes), of which a body may have a {part}"
