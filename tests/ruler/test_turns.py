"""Groups and tenants that are slow, and those beside them."""

import asyncio
from collections.abc import Callable

from sigyn.model.results import QueryAnswer, QueryStatistics, Sample, VectorResult
from sigyn.model.rfc3339 import parse_rfc3339
from sigyn.model.time import MINUTE
from sigyn.ruler.rule import GroupKey
from sigyn.ruler.ruler import Ruler
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.turns import AT_ONCE, Turns
from sigyn.services.query import QueryRequest
from tests.client.receiver import Receiver, receiver

from .rules import START

GROUP = "name: {name}\ninterval: 1s\nrules: [{{alert: A, expr: 'count_over_time({{a=\"b\"}}[1m]) > 0'}}]"


class Queries:
    """Finds one series always, for the tenant `slow` once it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on = asyncio.Event()

    async def query_instant(self, request: QueryRequest) -> QueryAnswer:
        if request.tenant == "slow":
            self.asked += 1
            await self.go_on.wait()
        return QueryAnswer(VectorResult(request.end, [Sample((), 1.0)]), QueryStatistics())

    async def query_range(self, request: QueryRequest) -> QueryAnswer:
        raise AssertionError(request)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_tenant_whose_groups_are_slow_does_not_hold_up_another() -> None:
    async def run() -> None:
        queries = Queries()
        ruler = Ruler(RulerSettings(alert_lines=0), queries, None)
        await ruler.start()
        for place in range(AT_ONCE + 1):
            await ruler.put_group("slow", "rules", GROUP.format(name=f"g{place}"))
        await until(lambda: queries.asked >= AT_ONCE)
        await ruler.put_group("other", "rules", GROUP.format(name="g"))
        await until(lambda: ruler.statistics.iterations[GroupKey("other", "rules", "g")] > 0)
        queries.go_on.set()
        await ruler.close()

    asyncio.run(run())


def test_a_slow_group_keeps_its_turn_for_a_time_only() -> None:
    async def run() -> None:
        turns = Turns(1, longest=0.01)
        async with turns.turn("a"), turns.turn("a"):
            pass
        patient = Turns(1, longest=3600)
        async with patient.turn("a"):
            second = asyncio.create_task(patient.turn("a").__aenter__())
            await asyncio.sleep(0)
            assert not second.done()
            async with patient.turn("b"):
                pass
        await second

    asyncio.run(run())


def test_an_alert_of_a_late_evaluation_is_not_over_when_it_is_told() -> None:
    """Its end counts from when it is told, or Alertmanager would take it for resolved."""

    async def run(hook: Receiver) -> None:
        now = START
        settings = RulerSettings(alert_lines=0, alertmanagers=(hook.url,))
        ruler = Ruler(settings, Queries(), None, clock=lambda: now)
        await ruler.start()
        await ruler.put_group("a", "rules", GROUP.format(name="g"))
        now = START + 20 * MINUTE
        await ruler.evaluate(ruler.runs[GroupKey("a", "rules", "g")], START)
        await asyncio.to_thread(hook.wait_for, 1)
        await ruler.close()

    with receiver() as hook:
        asyncio.run(run(hook))
    (alert,) = hook.requests[0].body
    assert parse_rfc3339(alert["startsAt"]) == START
    assert parse_rfc3339(alert["endsAt"]) >= START + 24 * MINUTE
