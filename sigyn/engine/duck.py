"""DuckDB in this process: one in-memory database, a connection per working thread."""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


class Duck:
    """Gives connections to one database whose memory and threads are bounded.

    memory_limit  bytes that all queries together may use before they spill to `spill_folder`
    threads       threads that one query may use
    """

    def __init__(self, memory_limit: int, threads: int, spill_folder: str) -> None:
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": f"{memory_limit}B",
            "temp_directory": spill_folder,
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._database: duckdb.DuckDBPyConnection | None = None
        self._opening = threading.Lock()
        self._local = threading.local()

    def connection(self) -> "duckdb.DuckDBPyConnection":
        """This thread's connection."""
        connection: duckdb.DuckDBPyConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open().cursor()
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            self._database.close()

    def _open(self) -> "duckdb.DuckDBPyConnection":
        # At need: the library takes 40 MB, and many queries are answered without it.
        import duckdb

        with self._opening:
            if self._database is None:
                self._database = duckdb.connect(":memory:", config=self._config)
                self._database.execute("SET enable_external_access = false")  # last: it locks other settings
            return self._database


def load_library() -> None:
    """Load DuckDB, so that the first query that needs it does not wait for that."""
    import duckdb

    duckdb.connect(":memory:").close()
