"""A group under evaluation: its rules one after the other, what became of each, and what is kept."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from sigyn.model.errors import SigynError
from sigyn.ruler.alert import LimitExceeded
from sigyn.ruler.evaluation import Evaluator, Health, NothingRecorded, Outcome
from sigyn.ruler.group_state import GroupState, GroupStates, RuleState
from sigyn.ruler.history import changes, lost
from sigyn.ruler.rule import AlertingRule, GroupKey, RecordingRule, Rule, RuleGroup
from sigyn.ruler.series_store import SeriesStore
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.statistics import RulerStatistics
from sigyn.ruler.telling import Teller, Told

_log = structlog.get_logger("sigyn.ruler")


_OVER = RuleState()
"""The state of a rule that gave too many alerts: like Prometheus it then has none."""


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """How a rule fared last: `seconds` it took at `evaluated` (ns; 0: never)."""

    health: Health = "unknown"
    error: str = ""
    seconds: float = 0.0
    evaluated: int = 0


class GroupRun:
    """A group with its state. Whoever calls `evaluate` holds `idle`, so that one evaluation runs at a time."""

    def __init__(
        self,
        key: GroupKey,
        group: RuleGroup,
        source: str,
        *,
        evaluator: Evaluator,
        series: SeriesStore,
        states: GroupStates,
        settings: RulerSettings,
        statistics: RulerStatistics,
        tell: Callable[[Told], None],
    ) -> None:
        """`source` is the file that the group is in; `tell` stores what is told, in the transaction of the state."""
        self.key = key
        self.group = group
        self.source = source
        self.interval = group.interval or settings.evaluation_interval
        self.state = states.load(key)
        self.seconds = 0.0
        self.busy_until = 0
        """When its last evaluation was done, ns: what was missed until then is not made up for, or a group that is
        slow would become slower and slower."""
        self.idle = asyncio.Lock()
        self.statuses: list[RuleStatus] = [RuleStatus() for _ in group.rules]
        self._keys = _rule_keys(group.rules)
        self._evaluator = evaluator
        self._series = series
        self._states = states
        self._settings = settings
        self._teller = Teller(key, self.interval, settings)
        self._statistics = statistics
        self._tell = tell

    def rule_state(self, place: int) -> RuleState:
        """The state of the rule at that place of the group."""
        return self.state.of(self._keys[place])

    async def evaluate(self, at: int) -> Told:
        """Evaluates the group at `at` (ns), after what was missed since the last time; saves its state.

        Recording rules are made up for; alerts take up where they were. Raises Unavailable when the
        state can't be kept; rules that fail are counted and shown, and stop nothing.
        """
        began = time.monotonic()
        told = Told()
        await self._make_up(at, told)
        rules: dict[str, RuleState] = {}
        for place, rule in enumerate(self.group.rules):
            before = self.rule_state(place)
            state = await self._evaluate_rule(place, rule, at)
            if isinstance(rule, AlertingRule):
                if state is _OVER:
                    await self._end(before, at, told)
                state = self._teller.note(rule, state, at, told)
                told.changes.extend(changes(self.key, before.alerts, state.alerts, at))
            rules[self._keys[place]] = state
        for key, state in self.state.rules.items():
            if key not in rules:
                told.changes.extend(changes(self.key, state.alerts, (), at))
                await self._end(state, at, told)
        after = GroupState(at, rules)
        await asyncio.to_thread(self._save, after, told)
        self.state = after
        self.seconds = time.monotonic() - began
        self._statistics.iterations[self.key] += 1
        self._statistics.seconds[self.key] = self.seconds
        total = self._statistics.total_seconds
        total[self.key] = total.get(self.key, 0.0) + self.seconds
        self._statistics.evaluated[self.key] = at
        return told

    async def farewell(self, at: int) -> Told:
        """What there is to say when the group is deleted: its alerts are over, its series end. Raises Unavailable."""
        told = Told()
        for state in self.state.rules.values():
            told.changes.extend(changes(self.key, state.alerts, (), at))
            await self._end(state, at, told)
        await asyncio.to_thread(self._forget, told)
        return told

    async def _make_up(self, at: int, told: Told) -> None:
        """Counts the evaluations since the last one that did not happen, and makes up for recording rules."""
        last = self.state.evaluated
        if not last:
            return
        missed = range(last + self.interval, at, self.interval)
        if missed:
            self._statistics.missed[self.key] += len(missed)
            newest = missed[-self._settings.catch_up :] if self._settings.catch_up else ()
            made_up = [then for then in newest if then > self.busy_until]
            _log.warning("evaluations were missed", group=str(self.key), missed=len(missed), made_up=len(made_up))
            for then in made_up:
                await self._record_then(then)
        if at - last > self._settings.outage_tolerance:
            for state in self.state.rules.values():
                told.changes.extend(lost(self.key, state.alerts, last))
                self._teller.end(state.alerts, last, told)
            self.state = _without_alerts(self.state)

    async def _record_then(self, then: int) -> None:
        rules = dict(self.state.rules)
        for place, rule in enumerate(self.group.rules):
            if isinstance(rule, RecordingRule):
                rules[self._keys[place]] = await self._evaluate_rule(place, rule, then)
        self.state = replace(self.state, rules=rules)
        self._statistics.caught_up[self.key] += 1

    async def _evaluate_rule(self, place: int, rule: Rule, at: int) -> RuleState:
        """The rule's new state, the old one when it fails; its series are written."""
        began = time.monotonic()
        state = self.rule_state(place)
        health: Health = "ok"
        error = ""
        try:
            outcome = await self._evaluator.evaluate(self.key.tenant, rule, self.group.limit, state, at)
            await self._write(outcome, at)
            state = outcome.state
        except NothingRecorded as waiting:
            health, error = "unknown", str(waiting)
        except LimitExceeded as failure:
            health, error, state = "err", str(failure), _OVER if isinstance(rule, AlertingRule) else state
            self._statistics.failures[self.key] += 1
        except SigynError as failure:
            health, error = "err", str(failure)
            self._statistics.failures[self.key] += 1
            _log.warning("rule failed", group=str(self.key), rule=rule.name, tenant=self.key.tenant, error=error)
        self._statistics.evaluations[self.key] += 1
        self.statuses[place] = RuleStatus(health, error, time.monotonic() - began, at)
        return state

    async def _write(self, outcome: Outcome, at: int) -> None:
        if outcome.samples or outcome.ended:
            await asyncio.to_thread(self._series.append, self.key.tenant, at, outcome.samples, outcome.ended)

    async def _end(self, state: RuleState, at: int, told: Told) -> None:
        """Ends what a rule that is gone left behind."""
        self._teller.end(state.alerts, at, told)
        await self._write(Outcome(RuleState(), ended=state.written), at)

    def _forget(self, told: Told) -> None:
        with self._states.transaction():
            self._states.forget(self.key)
            self._tell(told)

    def _save(self, state: GroupState, told: Told) -> None:
        with self._states.transaction():
            self._states.save(self.key, state)
            self._tell(told)


def _rule_keys(rules: Sequence[Rule]) -> list[str]:
    """What each rule's state is kept under; equal rules are told apart by their order."""
    counts: dict[str, int] = {}
    keys = []
    for rule in rules:
        counts[rule.key] = counts.get(rule.key, 0) + 1
        keys.append(f"{rule.key} {counts[rule.key]}")
    return keys


def _without_alerts(state: GroupState) -> GroupState:
    """After a long outage nobody knows what happened meanwhile: alerts begin anew."""
    return replace(state, rules={key: replace(rule, alerts=()) for key, rule in state.rules.items()})
