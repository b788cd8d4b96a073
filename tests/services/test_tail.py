"""Tails as their readers meet them."""

import asyncio
import threading

import pyarrow as pa

from sigyn.languages.logql import parse
from sigyn.languages.logql.ast import LogQuery
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.services.tail import TailFrame, TailHub

SHOP = (("app", "shop"),)


def test_frames_are_encoded_beside_the_event_loop() -> None:
    query = parse('{app="shop"} |= "keep"')
    assert isinstance(query, LogQuery)
    threads = []

    def encode(frame: TailFrame) -> str:
        threads.append(threading.get_ident())
        return ",".join(entry.line for entry in frame.entries)

    async def read() -> str:
        hub = TailHub()
        with hub.open("fake", query) as tail:
            hub.publish(_batch("drop"))
            hub.publish(_batch("keep", "keep too"))
            read = await asyncio.wait_for(tail.next(encode), 10)
        hub.close()
        return read

    assert asyncio.run(read()) == "keep,keep too"
    assert threads
    assert threading.get_ident() not in threads


def _batch(*lines: str) -> Batch:
    rows = [
        {"stream": 0, "timestamp": number, "line": line, "detected_level": None, "metadata": None}
        for number, line in enumerate(lines)
    ]
    return Batch("fake", (SHOP,), pa.Table.from_pylist(rows, ENTRY_SCHEMA))
