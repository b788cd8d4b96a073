"""The ruler: finds rules, evaluates each group at its times, keeps what it finds, and tells whom it may concern."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import structlog

from sigyn.languages.logql import ast
from sigyn.languages.promql import parse_promql
from sigyn.model.errors import BadRequest, NotFound, SigynError
from sigyn.model.labels import Labels
from sigyn.model.results import MatrixResult, ScalarResult, VectorResult
from sigyn.model.time import HOUR, SECOND, Clock, system_clock
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.evaluation import Evaluator, LogQueries
from sigyn.ruler.group_run import GroupRun
from sigyn.ruler.group_state import GroupStates
from sigyn.ruler.history import AlertHistory, Past
from sigyn.ruler.limits import RuleLimits
from sigyn.ruler.notify.access import check_access
from sigyn.ruler.notify.alertmanager import Alertmanager
from sigyn.ruler.notify.delivery import Delivery
from sigyn.ruler.notify.outbox import Outbox
from sigyn.ruler.notify.receivers import Webhook, receivers
from sigyn.ruler.notify.silencing import Silencing
from sigyn.ruler.remote_write import RemoteWriter
from sigyn.ruler.rule import GroupKey, RuleGroup, recorded_names
from sigyn.ruler.rule_bucket import RuleBucket
from sigyn.ruler.rule_file import read_rule_group
from sigyn.ruler.rule_folder import RuleFolder
from sigyn.ruler.rule_shelf import RuleShelf
from sigyn.ruler.schedule import at_times
from sigyn.ruler.series_query import instant, over_range
from sigyn.ruler.series_store import SeriesStore
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.statistics import RulerStatistics
from sigyn.ruler.tasks import Background
from sigyn.ruler.telling import Told
from sigyn.ruler.tenant_locks import TenantLocks
from sigyn.ruler.turns import Turns

_log = structlog.get_logger("sigyn.ruler")

FILE = "ruler.sqlite"
"""The ruler's file in the data folder."""


class Ruler:
    """Rules of all tenants. `start` sets it going, `close` ends it; the methods between may be called in any state."""

    def __init__(
        self,
        settings: RulerSettings,
        queries: LogQueries,
        data: Path | None,
        clock: Clock = system_clock,
        limits_of: Callable[[str], RuleLimits] | None = None,
    ) -> None:
        """`data` is the data folder; None keeps everything in memory. `limits_of` gives the limits of a tenant.

        Raises Unavailable and BadRequest.
        """
        self.settings = settings
        self.statistics = RulerStatistics()
        self.runs: dict[GroupKey, GroupRun] = {}
        self._clock = clock
        self._database = RulerDatabase(data / FILE if data is not None else None)
        self._series = SeriesStore(self._database)
        self._states = GroupStates(self._database)
        self._history = AlertHistory(self._database)
        self._shelf = RuleShelf(self._database)
        self._outbox = Outbox(self._database, clock, settings.notification_queue_capacity)
        self._folder = _rule_files(settings)
        self._limits_of = limits_of or (lambda _tenant: RuleLimits())
        self._evaluator = Evaluator(queries, self._series, settings, limits_of, self._recorded_by)
        self.silencing = Silencing(settings)
        self._alertmanagers = [Alertmanager(url, settings, self.statistics) for url in settings.alertmanagers]
        self._receivers = tuple(receivers(settings))
        self._deliveries = [Delivery(receiver, self._outbox, self.statistics, clock) for receiver in self._receivers]
        self._writers = [
            RemoteWriter(url, self._series, self._database, settings, self.statistics, self._limits_of)
            for url in settings.remote_write
        ]
        for access in (settings.alertmanager_access, settings.remote_write_access):
            check_access(access)
        self._turns = Turns()
        self._loops: dict[GroupKey, Background] = {}
        self._services: list[Background] = []
        self._changing = TenantLocks()
        self._started = False
        self._changed = False
        self._to_apply: set[str] = set()
        self._applying: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Loads all rules and begins to evaluate them."""
        self._take_up_messages()
        self._started = True
        await self.reload()
        self._services = [Background(each.name, each.run) for each in self._alertmanagers]
        self._services += [Background(each.name, each.run) for each in self._deliveries]
        self._services += [Background(each.name, each.run) for each in self._writers]
        self._services += [Background("rules folder", self._watch), Background("what is kept for a time", self._prune)]

    async def close(self) -> None:
        """Ends evaluations where they are, and lets go of the file; states are as of the last evaluation."""
        await asyncio.gather(*(work.stop() for work in self._services))
        applying = list(self._applying.values())
        for task in applying:
            task.cancel()
        await asyncio.gather(*applying, return_exceptions=True)
        await asyncio.gather(*(work.stop() for work in self._loops.values()))
        self._evaluator.close()
        self._database.close()

    async def reload(self) -> None:
        """Reads the rules anew and lets every group run as it is now written."""
        await self._read_folder()
        await self._apply_all()

    async def _apply_all(self) -> None:
        """Lets the groups of every tenant run as they are now written; a tenant that is slow, or whose groups can't be
        changed, keeps none of the others from it."""
        done = await asyncio.gather(
            *map(self._apply, sorted(await asyncio.to_thread(self._tenants))), return_exceptions=True
        )
        for failure in filter(None, done):
            raise failure

    async def _apply(self, tenant: str) -> None:
        async with self._changing.held(tenant):
            await self._apply_held(tenant)

    async def _apply_held(self, tenant: str) -> None:
        """Lets the groups of a tenant run as they are now written. Whoever calls this holds the tenant's lock."""
        wanted, unread = await asyncio.to_thread(self._wanted, tenant)
        known = {run.key for run in self.groups(tenant)} | {*await asyncio.to_thread(self._states.keys, tenant)}
        for key in sorted(known - wanted.keys() - unread):
            if self._folder is not None and self._folder.may_hold(key):
                continue  # its alerts are not over because of a mistake in a file
            gone = self.runs.get(key) or self._run(key, RuleGroup(key.group, ()), "")
            await self._end(key)
            self.runs.pop(key, None)
            self._pass_on(key.tenant, await gone.farewell(self._clock()))
            self.statistics.forget(key)
        for key, (group, source) in wanted.items():
            run = self.runs.get(key)
            if run is None or (run.group, run.source) != (group, source):
                await self._end(key)
                await self._begin(key, group, source)

    def groups(self, tenant: str) -> Sequence[GroupRun]:
        """The groups of a tenant, by namespace and name."""
        return [run for key, run in sorted(self.runs.items()) if key.tenant == tenant]

    def problems(self, tenant: str) -> Sequence[str]:
        """What is wrong with the rule files of a tenant: a line for each mistake, with its file and line."""
        return self._folder.problems(tenant) if self._folder is not None else ()

    def rules(self, tenant: str, namespace: str | None = None) -> Mapping[str, Sequence[RuleGroup]]:
        """The groups of a tenant by namespace. Raises NotFound when there are none."""
        found: dict[str, list[RuleGroup]] = {}
        for run in self.groups(tenant):
            if namespace is None or run.key.namespace == namespace:
                found.setdefault(run.key.namespace, []).append(run.group)
        if not found:
            raise NotFound("no rule groups found")
        return found

    def rule_group(self, tenant: str, namespace: str, group: str) -> RuleGroup:
        """A group by its name. Raises NotFound; Grafana takes its text as the sign that there is a ruler."""
        run = self.runs.get(GroupKey(tenant, namespace, group))
        if run is None:
            raise NotFound("group does not exist")
        return run.group

    async def put_group(self, tenant: str, namespace: str, text: str) -> None:
        """Adds the group that is written in `text` (YAML), or changes it.

        Raises BadRequest, with nothing changed, for what is no group, for namespaces that are files, and past a limit.
        """
        group = await asyncio.to_thread(read_rule_group, text)
        async with self._changing.held(tenant):
            self._check_change(tenant, namespace)
            names = {(run.key.namespace, run.key.group) for run in self.groups(tenant)} | {(namespace, group.name)}
            self._limits_of(tenant).check(len(group.rules), len(names))
            await asyncio.to_thread(self._shelf.put, GroupKey(tenant, namespace, group.name), group)
            await self._apply_held(tenant)

    async def delete(self, tenant: str, namespace: str, group: str | None = None) -> None:
        """Deletes a group, or all of a namespace. Raises NotFound, and BadRequest for namespaces that are files."""
        async with self._changing.held(tenant):
            self._check_change(tenant, namespace)
            if not await asyncio.to_thread(self._shelf.remove, tenant, namespace, group):
                raise NotFound("group does not exist" if group is not None else "no rule groups found")
            await self._apply_held(tenant)

    async def query(self, tenant: str, text: str, time: int) -> VectorResult | ScalarResult:
        """A query over recorded series at a time (ns). Raises QueryError."""
        return await asyncio.to_thread(lambda: instant(self._series, tenant, parse_promql(text), time))

    async def query_range(self, tenant: str, text: str, start: int, end: int, step: int) -> MatrixResult:
        """A query over recorded series over a range (ns). Raises QueryError."""
        return await asyncio.to_thread(lambda: over_range(self._series, tenant, parse_promql(text), start, end, step))

    async def history(self, tenant: str, start: int, end: int, limit: int) -> Past:
        """What alerts of a tenant did with start <= t < end (ns): the newest `limit` changes."""
        return await asyncio.to_thread(self._history.read, tenant, start, end, limit)

    async def recorded(self, tenant: str, selectors: Sequence[ast.Selector], start: int, end: int) -> Sequence[Labels]:
        """Recorded series that one of the selectors matches (all, when there are none), between two times (ns)."""
        return await asyncio.to_thread(self._series.series, tenant, selectors, start, end)

    def _recorded_by(self, tenant: str) -> frozenset[str]:
        return recorded_names(run.group for key, run in self.runs.items() if key.tenant == tenant)

    def _check_change(self, tenant: str, namespace: str) -> None:
        if not self.settings.enable_api:
            raise BadRequest("rules can't be changed through the API: ruler.enable_api is off")
        path = self._folder.namespaces(tenant).get(namespace) if self._folder is not None else None
        if path is not None:
            raise BadRequest(f"the rules of namespace `{namespace}` are in the file {path}: change them there")

    def _tenants(self) -> set[str]:
        """All tenants that have rules, or states of rules that they had."""
        tenants = {*self._shelf.tenants(), *self._states.tenants(), *(key.tenant for key in list(self.runs))}
        return tenants if self._folder is None else tenants | self._folder.tenants()

    def _wanted(self, tenant: str) -> tuple[dict[GroupKey, tuple[RuleGroup, str]], set[GroupKey]]:
        """All groups of a tenant that should run, with their files (a file wins over the API), and those that can't
        be read."""
        shelf = self._shelf.groups(tenant)
        wanted = {key: (group, key.namespace) for key, group in shelf.items() if group is not None}
        if self._folder is not None:
            wanted |= {key: (group, str(path)) for key, (group, path) in self._folder.groups(tenant).items()}
        return wanted, shelf.keys() - wanted.keys()

    async def _begin(self, key: GroupKey, group: RuleGroup, source: str) -> None:
        """Lets a group run, in the place of the one of its name that was ended."""
        try:
            run = await asyncio.to_thread(self._run, key, group, source)
        except BaseException:
            self.runs.pop(key, None)  # it is ended: the next change of the tenant's rules begins it
            raise
        self.runs[key] = run
        if self._started:
            work = partial(at_times, key, run.interval, self._clock, partial(self.evaluate, run))
            self._loops[key] = Background(f"group {key}", work)

    def _run(self, key: GroupKey, group: RuleGroup, source: str) -> GroupRun:
        return GroupRun(
            key,
            group,
            source,
            evaluator=self._evaluator,
            series=self._series,
            states=self._states,
            settings=self.settings,
            statistics=self.statistics,
            tell=self._keep,
        )

    async def _end(self, key: GroupKey) -> None:
        """Ends the evaluations of a group, which is shown until it is replaced or gone."""
        run, loop = self.runs.get(key), self._loops.get(key)
        if run is not None and loop is not None:
            async with run.idle:  # an evaluation under way may have its state still to save
                await loop.stop()
            del self._loops[key]

    async def evaluate(self, run: GroupRun, at: int) -> None:
        """Evaluates a group at a time (ns) and passes on what it has to say."""
        async with self._turns.turn(run.key.tenant), run.idle:
            try:
                told = await run.evaluate(at)
            except SigynError as error:
                _log.error("a group was not evaluated", group=str(run.key), tenant=run.key.tenant, error=str(error))
                return
            run.busy_until = self._clock()
        self._pass_on(run.key.tenant, told.put_off(run.busy_until - at))

    def _pass_on(self, tenant: str, told: Told) -> None:
        """Sends what there is to say of a tenant's alerts, and what was recorded, on its way."""
        for alertmanager in self._alertmanagers:
            alertmanager.put(tenant, told.notices)
        if told.messages:
            for delivery in self._deliveries:
                delivery.wake()
        for writer in self._writers:
            writer.wake()

    def _take_up_messages(self) -> None:
        """Lets what waits in the file go on its way, but for receivers that are not configured any more."""
        for receiver in self._receivers:
            if isinstance(receiver, Webhook):
                self._outbox.keep_as(receiver.former_key, receiver.key)
        self._outbox.forget_others(receiver.key for receiver in self._receivers)

    def _keep(self, told: Told) -> None:
        self._history.add(told.changes)
        for delivery in self._deliveries:
            dropped = self._outbox.put(delivery.key, told.messages)
            self.statistics.notifications_dropped[delivery.name] += dropped

    async def _read_folder(self) -> bool:
        """Reads what changed in the folder; whether anything did."""
        if self._folder is None:
            return False
        changed = await asyncio.to_thread(self._folder.reload)
        self.statistics.reload_successful = not self._folder.errors()
        self.statistics.reloaded = self._clock()
        return changed

    async def _watch(self) -> None:
        """Lets the groups of the folder run as they are now written when it changes."""
        while self._folder is not None:
            await asyncio.sleep(self.settings.poll_interval / SECOND)
            self._changed = await self._read_folder() or self._changed
            if self._changed:
                self._to_apply |= await asyncio.to_thread(self._tenants)
                self._changed = False  # when this was not reached, the next round tries it again
            for tenant in self._to_apply - self._applying.keys():  # nobody waits for a tenant whose groups are slow
                self._to_apply.remove(tenant)
                self._applying[tenant] = asyncio.create_task(self._apply(tenant))
                self._applying[tenant].add_done_callback(partial(self._applied, tenant))

    def _applied(self, tenant: str, task: "asyncio.Task[None]") -> None:
        del self._applying[tenant]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            defect = None if isinstance(error, SigynError) else error
            _log.error(
                "changed rules do not run yet; they are tried again", tenant=tenant, error=str(error), exc_info=defect
            )
            self._to_apply.add(tenant)

    async def _prune(self) -> None:
        while True:
            now = self._clock()
            await asyncio.to_thread(self._series.forget_before, now - self.settings.series_retention)
            await asyncio.to_thread(self._history.forget_before, now - self.settings.history_retention)
            await asyncio.sleep(HOUR / SECOND)


def _rule_files(settings: RulerSettings) -> RuleFolder | None:
    settings.check()
    if settings.rules_bucket is not None:
        return RuleBucket.open(settings.rules_bucket)
    return RuleFolder(settings.rules_directory) if settings.rules_directory is not None else None
