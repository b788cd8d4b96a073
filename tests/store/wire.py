"""What stands between a store and its database, to break off or to keep silent when a test says so."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


class Wire:
    """Forwards to a database.

    `cut` lets one COMMIT through, of a transaction with that statement, and closes every connection before its answer.
    (Others commit too: a store looks after itself.) They are closed also when something comes that holds `refused`,
    which is not let through. While it is `silent` connections stay open, and no answer comes through.
    """

    def __init__(self, port: int) -> None:
        self.cut: bytes | None = None
        self.refused: bytes | None = None
        self.open = True
        self.silent = False
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._connections: list[tuple[socket.socket, socket.socket]] = []
        self._ended = False
        self._threads: list[Thread] = []

    @contextmanager
    def running(self) -> Iterator["Wire"]:
        """Forwards until the end of the block."""
        accepting = Thread(target=self._accept)
        accepting.start()
        try:
            yield self
        finally:
            self._ended = True
            self.close_all()
            socket.create_connection(("127.0.0.1", self.port)).close()  # wakes what accepts
            accepting.join()
            self._listening.close()
            for thread in self._threads:
                thread.join()

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            if self._ended:
                client.close()
                return
            if not self.open:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            self._connections.append((client, server))
            self._threads.append(Thread(target=self._forward, args=(client, server)))
            self._threads[-1].start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        is_meant = False
        try:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    if self.refused is not None and self.refused in data:
                        self.close_all()
                        return
                    if self.silent:
                        continue
                    (server if ready is client else client).sendall(data)
                    if ready is server or self.cut is None:
                        continue
                    is_meant = is_meant or self.cut in data
                    if b"COMMIT" not in data:
                        continue
                    if is_meant:
                        self.cut = None
                        server.recv(1 << 16)  # the database has answered
                        self.close_all()
                        return
                    is_meant = False
        except (OSError, ValueError):
            return
        finally:
            client.close()
            server.close()

    def close_all(self) -> None:
        """Breaks off every connection."""
        for pair in tuple(self._connections):  # who was cut off connects again at once
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # closed already
