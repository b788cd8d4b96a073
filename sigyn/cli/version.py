"""`sigyn version`."""

import platform
from importlib.metadata import version as installed

import click


@click.command()
def version() -> None:
    """Print the version of Sigyn, and of Python and the libraries that matter when something is odd."""
    parts = " ".join(f"{name} {installed(name)}" for name in ("duckdb", "pyarrow", "obstore"))
    click.echo(f"sigyn {installed('sigyn')}")
    click.echo(f"python {platform.python_version()} on {platform.system()} {platform.machine()}; {parts}")
