"""`sigyn store`: looks after a data folder and its buckets."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from sigyn.cli.config_file import config_file_option
from sigyn.cli.problems import show_info
from sigyn.cli.progress import counting
from sigyn.cli.tables import counted, show_table
from sigyn.client.times import moment
from sigyn.config.load import load
from sigyn.config.settings import Settings
from sigyn.config.values import show_duration
from sigyn.model.rfc3339 import format_rfc3339
from sigyn.model.sizes import format_size
from sigyn.model.tenants import SINGLE_TENANT
from sigyn.model.time import TimeRange, system_clock

if TYPE_CHECKING:
    from sigyn.store.check import StoreCheck
    from sigyn.store.plan import Step, StorePlan
    from sigyn.store.settings import Speed

Command = TypeVar("Command", bound=Callable[..., Any])

EPILOG = """\b
Examples:
  sigyn store check --data /var/lib/sigyn            every object against the catalog
  sigyn store backup --to /mnt/backup/sigyn          while the server runs
  sigyn store plan -config.file=loki.yaml            what would be merged, moved and deleted, and its cost
  sigyn store rebuild-catalog --data /var/lib/sigyn  from the objects alone
  sigyn store restore --from 2026-01-01 --to 2026-02-01 --dry-run  what is archived of January

\b
Buckets, tiers and prices come from the settings, as for `sigyn serve`: SIGYN_STORAGE_* variables or
-config.file. Exit codes: 0 all is well, 1 something is damaged or could not be done.
"""

_NOT_REMOVED = {"filter-only": "only left out", "disabled": "disabled"}
"""What is said of delete requests that remove nothing, by the mode of their tenant."""


@click.group(epilog=EPILOG)
def store() -> None:
    """Check a store, back it up, rebuild its catalog, restore what is archived, see what it costs."""


def _store_options(command: Command) -> Command:
    for option in (
        click.option(
            "-o", "--output", type=click.Choice(["default", "json"]), default="default", help="Form of the answer."
        ),
        config_file_option("Loki"),
        click.option("--data", metavar="DIR", help="The data folder.  [default: ./sigyn-data]"),
    ):
        command = option(command)
    return command


@store.command()
@click.option("--quick", is_flag=True, help="Only whether objects are there and how long they are; reads none.")
@_store_options
def check(data: str | None, config_file: Path | None, output: str, quick: bool) -> int:
    """Hold every object against the catalog; the server must be stopped.

    Missing, torn, corrupt and quarantined objects make the exit code 1, and so do streams that are not as in
    the objects, and marks of other stores in its places. Orphans, which a running server
    sweeps, and archived objects, which can't be read before they are restored, are named only.
    """
    from sigyn.cli.assembly import store_settings
    from sigyn.store.check import check_store

    settings = _settings(data, config_file)
    with counting("checking") as progress:
        found = check_store(store_settings(settings), progress, contents=not quick)
    if output == "json":
        _write_json(
            {**asdict(found), "findings": [_finding(each) for each in found.findings], "is_sound": found.is_sound}
        )
    else:
        _show_check(found, quick=quick)
    return 0 if found.is_sound else 1


@store.command("rebuild-catalog")
@_store_options
def rebuild_catalog_command(data: str | None, config_file: Path | None, output: str) -> int:
    """Make the catalog anew from the objects of all tiers; the server must be stopped.

    A catalog that is there is never touched: move it away first.
    """
    from sigyn.cli.assembly import store_settings
    from sigyn.store.places import place_names
    from sigyn.store.rebuild import rebuild_catalog

    settings = store_settings(_settings(data, config_file))
    with counting("reading") as progress:
        rebuilt = rebuild_catalog(settings, progress)
    if output == "json":
        _write_json(asdict(rebuilt))
        return 0
    click.echo(f"a new catalog has {counted(rebuilt.segments, 'segment')} with {counted(rebuilt.entries, 'entry')}")
    show_info(f"read from {', '.join(f'`{place}` ({tier})' for tier, place in place_names(settings).items())}")
    if rebuilt.copies:
        show_info(f"{counted(rebuilt.copies, 'copy')} of moves that were broken off left out; a sweep deletes them")
    if rebuilt.requests:
        show_info(f"{counted(rebuilt.requests, 'delete request')} in force again")
    if rebuilt.unreadable_requests:
        show_info(f"{counted(rebuilt.unreadable_requests, 'delete request')} can't be read and are left out")
    for key in rebuilt.damaged:
        show_info(f"object `{key}` is damaged and in quarantine: restore it from a backup")
    for key in rebuilt.unreadable:
        show_info(f"object `{key}` is no readable segment: left out; copy it away before a sweep deletes it")
    return 0


@store.command()
@click.option(
    "--to",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="A new folder, or that of the last backup, to which only what is new is copied.",
)
@click.option(
    "--leave",
    multiple=True,
    metavar="TIER",
    help="A tier whose objects stay where they are, and are not in the backup; may be given several times.",
)
@_store_options
def backup(data: str | None, config_file: Path | None, output: str, folder: Path, leave: tuple[str, ...]) -> int:
    """Copy the catalog and the objects of all tiers to a folder that can be used as a data folder.

    The server may be running. Damaged and archived objects, which are left out, make the exit code 1.
    """
    from sigyn.cli.assembly import store_settings
    from sigyn.ruler.ruler import FILE as RULER
    from sigyn.store.backup import back_up

    settings = _settings(data, config_file)
    with counting("copying") as progress:
        made = back_up(store_settings(settings), folder, (RULER,), progress, leave=leave)
    if output == "json":
        _write_json(asdict(made))
    else:
        click.echo(
            f"{folder} has {counted(made.segments, 'segment')} with {counted(made.entries, 'entry')}, "
            f"{format_size(made.bytes)}: {counted(made.copied, 'object')} of {format_size(made.copied_bytes)} copied, "
            f"{made.removed} removed"
        )
        if made.left:
            click.echo(f"{counted(made.left, 'segment')} of {format_size(made.left_bytes)} stay in {', '.join(leave)}")
        for key in made.damaged:
            show_info(f"object `{key}` is missing or damaged, and not in the backup")
        if made.archived:
            show_info(
                f"{counted(len(made.archived), 'object')}, such as `{made.archived[0]}`, can't be copied: have them "
                "restored from the archive (sigyn store restore), or leave the tier as it is (--leave)"
            )
    return 0 if made.is_whole else 1


@store.command()
@click.option("--tenant", default=SINGLE_TENANT, show_default=True, help="Whose data.")
@click.option("--from", "from_", required=True, metavar="TIME", help="Start of the range: 2026-01-15T10:00:00Z, 60d.")
@click.option("--to", default="now", show_default=True, metavar="TIME", help="End of the range.")
@click.option("--selector", default="", metavar="SELECTOR", help="Only what has such streams: '{app=\"shop\"}'.")
@click.option(
    "--speed",
    type=click.Choice(["standard", "bulk", "expedited"]),
    help="In place of that of the tier; the price depends on it.  [default: standard]",
)
@click.option("--days", type=click.IntRange(min=1), help="For which S3 keeps the copies.  [default: 3]")
@click.option("--dry-run", is_flag=True, help="Only say how much there is; nothing is asked for.")
@_store_options
def restore(
    data: str | None,
    config_file: Path | None,
    output: str,
    tenant: str,
    from_: str,
    to: str,
    selector: str,
    speed: "Speed | None",
    days: int | None,
    dry_run: bool,
) -> int:
    """Have archived objects of a time restored, which the service asks money for; the server may be running.

    Run it again to see how far it is: what is under way is not asked for once more. What queries may have restored
    (query.max_restored_objects) does not bound it.
    """
    from sigyn.cli.assembly import store_settings
    from sigyn.cli.restoring import concerning, show_restored
    from sigyn.store.archives.ranges import restore_range
    from sigyn.store.settings import RestoreRule, TierSettings

    def rule_of(tier: TierSettings) -> RestoreRule:
        rule = tier.restore or RestoreRule()
        return RestoreRule(speed or rule.speed, days or rule.days)

    settings = _settings(data, config_file)
    now = system_clock()
    asked = TimeRange(moment(from_, now), moment(to, now))
    if asked.start > asked.end:
        raise click.UsageError("the range ends before it starts")
    with counting("looking" if dry_run else "asking") as progress:
        restored = restore_range(
            store_settings(settings),
            tenant,
            asked,
            rule_of,
            system_clock,
            concerns=concerning(tenant, selector),
            dry_run=dry_run,
            progress=progress,
        )
    if output == "json":
        _write_json([asdict(tier) for tier in restored])
    else:
        show_restored(restored)
    return 1 if any(tier.failed for tier in restored) else 0


@store.command()
@_store_options
def plan(data: str | None, config_file: Path | None, output: str) -> int:
    """Show what would be merged, moved and deleted now, and what is stored where at what cost a month.

    Nothing is changed; the server may be running.
    """
    from sigyn.cli.assembly import retention_rules, store_settings
    from sigyn.engine.deleted_entries import streams_concerned
    from sigyn.store.plan import plan_store

    settings = _settings(data, config_file)
    prices = dict(settings.storage.prices)
    planned = plan_store(store_settings(settings), prices, system_clock(), retention_rules(settings), streams_concerned)
    if output == "json":
        _write_json(asdict(planned))
    else:
        _show_plan(planned)
    return 0


def _settings(data: str | None, config_file: Path | None) -> Settings:
    return load(config_file, os.environ, {} if data is None else {"storage.data": data}).settings


def _write_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)))


def _finding(found: Any) -> dict[str, object]:
    return {**asdict(found), "problem": found.problem.value, "is_damage": found.problem.is_damage}


def _show_check(found: "StoreCheck", *, quick: bool) -> None:
    read = "their sizes are right" if quick else f"{found.verified} were read and are whole"
    size = format_size(found.object_bytes)
    click.echo(f"{counted(found.segments, 'segment')}, {counted(found.rows, 'entry')}, {size}: {read}")
    if found.quarantined:
        click.echo(f"{counted(found.quarantined, 'segment')} in quarantine, {format_size(found.quarantined_bytes)}")
    rows = [
        (each.problem.value, each.key, each.tenant, f"{each.rows}" if each.tenant else "", each.detail)
        for each in found.findings
    ]
    if rows:
        show_table("", ("problem", "object", "tenant", "#entries", "what"), rows)
    click.echo(_verdict(found))


def _verdict(found: "StoreCheck") -> str:
    if found.is_sound:
        return "the store is sound"
    problems = {each.problem.value for each in found.findings if each.problem.is_damage}
    if problems == {"foreign"}:
        return "every entry can be read, but no server starts where another store left its mark"
    if problems <= {"unknown", "streams"}:
        return (
            "the catalog does not fit the objects, which are whole as far as it goes: move it and its `-wal` away "
            "(drop its tables in PostgreSQL), and `sigyn store rebuild-catalog` makes it anew"
        )
    return "the store is damaged: restore these objects from a backup"


def _show_plan(planned: "StorePlan") -> None:
    _show_steps("to be done", planned.steps)
    if planned.uncompacted:
        _show_steps("once these segments are compacted, about", planned.uncompacted)
    _show_deletes(planned)
    quarantined = [("in quarantine", planned.quarantined)] if planned.quarantined else []
    for title, holdings in (("now", planned.now), *quarantined, ("then", planned.then)):
        rows = [
            (
                each.tenant,
                each.tier,
                f"{each.segments}",
                f"{each.rows}",
                format_size(each.text_bytes),
                format_size(each.object_bytes),
                "no price" if each.month is None else f"${each.month:,.2f}",
            )
            for each in holdings
        ]
        total = sum(each.month or 0.0 for each in holdings)
        size = format_size(sum(each.object_bytes for each in holdings))
        rows.append(("all", "", f"{sum(each.segments for each in holdings)}", "", "", size, f"${total:,.2f}"))
        show_table(title, ("tenant", "tier", "#segments", "#entries", "#text", "#stored", "#a month"), rows)


def _show_steps(title: str, steps: Sequence["Step"]) -> None:
    rows = [
        (
            each.action,
            each.tenant,
            each.tier,
            f"{each.reason} {show_duration(each.period)}" if each.period else each.reason,
            f"{each.segments}",
            f"{each.rows}",
            format_size(each.object_bytes),
        )
        for each in steps
    ]
    show_table(title, ("action", "tenant", "tier", "why or where to", "#segments", "#entries", "#size"), rows)


def _show_deletes(planned: "StorePlan") -> None:
    rows = [
        (
            each.tenant,
            each.query,
            _NOT_REMOVED[each.mode] if each.due is None else format_rfc3339(each.due),
            f"{each.segments}",
            format_size(each.rewritten_bytes),
            f"{'' if each.is_exact else 'up to '}{each.rows}",
            f"{'' if each.is_exact else 'up to '}{format_size(each.object_bytes)}",
            "no price" if each.month is None else f"${each.month:,.2f}",
        )
        for each in planned.deletes
    ]
    if rows:
        names = ("tenant", "query", "removed after", "#segments", "#to be read", "#entries", "#size", "#saves a month")
        show_table("delete requests", names, rows)
