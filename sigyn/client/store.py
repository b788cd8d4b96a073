"""`sigyn.open`: a data folder or a server, by its name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sigyn.client.remote import RemoteStore

if TYPE_CHECKING:
    from sigyn.client.local import LocalStore


def open(target: str | Path, **options: Any) -> "LocalStore | RemoteStore":
    """The store at a URL (`http://127.0.0.1:3100`) or in a data folder (`./sigyn-data`).

        with sigyn.open("http://127.0.0.1:3100") as store:
            errors = store.query('{app="shop"} | json | level="error"', start="1h", limit=1000)
            print(errors.to_pandas())

    `tenant` chooses a tenant in a store with several; a URL also takes `username`, `password`,
    `bearer_token` and `timeout` (seconds). Raises NotFound for a folder without data, and
    FolderInUse for one that a server is using: ask that server instead.
    """
    if isinstance(target, str) and target.startswith(("http://", "https://")):
        return RemoteStore(target, **options)
    # Here and not above: the engine takes a second to import, and a server needs none of it.
    from sigyn.client.local import open_folder

    return open_folder(Path(target), **options)
