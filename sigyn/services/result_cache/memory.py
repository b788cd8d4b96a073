"""Pieces in the memory of the process."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

from sigyn.services.result_cache.piece import Piece, PieceCounters


class MemoryPieces:
    """Up to `budget` bytes of pieces; those that were not asked for the longest are given up first."""

    def __init__(self, budget: int) -> None:
        self.counters = PieceCounters()
        self._budget = budget
        self._pieces: OrderedDict[str, Piece] = OrderedDict()
        self._lock = Lock()

    def get(self, keys: Sequence[str]) -> Mapping[str, Piece]:
        """As in PieceCache."""
        with self._lock:
            found = {key: self._pieces[key] for key in keys if key in self._pieces}
            for key in found:
                self._pieces.move_to_end(key)
            self.counters.requested += len(keys)
            self.counters.found += len(found)
        return found

    def put(self, pieces: Mapping[str, Piece]) -> None:
        """As in PieceCache."""
        with self._lock:
            for key, piece in pieces.items():
                if piece.bytes > self._budget:
                    continue
                self._take_out(key)
                self._pieces[key] = piece
                self.counters.bytes += piece.bytes
                self.counters.stored += 1
            while self.counters.bytes > self._budget:
                self._take_out(next(iter(self._pieces)))
                self.counters.evicted += 1

    def close(self) -> None:
        """As in PieceCache."""
        with self._lock:
            self._pieces.clear()
            self.counters.bytes = 0

    def _take_out(self, key: str) -> None:
        piece = self._pieces.pop(key, None)
        if piece is not None:
            self.counters.bytes -= piece.bytes
