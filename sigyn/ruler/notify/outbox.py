"""Messages on their way to receivers that hear of changes only, in the ruler's file until they are delivered."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from sigyn.model.time import Clock
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.notify.message import Message

_DECODER = msgspec.msgpack.Decoder(Message)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message with its number, and since when it waits (ns)."""

    id: int
    created: int
    message: Message


class Outbox:
    """Keeps up to `most` messages for each receiver. Calls block."""

    def __init__(self, database: RulerDatabase, clock: Clock, most: int) -> None:
        self._database = database
        self._clock = clock
        self._most = most

    def put(self, receiver: str, messages: Sequence[Message]) -> int:
        """Keeps messages for a receiver, in the transaction that is open, if there is one; how many it dropped."""
        if not messages:
            return 0
        self._database.write_many(
            "INSERT INTO message (receiver, created, rule, body) VALUES (?, ?, ?, ?)",
            [(receiver, self._clock(), each.about, msgspec.msgpack.encode(each)) for each in messages],
        )
        return self._database.write(
            "DELETE FROM message WHERE receiver = ? AND id <= "
            "(SELECT id FROM message WHERE receiver = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            receiver, receiver, self._most,
        )  # fmt: skip

    def first(self, receiver: str, put_off: Collection[str] = ()) -> Waiting | None:
        """The message that has waited longest for a receiver, of other rules than those `put_off`; None for none."""
        rows = self._database.read(
            "SELECT id, created, body FROM message WHERE receiver = ? "
            "AND rule NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT 1",
            receiver, json.dumps(list(put_off)),
        )  # fmt: skip
        return Waiting(rows[0][0], rows[0][1], _DECODER.decode(rows[0][2])) if rows else None

    def remove(self, id: int) -> None:
        """Drops a message that was delivered, or never will be."""
        self._database.write("DELETE FROM message WHERE id = ?", id)

    def count(self, receiver: str) -> int:
        """Messages that wait for a receiver."""
        return int(self._database.read("SELECT COUNT(*) FROM message WHERE receiver = ?", receiver)[0][0])

    def keep_as(self, former: str, receiver: str) -> None:
        """Keeps messages for a receiver that was called otherwise."""
        self._database.write("UPDATE message SET receiver = ? WHERE receiver = ?", receiver, former)

    def forget_others(self, receivers: Iterable[str]) -> None:
        """Drops messages for receivers that are not configured any more."""
        kept = set(receivers)
        for (receiver,) in self._database.read("SELECT DISTINCT receiver FROM message"):
            if receiver not in kept:
                self._database.write("DELETE FROM message WHERE receiver = ?", receiver)
