"""`file_sd_configs`: files with static configs, read again when they change."""

import asyncio
import json
import os
from collections.abc import Sequence

import structlog
import yaml

from sigyn.agent.config.discovery import FileSdConfig
from sigyn.agent.discovery.groups import TargetLabels, Update
from sigyn.agent.targets import globs
from sigyn.model.errors import BadRequest
from sigyn.model.time import SECOND

_LOOK = 5.0  # seconds between looks at the time of the last change; the interval reads in any case
_log = structlog.get_logger("sigyn.agent.discovery")


async def discover_files(config: FileSdConfig, update: Update) -> None:
    """Follows the files until it is cancelled. A file that can't be read keeps the targets that it had."""
    interval = config.refresh_interval / SECOND
    seen: dict[str, tuple[int, int]] = {}
    while True:
        found: dict[str, tuple[int, int]] = {}
        for path in sorted({path for pattern in config.files for path in globs.expand(pattern)}):
            status = os.stat(path)
            found[path] = (status.st_mtime_ns, status.st_size)
            if seen.get(path) != found[path]:
                try:
                    update(f"file/{path}", read_targets(path))
                except BadRequest as error:
                    _log.warning("targets can't be read", file=path, reason=str(error))
        for path in seen.keys() - found.keys():
            update(f"file/{path}", [])
        seen = found
        await asyncio.sleep(min(interval, _LOOK))


def read_targets(path: str) -> Sequence[TargetLabels]:
    """The targets in a file of JSON or YAML; raises BadRequest."""
    try:
        with open(path, "rb") as file:
            groups = json.load(file) if path.endswith(".json") else yaml.safe_load(file)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadRequest(f"{path}: {error}") from None
    targets: list[TargetLabels] = []
    for number, group in enumerate(groups or []):
        if not isinstance(group, dict) or not isinstance(group.get("labels") or {}, dict):
            raise BadRequest(f"{path}: group {number} must have `targets` and `labels`")
        labels = {str(name): str(value) for name, value in (group.get("labels") or {}).items()}
        targets += [
            {"__address__": str(address), "__meta_filepath": path, **labels}
            for address in group.get("targets") or ["localhost"]
        ]
    return targets
