"""`labelallow` and `labeldrop`: which labels stay."""

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.names import read_list
from sigyn.agent.stages.stage import Stage, StageContext, StageKind, each


def _compile_allow(names: tuple[str, ...], _context: StageContext) -> Stage:
    if not names:
        raise ConfigurationError("labelallow stage config cannot be empty")
    allowed = frozenset(names)

    def change(entry: AgentEntry) -> None:
        entry.labels = {name: value for name, value in entry.labels.items() if name in allowed}

    return each(change)


def _compile_drop(names: tuple[str, ...], _context: StageContext) -> Stage:
    if not names:
        raise ConfigurationError("labeldrop stage config cannot be empty")

    def change(entry: AgentEntry) -> None:
        for name in names:
            entry.labels.pop(name, None)

    return each(change)


ALLOW = StageKind("labelallow", read_list, _compile_allow)
DROP = StageKind("labeldrop", read_list, _compile_drop)
