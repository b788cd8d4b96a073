"""Azure's Blob service as Azurite, Microsoft's emulator, speaks it."""

import base64
import fcntl
import hashlib
import hmac
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of every emulator."""

_PACKAGE = Path(__file__).with_name("azurite")


@contextmanager
def azurite() -> Iterator[str]:
    """The URL of an emulator with the container `logs`, in a process of its own."""
    main = _installed() / "node_modules/azurite/dist/src/blob/main.js"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["node", str(main), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    command += ["--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/{ACCOUNT}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                _make_container(url, "logs")
                break
            except (URLError, ConnectionError):
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait()


def _installed() -> Path:
    """The folder beside this Python's packages in which npm has put it, once.

    Its telemetry and databases, which it loads and has no use for here, are most of its 365 MB: another package that it
    has anyway stands in their places (`overrides`). So npm takes 10 s in place of 26 to 57, and the start 1 s in place
    of 2.
    """
    wanted = (_PACKAGE / "package-lock.json").read_bytes()
    # Other checkouts may use this Python, and want other versions.
    folder = Path(sys.prefix) / f"azurite-{hashlib.sha256(wanted).hexdigest()[:8]}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "installed"
        if not done.exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_PACKAGE / name, folder)
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
            done.touch()
    return folder


def _make_container(url: str, name: str) -> None:
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    version = "2021-12-02"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    text = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:{version}\n{resource}"
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": version,
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
    }
    urlopen(Request(f"{url}/{name}?restype=container", method="PUT", headers=headers), timeout=5).close()
