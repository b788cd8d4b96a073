"""Rules in a bucket: `<tenant>/<file>` below its prefix, read as those of a folder are.

While the bucket can't be reached, the rules that were read stay in force.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sigyn.model.errors import Unavailable
from sigyn.model.tenants import SINGLE_TENANT
from sigyn.ruler.rule_folder import RuleFolder, Stamp, has_rules
from sigyn.store.objects import ObjectStore, open_objects
from sigyn.store.outage import Outage
from sigyn.store.settings import ObjectStoreSettings

_BETWEEN_WARNINGS = 600.0
"""Seconds; polls come every ten, and no two errors have the same words: they say how long it took."""


def _outage() -> Outage:
    return Outage(
        "the bucket of rules can't be read; the rules stay as they are",
        "the bucket of rules is read again",
        _BETWEEN_WARNINGS,
    )


@dataclass(slots=True)
class RuleBucket(RuleFolder):
    """The files of a bucket. Calls block."""

    objects: ObjectStore = field(kw_only=True)
    outage: Outage = field(default_factory=_outage)

    @classmethod
    def open(cls, settings: ObjectStoreSettings) -> "RuleBucket":
        """Raises BadRequest for a URL that makes no sense; nothing is asked of the bucket yet."""
        return cls(Path(settings.url), objects=open_objects(settings))

    def reload(self) -> bool:
        """As in RuleFolder; with nothing changed while the bucket can't be reached."""
        try:
            changed = RuleFolder.reload(self)
        except Unavailable as error:
            self.complaint = str(error)
            self.outage.told(error)
            return False
        self.complaint = ""
        self.outage.told(None)
        return changed

    def found(self) -> Iterator[tuple[Path, tuple[str, Stamp]]]:
        """As in RuleFolder."""
        for each in self.objects.list():
            path = Path(each.key)
            if has_rules(path) and len(path.parts) <= 2:
                tenant = path.parts[0] if len(path.parts) == 2 else SINGLE_TENANT
                yield path, (tenant, (each.tag, each.size, each.modified))

    def text(self, path: Path) -> str:
        """As in RuleFolder."""
        return bytes(self.objects.get(path.as_posix())).decode()
