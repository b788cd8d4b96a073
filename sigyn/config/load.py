"""Settings from all the places that they come from, in their order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sigyn.config.environment import with_environment
from sigyn.config.loki_yaml import LokiConfiguration, read_loki_file
from sigyn.config.settings import Settings, with_values


def load(config_file: Path | None, variables: Mapping[str, str], flags: Mapping[str, Any]) -> LokiConfiguration:
    """Settings of the flags, else of SIGYN_* variables, else of the file, else the defaults.

    `flags` has values by path, such as `server.http`. Raises ConfigError.
    """
    read = read_loki_file(config_file, variables) if config_file else LokiConfiguration(Settings(), ())
    settings = with_values(with_environment(read.settings, variables), flags)
    return LokiConfiguration(settings, read.notices)
