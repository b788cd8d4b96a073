"""List and watch: a collection of objects, kept up to date.

Source: Kubernetes' documentation of API concepts. A list in pages gives a version, a watch from it gives
changes; bookmarks bring newer versions; a version that is too old (410 Gone) asks for a new list.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
import structlog

from sigyn.agent.discovery.kubernetes.access import KubernetesApi
from sigyn.agent.errors import ConfigurationError

Object = Mapping[str, Any]
OnChange = Callable[[str, Object | None], None]
"""Takes the key of an object (`namespace/name`) and its new state; None when it is gone."""

_PAGE = 500
_WATCH_SECONDS = 300
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_GONE = 410
_log = structlog.get_logger("sigyn.agent.kubernetes")
_decode = msgspec.json.Decoder().decode


class Expired(Exception):
    """The version is too old to watch from."""


class WatchFailed(Exception):
    """The server told an error in place of changes: what it would go on with is not known."""


class Collection:
    """Objects of one kind in one namespace (or in all)."""

    def __init__(self, api: KubernetesApi, path: str, parameters: Mapping[str, str], on_change: OnChange) -> None:
        self.objects: dict[str, Object] = {}
        self.listed = asyncio.Event()
        self._api = api
        self._path = path
        self._parameters = dict(parameters)
        self._on_change = on_change

    async def follow(self) -> None:
        """Lists, then watches, until it is cancelled; starts again after any failure, later each time."""
        wait = _FIRST_WAIT
        version = ""
        while True:
            try:
                if not version:
                    version = await self._list()
                version = await self._watch(version)
                wait = _FIRST_WAIT
                continue
            except Expired:
                version = ""
                continue
            except WatchFailed as error:
                version = ""
                _log.warning("a watch failed, the objects are listed anew", path=self._path, reason=str(error))
            except (httpx.HTTPError, ConfigurationError, msgspec.MsgspecError, OSError) as error:
                _log.warning("the cluster can't be watched", path=self._path, reason=str(error) or repr(error))
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _list(self) -> str:
        found: dict[str, Object] = {}
        following = ""
        while True:
            parameters = {**self._parameters, "limit": str(_PAGE)}
            if following:
                parameters["continue"] = following
            answer = await self._api.client.get(self._path, params=parameters, headers=await self._headers())
            if answer.status_code == _GONE and following:
                found, following = {}, ""  # the pages of this list are no longer kept
                continue
            answer.raise_for_status()
            body = _decode(answer.content)
            found.update((key_of(item), item) for item in body.get("items") or ())
            following = (body.get("metadata") or {}).get("continue", "")
            if not following:
                break
        for key in [key for key in self.objects if key not in found]:
            self._change(key, None)
        for key, item in found.items():
            if self.objects.get(key) != item:
                self._change(key, item)
        self.listed.set()
        return str(body["metadata"]["resourceVersion"])

    async def _watch(self, version: str) -> str:
        """Takes changes until the server ends the watch; the version to go on from. Raises Expired and WatchFailed."""
        parameters = {
            **self._parameters,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        timeout = httpx.Timeout(30.0, read=_WATCH_SECONDS + 30.0)
        headers = await self._headers()
        async with self._api.client.stream(
            "GET", self._path, params=parameters, headers=headers, timeout=timeout
        ) as answer:
            if answer.status_code == _GONE:
                raise Expired
            answer.raise_for_status()
            try:
                async for line in answer.aiter_lines():
                    if line:
                        version = self._take(_decode(line), version)
            except (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout) as error:
                _log.debug("a watch ended early", path=self._path, reason=repr(error))
                await asyncio.sleep(_FIRST_WAIT * random.uniform(0.1, 1.0))
        return version

    def _take(self, event: Mapping[str, Any], version: str) -> str:
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            if item.get("code") == _GONE:
                raise Expired
            raise WatchFailed(str(item.get("message", item)))
        if kind == "DELETED":
            self._change(key_of(item), None)
        elif kind in ("ADDED", "MODIFIED"):
            self._change(key_of(item), item)
        return str(item["metadata"].get("resourceVersion", version))

    def _change(self, key: str, item: Object | None) -> None:
        if item is None:
            self.objects.pop(key, None)
        else:
            self.objects[key] = item
        self._on_change(key, item)

    async def _headers(self) -> dict[str, str]:
        header = await self._api.authorization()
        return {"Accept": "application/json", **({"Authorization": header} if header else {})}


def key_of(item: Object) -> str:
    """`namespace/name`; of objects without a namespace the name."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace", "")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])
