"""`sigyn explain`: how a query would run, against a server or a data folder."""

from pathlib import Path

import click
import msgspec

from sigyn.cli.options import opened, server_options, store_options, time_options, time_range
from sigyn.cli.progress import waiting

FORMATS = ("text", "json")


@click.command(
    epilog="""\b
Examples:
  sigyn explain '{job="shop"} | json | level="error"' --since 24h
  sigyn explain 'sum by (path) (rate({job="shop"} | json [5m]))' -o json

\b
Nothing but the catalog and metadata is read. A stage that runs in SQL works on columns; one that runs in
the interpreter looks at the entries one by one, and the reason is given.
"""
)
@click.argument("logql")
@store_options("Ask")
@time_options()
@click.option("--step", default="", metavar="DURATION", help="Distance between the points of a metric query.")
@click.option("--instant", is_flag=True, help="As one value per series, at --to.")
@click.option("--output", "-o", type=click.Choice(FORMATS), default="text", show_default=True, help="Form of the plan.")
@server_options
def explain(
    logql: str,
    data: str,
    config_file: Path | None,
    since: str,
    from_: str,
    to: str,
    step: str,
    instant: bool,
    output: str,
    **server: str,
) -> None:
    """Show how a query would run."""
    within = time_range(since, from_, to)
    with waiting("planning"), opened(data, config_file, server) as store:
        plan = store.explain(logql, start=within.start, end=within.end, step=step or None, instant=instant)
    if output == "json":
        click.echo(msgspec.json.encode(plan))
        return
    # Here and not above: the engine takes a second to import, and JSON needs none of it.
    from sigyn.engine.explain import Explanation
    from sigyn.engine.explain_text import explanation_text

    click.echo(explanation_text(msgspec.convert(plan, Explanation)))
