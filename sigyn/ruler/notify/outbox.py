"""Messages on their way to receivers that hear of changes only, in the ruler's file until they are delivered."""

from collections.abc import Iterable
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
    """Calls block."""

    def __init__(self, database: RulerDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, receiver: str, messages: Iterable[Message]) -> None:
        """Keeps messages for a receiver; in the transaction that is open, if there is one."""
        self._database.write_many(
            "INSERT INTO message (receiver, created, body) VALUES (?, ?, ?)",
            [(receiver, self._clock(), msgspec.msgpack.encode(message)) for message in messages],
        )

    def first(self, receiver: str) -> Waiting | None:
        """The message that has waited longest for a receiver; None when there is none."""
        rows = self._database.read(
            "SELECT id, created, body FROM message WHERE receiver = ? ORDER BY id LIMIT 1", receiver
        )
        return Waiting(rows[0][0], rows[0][1], _DECODER.decode(rows[0][2])) if rows else None

    def remove(self, id: int) -> None:
        """Drops a message that was delivered, or never will be."""
        self._database.write("DELETE FROM message WHERE id = ?", id)

    def count(self, receiver: str) -> int:
        """Messages that wait for a receiver."""
        return int(self._database.read("SELECT COUNT(*) FROM message WHERE receiver = ?", receiver)[0][0])

    def forget_others(self, receivers: Iterable[str]) -> None:
        """Drops messages for receivers that are not configured any more."""
        kept = set(receivers)
        for (receiver,) in self._database.read("SELECT DISTINCT receiver FROM message"):
            if receiver not in kept:
                self._database.write("DELETE FROM message WHERE receiver = ?", receiver)
