"""The positions file: how far each source was read and acknowledged, in Promtail's YAML.

    positions:
      /var/log/app.log: "18234"

A key is a source (a path, `journal-JOB`, ...), a value what its target needs to go on there. Beside
the offsets that Promtail writes too, file targets keep keys of their own (see
`targets/file_positions.py`), which Promtail would ignore and remove.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from sigyn.model.errors import BadRequest, Unavailable

_PLAIN_KEY = re.compile(r"[/A-Za-z_][\w./-]*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))

Changes = Mapping[str, str]
"""New values by key; an empty value removes its key."""


class Positions:
    """Positions in memory, with the file that they are saved to. Each save replaces the file as a whole."""

    def __init__(self, path: Path, values: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._values = dict(values or {})
        self._changed = False

    @classmethod
    def load(cls, path: Path, *, ignore_invalid: bool = False) -> "Positions":
        """What the file holds; nothing when there is none.

        Raises BadRequest for a file that isn't a positions file, unless `ignore_invalid`: then
        everything is read anew.
        """
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return cls(path)
        except OSError as error:
            raise Unavailable(f"can't read the positions file {path}: {error.strerror}") from None
        try:
            return cls(path, _parse(text))
        except (yaml.YAMLError, ValueError) as error:
            if ignore_invalid:
                return cls(path)
            raise BadRequest(
                f"{path} is not a positions file: {str(error).splitlines()[0]}; "
                "repair it, or set positions.ignore_invalid_yaml to read everything anew"
            ) from None

    def __getitem__(self, key: str) -> str:
        return self._values.get(key, "")

    def snapshot(self) -> dict[str, str]:
        """All positions."""
        return dict(self._values)

    def apply(self, changes: Changes) -> None:
        """Takes over changes; they are in the file after the next `save`."""
        for key, value in changes.items():
            if value:
                self._values[key] = value
            else:
                self._values.pop(key, None)
        self._changed = self._changed or bool(changes)

    def changed_text(self) -> bytes | None:
        """What to write when something changed since the last call; None when nothing did."""
        if not self._changed:
            return None
        self._changed = False
        return _format(self._values)

    def unsaved(self) -> None:
        """What `changed_text` gave last could not be written: the next call gives everything again."""
        self._changed = True

    def save(self) -> None:
        """Writes the file when something changed; raises Unavailable."""
        text = self.changed_text()
        if text is None:
            return
        try:
            write_atomically(self.path, text)
        except Unavailable:
            self.unsaved()
            raise


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file: after a crash it has the old content or the new. Raises Unavailable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(f"can't write {path}: {error.strerror}") from None


def sync_folder(folder: Path) -> None:
    """Makes names of files in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parse(text: bytes) -> dict[str, str]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is
    document = yaml.load(text, loader)
    if document is None:
        return {}
    values = document.get("positions") if isinstance(document, dict) else document
    if values is None and isinstance(document, dict) and "positions" in document:
        return {}
    if not isinstance(values, dict):
        raise ValueError("it has no `positions`")
    return {str(key): str(value) for key, value in values.items()}


def _format(values: Mapping[str, str]) -> bytes:
    rows = [f"  {_key(key)}: {json.dumps(values[key])}\n" for key in sorted(values)]
    return ("positions:\n" + "".join(rows) if rows else "positions: {}\n").encode("ascii")


def _key(key: str) -> str:
    plain = key.isascii() and _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS
    return key if plain else json.dumps(key)
