"""Changes of rules: those of one tenant come one after the other, and hold up no other tenant."""

import asyncio
from pathlib import Path

from sigyn.model.errors import SigynError
from sigyn.model.results import QueryAnswer, QueryStatistics, Sample, VectorResult
from sigyn.model.time import SECOND
from sigyn.ruler.limits import RuleLimits
from sigyn.ruler.rule import GroupKey
from sigyn.ruler.ruler import Ruler
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.tenant_locks import TenantLocks
from sigyn.services.query import QueryRequest

from .test_turns import until


def group(name: str, alert: str) -> str:
    """A group of one alert, as it is sent to the API."""
    return f"{{name: {name}, interval: 1s, rules: [{{alert: {alert}, expr: 'count_over_time({{a=\"b\"}}[1m]) > 0'}}]}}"


class Queries:
    """Finds one series, for the tenant `slow` once it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def query_instant(self, request: QueryRequest) -> QueryAnswer:
        if request.tenant == "slow":
            self.asked.set()
            await self.go_on.wait()
        return QueryAnswer(VectorResult(request.end, [Sample((), 1.0)]), QueryStatistics())

    async def query_range(self, request: QueryRequest) -> QueryAnswer:
        raise AssertionError(request)


def test_a_change_that_takes_long_holds_up_no_other_tenant_and_hides_nothing() -> None:
    async def run() -> None:
        queries = Queries()
        ruler = Ruler(RulerSettings(alert_lines=0), queries, None)
        await ruler.start()
        await ruler.put_group("slow", "rules", group("g", "Old"))
        await queries.asked.wait()
        changing = asyncio.create_task(ruler.put_group("slow", "rules", group("g", "New")))
        second = asyncio.create_task(ruler.put_group("slow", "rules", group("h", "Other")))
        async with asyncio.timeout(60):
            await ruler.put_group("other", "rules", group("g", "A"))
            await ruler.delete("other", "rules")
        assert not changing.done()
        assert not second.done()
        assert ruler.rule_group("slow", "rules", "g").rules[0].name == "Old"
        queries.go_on.set()
        await asyncio.gather(changing, second)
        assert ruler.rule_group("slow", "rules", "g").rules[0].name == "New"
        assert list(ruler.rules("slow")["rules"]) == [
            ruler.rule_group("slow", "rules", "g"),
            ruler.rule_group("slow", "rules", "h"),
        ]
        await ruler.close()

    asyncio.run(run())


def test_files_of_a_tenant_are_read_while_another_is_slow(tmp_path: Path) -> None:
    def write(tenant: str, alert: str) -> None:
        (tmp_path / tenant).mkdir(exist_ok=True)
        (tmp_path / tenant / "rules.yaml").write_text(f"groups: [{group('g', alert)}]")

    def alert_of(ruler: Ruler, tenant: str) -> str:
        return ruler.rule_group(tenant, "rules.yaml", "g").rules[0].name

    async def run() -> None:
        queries = Queries()
        ruler = Ruler(RulerSettings(alert_lines=0, rules_directory=tmp_path, poll_interval=SECOND // 50), queries, None)
        await ruler.start()
        await queries.asked.wait()
        for alert in ("Second", "Third"):
            write("slow", alert)
            await until_read(ruler)
            write("other", alert)
            await until(lambda alert=alert: alert_of(ruler, "other") == alert)
        assert alert_of(ruler, "slow") == "First"
        queries.go_on.set()
        await until(lambda: alert_of(ruler, "slow") == "Third")
        await ruler.close()

    async def until_read(ruler: Ruler) -> None:
        """Waits for two looks at the folder: the second began after this."""
        for _ in range(2):
            before = ruler.statistics.reloaded
            await until(lambda before=before: ruler.statistics.reloaded != before)

    for tenant in ("slow", "other"):
        write(tenant, "First")
    asyncio.run(run())


def test_groups_that_are_added_at_once_stay_within_the_limit() -> None:
    async def run() -> None:
        ruler = Ruler(RulerSettings(), Queries(), None, limits_of=lambda _: RuleLimits(max_groups=3))
        await ruler.start()
        adding = [ruler.put_group("a", "rules", group(f"g{place}", "A")) for place in range(10)]
        refused = [each for each in await asyncio.gather(*adding, return_exceptions=True) if each is not None]
        assert all(isinstance(each, SigynError) for each in refused)
        assert (len(refused), len(ruler.groups("a"))) == (7, 3)
        await ruler.close()

    asyncio.run(run())


def test_changes_at_once_run_as_they_are_kept() -> None:
    async def run() -> None:
        ruler = Ruler(RulerSettings(), Queries(), None)
        await ruler.start()
        changes = []
        for place in range(20):
            changes.append(ruler.put_group("a", "rules", group("g", f"A{place}")))
            changes.append(ruler.put_group("b", "rules", group("g", f"B{place}")))
        await asyncio.gather(*changes)
        for tenant in ("a", "b"):
            shown = ruler.rule_group(tenant, "rules", "g")
            await ruler.reload()
            assert ruler.rule_group(tenant, "rules", "g") == shown
            assert [run.key for run in ruler.groups(tenant)] == [GroupKey(tenant, "rules", "g")]
        await ruler.close()

    asyncio.run(run())


def test_locks_are_forgotten_once_nobody_holds_them_or_waits() -> None:
    async def run() -> None:
        locks = TenantLocks()
        order: list[int] = []

        async def hold(place: int) -> None:
            async with locks.held("a"):
                order.append(place)
                await asyncio.sleep(0)

        async with locks.held("a"), locks.held("b"):
            waiting = [asyncio.create_task(hold(place)) for place in range(3)]
            given_up = asyncio.create_task(hold(3))
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.sleep(0)
            assert len(locks) == 2
        assert len(locks) == 1
        await asyncio.gather(*waiting)
        assert (order, len(locks)) == ([0, 1, 2], 0)

    asyncio.run(run())
