"""Rules in a folder: `<tenant>/<file>`, and files beside those folders for the one tenant of a server without many.

A file is read again when it changes. One that can't be read or has a mistake leaves in force what it
said before, and says so in the log and in the metrics.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import structlog

from sigyn.model.errors import BadRequest
from sigyn.model.tenants import SINGLE_TENANT, check_tenant
from sigyn.ruler.rule import GroupKey, RuleGroup
from sigyn.ruler.rule_file import RuleFileError, read_rule_file

_log = structlog.get_logger("sigyn.ruler")

SUFFIXES = (".yaml", ".yml", ".rules")

Stamp: TypeAlias = tuple[int | str, int, int]
"""What changes with a file: its number or tag, its size, when it was written."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file as it was read: its groups, and what is wrong with what it says now."""

    tenant: str
    path: Path
    stamp: Stamp
    groups: tuple[RuleGroup, ...]
    error: str = ""

    @property
    def namespace(self) -> str:
        """Loki's name for the file: its name."""
        return self.path.name


@dataclass(slots=True)
class RuleFolder:
    """The files of a folder. Calls block."""

    directory: Path
    files: dict[Path, RuleFile] = field(default_factory=dict)
    complaint: str = ""
    listed: bool = False

    def reload(self) -> bool:
        """Reads what changed; whether anything did. While the folder is there and can't be read, nothing does."""
        before = dict(self.files)
        try:
            found = dict(self.found())
        except OSError as error:
            self._complain(error)
            if not isinstance(error, FileNotFoundError):
                return False
            found = {}
        else:
            self.complaint = ""
        self.listed = True
        self.files = {
            path: self._read(tenant, path, stamp, before.get(path)) for path, (tenant, stamp) in found.items()
        }
        return self.files != before

    def tenants(self) -> set[str]:
        """Tenants that have files."""
        return {file.tenant for file in self.files.values()}

    def groups(self, tenant: str) -> Mapping[GroupKey, tuple[RuleGroup, Path]]:
        """All groups of a tenant, and where they stand."""
        return {
            GroupKey(tenant, file.namespace, group.name): (group, file.path)
            for file in self.files.values()
            if file.tenant == tenant
            for group in file.groups
        }

    def may_hold(self, key: GroupKey) -> bool:
        """Whether a group may be in what could not be read, so that nobody can say that it is gone."""
        return not self.listed or any(
            file.error and (file.tenant, file.namespace) == (key.tenant, key.namespace) for file in self.files.values()
        )

    def namespaces(self, tenant: str) -> Mapping[str, Path]:
        """The files of a tenant by their namespaces."""
        return {file.namespace: file.path for file in self.files.values() if file.tenant == tenant}

    def errors(self) -> list[str]:
        """What is wrong with the files, or keeps them from being read."""
        return [*filter(None, [self.complaint]), *(file.error for file in self.files.values() if file.error)]

    def problems(self, tenant: str) -> list[str]:
        """What keeps rules of a tenant from being used, a line each; what keeps all files from it is for everybody."""
        unread = [f"the rules can't be read: {self.complaint}"] if self.complaint else []
        own = (file.error for file in self.files.values() if file.tenant == tenant)
        return [*unread, *(line for error in own for line in error.splitlines())]

    def found(self) -> Iterator[tuple[Path, tuple[str, Stamp]]]:
        """Files with their tenants, and what changes with them."""
        for path, tenant in self._paths():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # it was deleted a moment ago
            yield path, (tenant, (status.st_ino, status.st_size, status.st_mtime_ns))

    def text(self, path: Path) -> str:
        """What a file holds; raises OSError and UnicodeDecodeError."""
        return path.read_text(encoding="utf-8")

    def _paths(self) -> Iterator[tuple[Path, str]]:
        for entry in sorted(self.directory.iterdir()):
            if is_rule_file(entry):
                yield entry, SINGLE_TENANT
            elif entry.is_dir() and not entry.name.startswith("."):
                try:
                    inside = sorted(entry.iterdir())
                except FileNotFoundError:
                    continue  # it was deleted a moment ago
                yield from ((path, entry.name) for path in inside if is_rule_file(path))

    def _complain(self, error: OSError) -> None:
        if self.complaint != str(error):
            self.complaint = str(error)
            _log.warning("the folder of rules can't be read", folder=str(self.directory), error=str(error))

    def _read(self, tenant: str, path: Path, stamp: Stamp, before: RuleFile | None) -> RuleFile:
        if before is not None and before.stamp == stamp:
            return before
        try:
            groups = read_rule_file(self.text(path), str(path))
            check_tenant(tenant)
        except (OSError, UnicodeDecodeError, BadRequest) as error:
            problem = str(error) if isinstance(error, RuleFileError) else f"{path}: {error}"
            for line in problem.splitlines():
                _log.error("rules can't be used", problem=line, kept=before is not None and bool(before.groups))
            return RuleFile(tenant, path, stamp, before.groups if before else (), problem)
        _log.info("rules were read", file=str(path), tenant=tenant, groups=len(groups))
        for where, note in (note for group in groups for note in group.notes):
            _log.warning("something in a file of rules has no effect", file=f"{path}:{where}", note=note)
        return RuleFile(tenant, path, stamp, groups)


def is_rule_file(path: Path) -> bool:
    """Whether a file of a folder is read."""
    return has_rules(path) and path.is_file()


def has_rules(path: Path) -> bool:
    """Whether a file is one of rules by its name: by its suffix, and not as a test of rules."""
    return path.suffix in SUFFIXES and not path.name.startswith(".") and not is_test_file(path)


def is_test_file(path: Path) -> bool:
    """Whether a file holds tests of rules, by its name: `shop_test.yaml`."""
    return path.suffix in SUFFIXES and path.stem.endswith("_test")
