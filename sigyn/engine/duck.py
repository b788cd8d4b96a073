"""DuckDB in this process: one in-memory database, a connection per working thread."""

import threading

import duckdb


class Duck:
    """Gives connections to one database whose memory and threads are bounded.

    memory_limit  bytes that all queries together may use before they spill to `spill_folder`
    threads       threads that one query may use
    """

    def __init__(self, memory_limit: int, threads: int, spill_folder: str) -> None:
        self._database = duckdb.connect(
            ":memory:",
            config={
                "threads": threads,
                "memory_limit": f"{memory_limit}B",
                "temp_directory": spill_folder,
                "preserve_insertion_order": True,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        self._database.execute("SET enable_external_access = false")  # last: it locks other settings
        self._local = threading.local()

    def connection(self) -> duckdb.DuckDBPyConnection:
        """This thread's connection."""
        connection: duckdb.DuckDBPyConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._database.cursor()
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()
