"""`sigyn labels` and `sigyn series`: what there is to ask about."""

from pathlib import Path

import click
import msgspec

from sigyn.cli.options import opened, server_options, store_options, time_options, time_range
from sigyn.model.labels import format_labels, labels_of


@click.command(
    epilog="""\b
Examples:
  sigyn labels                              names of labels in the last hour
  sigyn labels job                          values of the label job
  sigyn labels job --since 7d --selector '{env="prod"}'
"""
)
@click.argument("name", default="")
@click.option(
    "--selector", default="", metavar="SELECTOR", help="Only of streams that match, such as '{env=\"prod\"}'."
)
@store_options("Look into")
@time_options()
@server_options
def labels(
    name: str, selector: str, data: str, config_file: Path | None, since: str, from_: str, to: str, **server: str
) -> None:
    """List names of labels, or the values of one."""
    within = time_range(since, from_, to)
    with opened(data, config_file, server) as store:
        for each in store.labels(name, selector=selector, start=within.start, end=within.end):
            click.echo(each)


@click.command(
    epilog="""\b
Examples:
  sigyn series                              all streams of the last hour
  sigyn series '{job="shop"}' --since 7d
  sigyn series '{env="prod"}' --count-labels   which labels make so many streams
"""
)
@click.argument("selectors", nargs=-1)
@click.option("--count-labels", is_flag=True, help="For each label, how many values it has, the most first.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object per stream.")
@store_options("Look into")
@time_options()
@server_options
def series(
    selectors: tuple[str, ...],
    count_labels: bool,
    as_json: bool,
    data: str,
    config_file: Path | None,
    since: str,
    from_: str,
    to: str,
    **server: str,
) -> None:
    """List streams by their labels."""
    within = time_range(since, from_, to)
    with opened(data, config_file, server) as store:
        found = store.series(*selectors, start=within.start, end=within.end)
    if count_labels:
        _count_labels(found)
        return
    for stream in found:
        click.echo(msgspec.json.encode(stream) if as_json else format_labels(labels_of(stream)))


def _count_labels(streams: list[dict[str, str]]) -> None:
    values: dict[str, set[str]] = {}
    for stream in streams:
        for name, value in stream.items():
            values.setdefault(name, set()).add(value)
    click.echo(f"{len(streams)} streams")
    width = max(map(len, values), default=0)
    for name in sorted(values, key=lambda name: (-len(values[name]), name)):
        click.echo(f"{name:<{width}}  {len(values[name])} values")
