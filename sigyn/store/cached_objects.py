"""Objects of a remote store, whose blocks are read through a cache on the local disk."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock

from sigyn.store.block_cache import BLOCK, BlockCache
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import ObjectStore, StoredObject
from sigyn.store.side_by_side import side_by_side

_SIZES = 16_384  # of objects in memory
_BLOCKS_AT_ONCE = 4  # of one request of several: 1 MiB comes in about as much time
_FETCHED_PART = 4  # of the cache, at most, is fetched ahead: what is fetched has to be there when it is read

Block = bytes | memoryview


class CachedObjects:
    """Reads ranges block by block; readers that need a block that another is fetching wait for that one.

    Objects never change under their keys, so that nothing in the cache grows old.
    """

    def __init__(self, inner: ObjectStore, cache: BlockCache, place: str, metrics: StoreMetrics) -> None:
        """`place` tells the objects of several stores in one cache apart."""
        self._inner = inner
        self._cache = cache
        self._place = place
        self._metrics = metrics
        self._lock = Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._fetching: dict[tuple[str, int], Future[Block]] = {}

    def put(self, key: str, body: bytes | memoryview) -> None:
        """As in ObjectStore."""
        self._inner.put(key, body)

    def put_new(self, key: str, body: bytes) -> bool:
        """As in ObjectStore."""
        return self._inner.put_new(key, body)

    def put_small(self, key: str, body: bytes) -> None:
        """As in ObjectStore."""
        self._inner.put_small(key, body)

    def get(self, key: str) -> bytes | memoryview:
        """As in ObjectStore. Blocks of the object are given up: whoever reads it whole doubts it, or replaces it."""
        body = self._inner.get(key)
        self._cache.drop(self._place, key, len(body))
        return body

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        """As in ObjectStore."""
        size = self._sizes.get(key) or self.size(key)
        if end > size:
            return self._inner.get_range(key, start, end)
        first = start // BLOCK
        blocks = self._blocks(key, range(first, (end - 1) // BLOCK + 1), size)
        together = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        return memoryview(together)[start - first * BLOCK : end - first * BLOCK]

    def fetch(self, wanted: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        """As in ObjectStore."""
        runs = [(key, run) for key, ranges in wanted.items() for run in self._missing(key, ranges)]
        missing = sum(len(run) for _, run in runs)
        if missing < 2 or missing * BLOCK > self._cache.budget // _FETCHED_PART:
            return
        side_by_side(self._keep, runs, "sigyn-fetch")

    def _keep(self, wanted: tuple[str, range]) -> None:
        key, run = wanted
        size = self._sizes.get(key) or self.size(key)
        self._blocks(key, range(run.start, min(run.stop, -(-size // BLOCK))), size)

    def _missing(self, key: str, ranges: Sequence[tuple[int, int]]) -> Iterator[range]:
        numbers = {number for start, end in ranges for number in range(start // BLOCK, -(-end // BLOCK))}
        missing = (number for number in sorted(numbers) if not self._cache.may_hold(self._place, key, number))
        return _runs(missing, _BLOCKS_AT_ONCE)

    def size(self, key: str) -> int:
        """As in ObjectStore."""
        size = self._inner.size(key)
        with self._lock:
            self._sizes[key] = size
            if len(self._sizes) > _SIZES:
                self._sizes.popitem(last=False)
        return size

    def delete(self, keys: Sequence[str]) -> None:
        """As in ObjectStore."""
        self._inner.delete(keys)
        for key in keys:
            with self._lock:
                size = self._sizes.pop(key, 0)
            self._cache.drop(self._place, key, size)

    def list(self, folder: str = "") -> Iterator[StoredObject]:
        """As in ObjectStore."""
        return self._inner.list(folder)

    def path(self, key: str) -> Path | None:
        """As in ObjectStore."""
        return self._inner.path(key)

    def look_again(self, key: str) -> None:
        """As in ObjectStore."""
        self._inner.look_again(key)

    def _blocks(self, key: str, numbers: range, size: int) -> Sequence[Block]:
        found: dict[int, Block] = {}
        for number in numbers:
            block = self._cache.read(self._place, key, number)
            if block is not None:
                found[number] = block
        mine: dict[int, Future[Block]] = {}
        others: dict[int, Future[Block]] = {}
        with self._lock:
            for number in (number for number in numbers if number not in found):
                fetching = self._fetching.get((key, number))
                if fetching is not None:
                    others[number] = fetching
                elif (block := self._cache.read(self._place, key, number)) is not None:
                    found[number] = block  # another has just fetched it
                else:
                    mine[number] = self._fetching[key, number] = Future()
        fetched = [min(size, (number + 1) * BLOCK) - number * BLOCK for number in (*mine, *others)]
        self._count([len(block) for block in found.values()], fetched)
        try:
            for run in _runs(mine, len(mine)):
                self._fetch(key, run, size, mine)
        except BaseException as error:
            for fetching in mine.values():
                if not fetching.done():
                    fetching.set_exception(error)
            raise
        finally:
            with self._lock:
                for number in mine:
                    del self._fetching[key, number]
        for number, fetching in (*mine.items(), *others.items()):
            found[number] = fetching.result()
        return [found[number] for number in numbers]

    def _fetch(self, key: str, run: range, size: int, futures: dict[int, Future[Block]]) -> None:
        start = run.start * BLOCK
        body = memoryview(self._inner.get_range(key, start, min(size, run.stop * BLOCK)))
        for number in run:
            block = body[number * BLOCK - start : (number + 1) * BLOCK - start]
            self._cache.write(self._place, key, number, block)
            futures[number].set_result(block)

    def _count(self, hits: Sequence[int], misses: Sequence[int]) -> None:
        with self._lock:
            self._metrics.cache_hits += len(hits)
            self._metrics.cache_hit_bytes += sum(hits)
            self._metrics.cache_misses += len(misses)
            self._metrics.cache_miss_bytes += sum(misses)


def _runs(numbers: Iterable[int], longest: int) -> Iterator[range]:
    """Ascending numbers as ranges without gaps, each one request, of up to `longest`."""
    start = stop = -1
    for number in numbers:
        if number != stop or stop - start >= longest:
            if stop > start:
                yield range(start, stop)
            start = number
        stop = number + 1
    if stop > start:
        yield range(start, stop)
