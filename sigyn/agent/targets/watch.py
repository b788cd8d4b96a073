"""Changes of files as the kernel tells them (inotify), by the folders they lie in."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import structlog

_log = structlog.get_logger("sigyn.agent.watch")
_PAUSE = 0.03  # seconds in which the kernel merges equal events: writers of many lines cost one event


class FolderWatch:
    """Calls back with the paths that changed, in `written`, and those that came or went, in `moved`.

    Where inotify can't be had, `active` is False and nobody is called: files are polled anyway, then
    more often.
    """

    def __init__(self, written: Callable[[set[str]], None], moved: Callable[[set[str]], None]) -> None:
        self._written = written
        self._moved = moved
        self._inotify = _open_inotify()
        self._folders: dict[int, str] = {}
        self._watched: set[str] = set()
        self._refused = False
        self._resume: asyncio.TimerHandle | None = None
        if self._inotify is not None:
            asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._ready)

    @property
    def active(self) -> bool:
        """Whether all folders are watched."""
        return self._inotify is not None and not self._refused

    def watch(self, folders: Iterable[str]) -> None:
        """Watches these folders too."""
        if self._inotify is None:
            return
        from inotify_simple import flags

        mask = flags.MODIFY | flags.CREATE | flags.MOVED_FROM | flags.MOVED_TO | flags.DELETE | flags.CLOSE_WRITE
        for folder in folders:
            if folder in self._watched:
                continue
            try:
                number = self._inotify.add_watch(folder, mask | flags.ONLYDIR)
            except FileNotFoundError:
                continue
            except OSError as error:  # the limit of watches, or of a file system that has none
                if not self._refused:
                    _log.warning("a folder can't be watched, it is polled", folder=folder, reason=error.strerror)
                self._refused = True
                continue
            self._folders[number] = folder
            self._watched.add(folder)

    def close(self) -> None:
        """Frees the kernel's resources."""
        if self._resume:
            self._resume.cancel()
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None

    def _ready(self) -> None:
        loop = asyncio.get_running_loop()
        assert self._inotify is not None
        loop.remove_reader(self._inotify.fileno())
        self._resume = loop.call_later(_PAUSE, self._read)

    def _read(self) -> None:
        from inotify_simple import flags

        if self._inotify is None:
            return
        written: set[str] = set()
        moved: set[str] = set()
        for event in self._inotify.read(timeout=0):
            folder = self._folders.get(event.wd)
            if event.mask & flags.Q_OVERFLOW:
                moved.add("")
            if folder is None:
                continue
            if event.mask & flags.IGNORED:
                self._watched.discard(self._folders.pop(event.wd))
                continue
            path = os.path.join(folder, event.name)
            (written if event.mask & (flags.MODIFY | flags.CLOSE_WRITE) else moved).add(path)
        if moved:
            self._moved(moved)
        if written:
            self._written(written)
        self._resume = None
        asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._ready)


def _open_inotify() -> Any:
    if sys.platform != "linux":
        return None
    from inotify_simple import INotify

    try:
        return INotify()
    except OSError as error:
        _log.warning("no inotify, files are polled", reason=error.strerror)
        return None
