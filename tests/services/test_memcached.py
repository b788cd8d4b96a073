"""Pieces of answers in a real memcached, which may go away at any time."""

import socket
from collections.abc import Iterator

import numpy as np
import pytest
from pymemcache.client.base import Client
from structlog.testing import capture_logs

from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.model.errors import BadRequest
from sigyn.services.result_cache.memcached import MemcachedPieces, memcached_servers
from sigyn.services.result_cache.memory import MemoryPieces
from sigyn.services.result_cache.open import open_cache
from sigyn.services.result_cache.piece import Piece
from sigyn.store import Content
from tests.services.memcached import Memcached, memcached


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def shared() -> Iterator[Memcached]:
    with memcached() as server:
        yield server


def piece(value: float, series: int = 1) -> Piece:
    labels = [(("app", f"{number}"),) for number in range(series)]
    block = SeriesBlock(labels, np.full((series, 60), value), np.ones((series, 60), np.bool_))
    return Piece(StepGrid(0, 59, 1), block, Content(5, 1))


def values(cache: MemcachedPieces, keys: list[str]) -> dict[str, float]:
    return {key: float(found.block.values[0, 0]) for key, found in cache.get(keys).items()}


def test_what_is_put_is_found(shared: Memcached) -> None:
    cache = MemcachedPieces(memcached_servers(shared.url))
    cache.put({"found:1": piece(1.5), "found:2": piece(2.5)})
    assert values(cache, ["found:1", "found:2", "found:3"]) == {"found:1": 1.5, "found:2": 2.5}
    counters = cache.counters
    assert (counters.requested, counters.found, counters.stored, counters.failures) == (3, 2, 2, 0)
    cache.close()


def test_what_is_too_large_for_an_item_is_left_out(shared: Memcached) -> None:
    cache = MemcachedPieces(memcached_servers(shared.url))
    large = piece(0.0, series=10_000)
    large.block.values[:] = np.random.default_rng(1).random(large.block.values.shape)
    cache.put({"large": large, "small": piece(1.0)})
    assert values(cache, ["large", "small"]) == {"small": 1.0}
    assert cache.counters.failures == 0
    cache.close()


def test_what_others_wrote_is_no_piece(shared: Memcached) -> None:
    Client(("127.0.0.1", shared.port)).set("strange", b"hello", noreply=False)
    cache = MemcachedPieces(memcached_servers(shared.url))
    cache.put({"good": piece(1.0)})
    assert values(cache, ["strange", "good"]) == {"good": 1.0}
    assert cache.counters.failures == 1
    cache.close()


def test_a_server_that_dies_costs_only_what_it_had() -> None:
    clock = Clock()
    with memcached() as mortal, memcached() as other:
        cache = MemcachedPieces(memcached_servers(f"{mortal.url},127.0.0.1:{other.port}"), clock)
        pieces = {f"key:{number}": piece(float(number)) for number in range(40)}
        cache.put(pieces)
        assert len(values(cache, list(pieces))) == 40
        mortal.kill()
        left = values(cache, list(pieces))
        assert 0 < len(left) < 40
        assert cache.counters.failures == 1
        assert values(cache, list(pieces)) == left
        cache.put(pieces)
        assert cache.counters.failures == 1  # it is not asked for a while
        mortal.start()
        clock.now += 10
        cache.put(pieces)
        assert len(values(cache, list(pieces))) == 40
        cache.close()


def test_a_server_that_hangs_is_not_waited_for_again() -> None:
    clock = Clock()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cache = MemcachedPieces([("127.0.0.1", silent.getsockname()[1])], clock)
        for _ in range(3):
            assert cache.get(["key"]) == {}
            cache.put({"key": piece(1.0)})
        assert cache.counters.failures == 1
        clock.now += 10
        cache.get(["key"])
        assert cache.counters.failures == 2
        cache.close()


def test_a_server_that_is_away_is_told_in_words_once_a_minute_and_so_is_its_end() -> None:
    clock = Clock()
    with memcached() as mortal:
        server = f"127.0.0.1:{mortal.port}"
        cache = MemcachedPieces(memcached_servers(mortal.url), clock)
        cache.put({"key": piece(1.0)})
        mortal.kill()
        with capture_logs() as logs:
            for now in range(0, 61, 5):
                clock.now = float(now)
                cache.get(["key"])
        closed = "it closed the connection, as one does that is stopped or has too many of them"
        assert [(entry["event"], entry["server"], entry["reason"]) for entry in logs] == [
            ("the results cache failed; queries go on without it", server, closed),
            ("the results cache failed; queries go on without it", server, "Connection refused"),
        ]
        mortal.start()
        with capture_logs() as logs:
            for later in (70.0, 80.0):
                clock.now = later
                cache.put({"key": piece(1.0)})
        assert [(entry["event"], entry["server"]) for entry in logs] == [("the results cache answers again", server)]
        cache.close()


def test_what_others_wrote_is_told_once_a_minute(shared: Memcached) -> None:
    Client(("127.0.0.1", shared.port)).set("strange", b"hello", noreply=False)
    clock = Clock()
    cache = MemcachedPieces(memcached_servers(shared.url), clock)
    with capture_logs() as logs:
        for now in (0.0, 30.0, 59.0, 60.0):
            clock.now = now
            cache.get(["strange"])
    assert [entry["event"] for entry in logs] == ["the results cache holds what it should not"] * 2
    assert "`strange` is no piece of an answer" in logs[0]["reason"]
    assert cache.counters.failures == 4
    cache.close()


def test_servers_of_a_url() -> None:
    assert memcached_servers("memcached://cache") == [("cache", 11211)]
    assert memcached_servers("memcached://a:1,b:2/") == [("a", 1), ("b", 2)]
    assert memcached_servers("memcached://[::1]:5") == [("::1", 5)]
    for wrong in ("memcached://", "memcached://:1", "memcached://a:many"):
        with pytest.raises(BadRequest, match="write memcached://host:11211"):
            memcached_servers(wrong)


def test_a_setting_opens_its_cache() -> None:
    assert isinstance(open_cache("", 1000), MemoryPieces)
    cache = open_cache("memcached://127.0.0.1:1", 1000)
    assert isinstance(cache, MemcachedPieces)
    cache.close()
    with pytest.raises(BadRequest, match="is no results cache"):
        open_cache("redis://127.0.0.1", 1000)
