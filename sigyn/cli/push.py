"""`sigyn push`: sends lines of files or of standard input to a server."""

import time
from collections.abc import Iterator
from contextlib import closing
from queue import Empty, Queue
from threading import Thread

import click
import msgspec

from sigyn.cli.options import Server, server_options
from sigyn.cli.problems import show_error, show_warning, stderr_console
from sigyn.cli.progress import reading
from sigyn.client.plain_files import STANDARD_INPUT, PlainFile, Watch
from sigyn.client.push import PushClient, PushEntry
from sigyn.client.times import moment
from sigyn.languages.logql import parse_selector
from sigyn.model.errors import BadRequest, SigynError, TooManyRequests, Unavailable
from sigyn.model.labels import Labels, labels_of
from sigyn.model.time import system_clock
from sigyn.model.time_units import NANOSECONDS, TimeUnit, mistake, mistaken_unit
from sigyn.wire.json_body import decode_json

_BATCH_LINES = 5_000
_BATCH_BYTES = 1 << 20
_LINGER = 1.0  # seconds that a line may wait for company
_ATTEMPTS = 6
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 8.0

EPILOG = """\b
Examples:
  sigyn push app.log --labels '{job="shop", env="dev"}'
  sigyn push access.log.1.gz access.log --labels '{job="nginx"}'
  echo "deployed $VERSION" | sigyn push --labels '{job="deploys"}'
  sigyn push rows.ndjson --json --labels '{job="old"}'

\b
With --json each line is an object: `line` (or `message`) is the text, `timestamp` its time
(RFC 3339, or ns since 1970 as text), `stream` (or `labels`) more labels, `structuredMetadata` more
metadata: the form that `sigyn export` writes.
"""


class _JsonLine(msgspec.Struct):
    """A line of --json."""

    line: str | None = None
    message: str | None = None
    timestamp: str | int | float | None = None
    stream: dict[str, str] = {}
    labels: dict[str, str] = {}
    metadata: dict[str, str] = msgspec.field(name="structuredMetadata", default_factory=dict)


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1)
@click.option(
    "--labels", "labels_text", required=True, metavar="LABELS", help="Labels of the stream: '{job=\"shop\"}'."
)
@click.option("--json", "as_json", is_flag=True, help="Lines are JSON objects with line, timestamp and labels.")
@click.option(
    "--time",
    "time_from",
    type=click.Choice(["now", "parsed"]),
    default=None,
    help="Time of an entry: now, or the one its line names.  [default: parsed of files, now of standard input]",
)
@server_options
def push(files: tuple[str, ...], labels_text: str, as_json: bool, time_from: str | None, **server: str) -> None:
    """Send lines to a server.

    Reads FILES, or standard input when there are none. Every line is stored when the command ends
    with exit code 0.
    """
    labels = _labels(labels_text)
    sent, refused, warned = 0, False, False
    began = time.monotonic()
    with closing(Server(**server).push_client()) as client, reading(files, shown=bool(files)) as advance:
        for path in files or (STANDARD_INPUT,):
            now = time_from == "now" or (time_from is None and path == STANDARD_INPUT)
            entries = _json_entries(path, labels, advance) if as_json else _plain_entries(path, labels, now, advance)
            for batch in _batches(entries):
                if not warned and (found := _mistaken_time(batch)):
                    warned = True
                    show_warning(mistake(*found))
                try:
                    _send(client, batch)
                    sent += len(batch)
                except BadRequest as error:
                    refused = True
                    show_error(error)
    seconds = max(time.monotonic() - began, 1e-9)
    if refused:
        stderr_console().print(f"{sent} lines sent; of the rest, what the server could take is stored", style="dim")
        raise click.exceptions.Exit(1)
    stderr_console().print(f"{sent} lines sent in {seconds:.1f} s", style="dim")


def _labels(text: str) -> Labels:
    """The labels of `{job="shop", env="dev"}`; raises BadRequest for anything that is no plain label set."""
    selector = parse_selector(text)
    unequal = [matcher for matcher in selector.matchers if matcher.operator != "="]
    if unequal:
        raise BadRequest(f'--labels takes name="value" pairs only, not `{unequal[0].operator}`')
    if not selector.matchers:
        raise BadRequest("--labels must name at least one label, such as '{job=\"shop\"}'")
    return labels_of((matcher.name, matcher.value) for matcher in selector.matchers)


def _plain_entries(path: str, labels: Labels, now: bool, watch: Watch | None) -> Iterator[PushEntry]:
    for entry in PlainFile(path).entries(watch):
        yield PushEntry(labels, system_clock() if now else entry.timestamp, entry.line)


def _json_entries(path: str, labels: Labels, watch: Watch | None) -> Iterator[PushEntry]:
    decoder = msgspec.json.Decoder(_JsonLine)
    for number, entry in enumerate(PlainFile(path).entries(watch), start=1):
        if not entry.line.strip():
            continue
        try:
            row = decoder.decode(entry.line)
        except msgspec.ValidationError as error:
            raise BadRequest(f"{path}:{number}: {error}") from None
        except msgspec.DecodeError:
            row = _mended_row(f"{path}:{number}", entry.line, decoder)
        text = row.line if row.line is not None else row.message
        if text is None:
            raise BadRequest(f"{path}:{number}: the object has no `line`")
        now = system_clock()
        timestamp = now if row.timestamp is None else moment(row.timestamp, now)
        all_labels = labels_of({**dict(labels), **row.labels, **row.stream})
        yield PushEntry(all_labels, timestamp, text, row.metadata or None)


def _mended_row(place: str, line: str, decoder: msgspec.json.Decoder[_JsonLine]) -> _JsonLine:
    """What a server would read in the JSON that some programs write: tabs, or halves of surrogate pairs, in strings."""
    try:
        return decode_json(line.encode(), decoder)
    except BadRequest as error:
        raise BadRequest(f"{place}: {error}") from None


def _batches(entries: Iterator[PushEntry]) -> Iterator[list[PushEntry]]:
    """Entries in pushes of a size that servers take well; after a second, what there is.

    A thread reads, so that the lines of a slow pipe are sent although no further line comes.
    """
    waiting: Queue[PushEntry | None] = Queue(2 * _BATCH_LINES)
    failures: list[SigynError] = []

    def read() -> None:
        try:
            for entry in entries:
                waiting.put(entry)
        except SigynError as error:
            failures.append(error)
        finally:
            waiting.put(None)

    Thread(target=read, name="reader", daemon=True).start()
    entry = waiting.get()
    while entry is not None:
        batch, size = [entry], len(entry.line)
        deadline = time.monotonic() + _LINGER
        while len(batch) < _BATCH_LINES and size < _BATCH_BYTES:
            try:
                entry = waiting.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                break
            if entry is None:
                break
            batch.append(entry)
            size += len(entry.line)
        yield batch
        if entry is not None:
            entry = waiting.get()
    if failures:
        raise failures[0]


def _mistaken_time(batch: list[PushEntry]) -> tuple[int, TimeUnit] | None:
    """A time in a batch that was probably not written in ns, and its unit."""
    for entry in batch:
        if entry.timestamp < NANOSECONDS.first and (unit := mistaken_unit(entry.timestamp)):
            return entry.timestamp, unit
    return None


def _send(client: PushClient, batch: list[PushEntry]) -> None:
    """Sends a batch, again when the server is busy or away for a moment."""
    wait = _FIRST_WAIT
    for _attempt in range(1, _ATTEMPTS):
        try:
            client.push(batch)
            return
        except (TooManyRequests, Unavailable) as error:
            pause = max(wait, error.retry_after) if isinstance(error, TooManyRequests) else wait
            show_warning(f"{error}; trying again in {pause:g} s")
            time.sleep(pause)
            wait = min(2 * wait, _LONGEST_WAIT)
    client.push(batch)
