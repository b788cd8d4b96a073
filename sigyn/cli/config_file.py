"""-config.file, as Loki and Promtail spell it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def config_file_option(whose: str) -> Callable[[Command], Command]:
    """The option for a file of `whose` configuration, such as Loki."""
    return click.option(
        "-config.file",
        "--config.file",
        "config_file",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=f"Configuration file of {whose}.",
    )
