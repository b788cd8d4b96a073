"""Rules and their groups, as values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from sigyn.model.labels import Labels
from sigyn.ruler.expression import Expression


@dataclass(frozen=True, slots=True)
class AlertingRule:
    """Alerts for every series of an expression.

    hold         ns for which a series has to be there before its alert fires (`for`)
    keep_firing  ns for which an alert goes on firing after its series is gone (`keep_firing_for`)
    labels, annotations  templates
    line         where it stands in its file
    """

    name: str
    expression: Expression
    hold: int = 0
    keep_firing: int = 0
    labels: Labels = ()
    annotations: Labels = ()
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> str:
        """What its state is kept under: equal for rules that differ in when and how they alert only."""
        return f"alert {self.name} {self.labels}"


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """Series of the name `name` from an expression, with `labels` added."""

    name: str
    expression: Expression
    labels: Labels = ()
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> str:
        """What its state is kept under."""
        return f"record {self.name} {self.labels}"


Rule: TypeAlias = AlertingRule | RecordingRule


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated one after the other, at the same times.

    interval  ns between evaluations; 0: the ruler's
    limit     alerts or series that one rule may give; 0: any number
    notes     what of its text has no effect, each with its line
    """

    name: str
    rules: tuple[Rule, ...]
    interval: int = 0
    limit: int = 0
    notes: tuple[tuple[int, str], ...] = field(default=(), compare=False)


def recorded_names(groups: Iterable[RuleGroup]) -> frozenset[str]:
    """The names of the series that rules of these groups record."""
    return frozenset(rule.name for group in groups for rule in group.rules if isinstance(rule, RecordingRule))


@dataclass(frozen=True, slots=True, order=True)
class GroupKey:
    """Which group it is. A namespace is the name of a file, or what the API was told."""

    tenant: str
    namespace: str
    group: str

    def __str__(self) -> str:
        return f"{self.namespace};{self.group}"
