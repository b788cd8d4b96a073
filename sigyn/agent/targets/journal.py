"""systemd's journal, through `journalctl`, from the cursor on that was delivered last.

`journalctl --follow` by itself shows the last ten entries of the current boot: what was written before a crash
would be passed over. `--lines=all` and `--merge` show all there is; but `--merge` shows what other machines
sent here too, which a match leaves out again.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from sigyn.agent.config.targets import JournalConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.positions import Changes
from sigyn.agent.server import TargetRow
from sigyn.agent.targets.job import Job, Origin
from sigyn.languages.relabel import RelabelRule, relabel, without_meta
from sigyn.model.errors import Unavailable
from sigyn.model.time import MICROSECOND, SECOND

_PRIORITIES = dict(
    zip("01234567", ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"), strict=True)
)
_LINE_BYTES = 8 << 20
_READ_BYTES = 256 << 10
_MACHINE_ID = Path("/etc/machine-id")
_AGAIN = 5.0  # seconds before a journalctl that ended is started again
_log = structlog.get_logger("sigyn.agent.journal")
_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Mark:
    """The place behind an entry."""

    number: int
    cursor: str

    def __lt__(self, other: "_Mark") -> bool:
        return self.number < other.number


class JournalReader:
    """Follows the journal. Its position is `journal-JOB: CURSOR`."""

    def __init__(
        self,
        config: JournalConfig,
        job: Job,
        rules: Sequence[RelabelRule],
        counters: AgentCounters,
        position: str,
        program: str = "journalctl",
        again: float = _AGAIN,
    ) -> None:
        """A `program` that ends is started again after so many seconds."""
        self._config = config
        self._job = job
        self._rules = rules
        self._program = program
        self._again = again
        self._last = _Mark(0, position)
        self._lines = counters.target_entries.labels("journal", job.name)
        self._errors = counters.target_errors.labels("journal", job.name)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to read; raises Unavailable where there is no journalctl."""
        if shutil.which(self._program) is None:
            raise Unavailable(f"a journal is to be read, but there is no `{self._program}` on this machine")
        self._task = asyncio.create_task(self._follow(), name="journal")

    async def stop(self) -> None:
        """Ends journalctl."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def rows(self) -> Sequence[TargetRow]:
        """One row."""
        labels = self._config.labels
        details: dict[str, str | int] = {"Path": self._config.path or "(the system's)", "Entries": self._last.number}
        return [TargetRow(self._job.name, "Journal", "ready", labels, labels, details)]

    def changes(self, mark: _Mark | None) -> Changes:
        """The cursor behind everything that was read, or the one before a held entry."""
        return {f"journal-{self._job.name}": (mark or self._last).cursor}

    def command(self) -> list[str]:
        """How journalctl is called."""
        config = self._config
        command = [self._program, "--output=json", "--follow", "--lines=all", "--merge", "--all"]
        command += ["--no-pager", "--quiet"]
        if config.path:
            command.append(f"--directory={config.path}")
        if self._last.cursor:
            command.append(f"--after-cursor={self._last.cursor}")
        else:
            command.append(f"--since=-{config.max_age // SECOND}s")
        return command + self._matches()

    def _matches(self) -> list[str]:
        """What entries have to have: in the system's journal, to be of this machine besides what the file asks for."""
        matches = self._config.matches.split()
        try:
            machine = "" if self._config.path else _MACHINE_ID.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            machine = ""
        if not machine:
            return matches
        ours = f"_MACHINE_ID={machine}"
        # `+` separates alternatives.
        return [ours] + [part for match in matches for part in (("+", ours) if match == "+" else (match,))]

    async def _follow(self) -> None:
        while True:
            try:
                ended = f"code {await self._read_once()}"
            except OSError as error:  # such as too few descriptors or too little memory, for now
                ended = str(error)
            _log.warning("journalctl ended, it is started again", reason=ended, seconds=self._again)
            await asyncio.sleep(self._again)

    async def _read_once(self) -> int | None:
        """Reads what journalctl writes until it ends; its exit code. Raises OSError when it can't be started."""
        process = await asyncio.create_subprocess_exec(
            *self.command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            await self._read(process.stdout)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return process.returncode

    async def _read(self, stream: asyncio.StreamReader) -> None:
        rest = b""
        while data := await stream.read(_READ_BYTES):
            *rows, rest = (rest + data).split(b"\n")
            if len(rest) > _LINE_BYTES:
                self._errors.inc()
                rest = b""
            if rows:
                self._push(rows)
            if self._job.sink.full():
                await self._job.sink.room()

    def _push(self, rows: Sequence[bytes]) -> None:
        entries = []
        for row in rows:
            try:
                fields = {name: _text(value) for name, value in _decode(row).items()}
            except msgspec.MsgspecError:
                self._errors.inc()
                continue
            before = self._last
            self._last = _Mark(before.number + 1, fields.get("__CURSOR", before.cursor))
            entry = self._entry(fields)
            if entry:
                entry.origin = Origin(self, before)
                entries.append(entry)
        self._lines.inc(len(entries))
        self._job.push(entries, self, sum(map(len, rows)))

    def _entry(self, fields: Mapping[str, str]) -> AgentEntry | None:
        """None for what relabelling drops, and for what has no message, which Promtail drops as well."""
        labels = dict(self._config.labels)
        labels.update((f"__journal_{name.lower()}", value) for name, value in fields.items())
        priority = fields.get("PRIORITY")  # whatever the program that wrote it made of it
        if priority in _PRIORITIES:
            labels["__journal_priority_keyword"] = _PRIORITIES[priority]
        kept = relabel(labels, self._rules)
        if kept is None or not (self._config.json or "MESSAGE" in fields):
            return None
        line = _encode(dict(fields)).decode() if self._config.json else fields["MESSAGE"]
        moment = fields.get("_SOURCE_REALTIME_TIMESTAMP") or fields.get("__REALTIME_TIMESTAMP", "0")
        return AgentEntry(without_meta(kept), int(moment) * MICROSECOND, line)


def _text(value: object) -> str:
    """journalctl writes bytes that are no text as a list of numbers, and repeated fields as a list of texts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if all(isinstance(one, int) for one in value):
            return bytes(value).decode("utf-8", "replace")
        return " ".join(_text(one) for one in value)
    return "" if value is None else str(value)
