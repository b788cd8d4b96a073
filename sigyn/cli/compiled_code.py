"""Where the machine code of loops is kept, so that only the first start on a machine compiles it."""

import os
import sys
import tempfile
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from sigyn.api.warm_up import is_warming

_NAMED = "NUMBA_CACHE_DIR"  # numba reads it when it is imported


def keep_compiled_code(
    data: Path, *, usual: Sequence[Path] | None = None, environment: MutableMapping[str, str] = os.environ
) -> None:
    """For a process that serves, before numba is imported: keeps code in the data folder where nothing else can.

    numba keeps it beside the sources, or else in the user's cache. A container whose files are read-only has neither,
    and would compile with each start, which takes half a minute of a core. `usual` are these places; None: as they are
    here.
    """
    if _NAMED not in environment and not any(map(_takes_files, _usual(environment) if usual is None else usual)):
        environment[_NAMED] = str(data.resolve() / "compiled")


def end_without_compiler() -> None:
    """Ends the process, which did what it was to do, when the compiler is still at work: the next start goes on.

    Python would wait for it, a minute on a machine that is busy. Libraries that are broken off while they end abort the
    process; this way they are not told.
    """
    if is_warming():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _usual(environment: MutableMapping[str, str]) -> Sequence[Path]:
    cache = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(__file__).parent / "__pycache__", Path(cache) / "numba"


def _takes_files(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
