"""A PostgreSQL server of our own, in a temporary folder, for as long as a test session wants it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

DEBIAN = Path("/usr/lib/postgresql")


def _program(name: str) -> str:
    """A program of the newest version that Debian installed, or the one on the path."""
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    assert found, f"{name} is not installed: .ci/packages installs it"
    return found


class Postgres:
    """One cluster; `start` and `stop` may be called again and again."""

    def __init__(self, folder: Path, user: dict[str, Any]) -> None:
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [_program("initdb"), "-D", str(folder / "data"), "-U", "sigyn", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*command, "--no-locale", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user
        )

    def start(self) -> None:
        """Returns when it answers."""
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self._folder, "fsync": "off",
            "max_connections": 200,
        }  # fmt: skip
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [_program("postgres"), "-D", str(self._folder / "data"), *settings],
            stdout=log, stderr=log, cwd=self._folder, **self._user,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                log_text = (self._folder / "log").read_text()
                assert self._process.poll() is None, log_text
                assert time.monotonic() < deadline, log_text
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it: SIGINT breaks connections off, SIGQUIT is a crash, after which it recovers."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def become_standby(self) -> None:
        """Starts it anew as a standby of nobody, which answers and takes no writes."""
        self.stop()
        (self._folder / "data" / "standby.signal").touch()
        self.start()

    def url(self, schema: str = "", *, port: int = 0) -> str:
        """Of its database, with a schema of this name for the tables."""
        base = f"postgresql://sigyn@127.0.0.1:{port or self.port}/postgres"
        return f"{base}?options=-csearch_path%3D{schema}" if schema else base

    def new_schema(self) -> str:
        """An empty schema; its name."""
        name = f"s{uuid.uuid4().hex}"
        self.execute(f"CREATE SCHEMA {name}")
        return name

    def new_database(self, encoding: str) -> str:
        """The URL of an empty database with an encoding of PostgreSQL's."""
        name = f"d{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
        return self.url().removesuffix("postgres") + name

    def execute(self, statement: str) -> list[Any]:
        """The rows of a statement, run apart from everything else."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A running server, as an unprivileged user: it refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="sigyn-postgres-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    server = None
    try:
        server = Postgres(folder, user)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop(signal.SIGQUIT)
        shutil.rmtree(folder)
