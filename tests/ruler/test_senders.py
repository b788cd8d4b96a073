"""What goes out over HTTP, to servers that redirect, and to one that keeps tenants apart."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from sigyn.model.results import QueryAnswer, QueryStatistics, Sample, VectorResult
from sigyn.ruler.rule import GroupKey
from sigyn.ruler.ruler import Ruler
from sigyn.ruler.settings import HttpAccess, RulerSettings
from sigyn.services.query import QueryRequest
from tests.client.receiver import receiver

from .rules import START
from .servers import group, ruled_server

ALWAYS = "name: g\nrules: [{alert: Always, expr: vector(1)}]"


class OneSeries:
    """Finds one series without labels, whatever is asked."""

    async def query_instant(self, request: QueryRequest) -> QueryAnswer:
        return QueryAnswer(VectorResult(request.end, [Sample((), 1.0)]), QueryStatistics())

    async def query_range(self, request: QueryRequest) -> QueryAnswer:
        raise AssertionError(request)


def test_a_webhook_that_moved_is_told_where_it_is(tmp_path: Path) -> None:
    rules = group({"alert": "Always", "expr": "vector(1)"})
    with receiver() as old, receiver() as new:
        old.answers.append((308, "", {"Location": f"{new.url}/there"}))
        with ruled_server(tmp_path, rules, webhook_url=old.url):
            new.wait_for(1)
    (request,) = new.requests
    assert (request.path, request.body["status"]) == ("/there", "firing")


def test_an_alertmanager_that_moved_does_not_pass_the_password_on() -> None:
    with receiver() as old, receiver() as new:
        old.answers.append((307, "", {"Location": f"{new.url}/api/v2/alerts"}))
        access = HttpAccess(username="ops", password="hush")
        asyncio.run(tell(RulerSettings(alertmanagers=(old.url,), alertmanager_access=access), new.wait_for, "a"))
    assert "Authorization" in {name.title() for name in old.requests[0].headers}
    assert "Authorization" not in {name.title() for name in new.requests[0].headers}
    assert new.requests[0].body[0]["labels"] == {"alertname": "Always"}


def test_alertmanagers_hear_whose_alerts_they_are() -> None:
    """Equal labels of two tenants are two alerts, for an Alertmanager that keeps tenants apart as Mimir's does."""
    with receiver() as hook:
        asyncio.run(tell(RulerSettings(alertmanagers=(hook.url,)), hook.wait_for, "a", "b"))
    told = [({name.title(): value for name, value in each.headers.items()}, each.body) for each in hook.requests]
    assert sorted(headers["X-Scope-Orgid"] for headers, _ in told) == ["a", "b"]
    assert [[alert["labels"] for alert in body] for _, body in told] == [[{"alertname": "Always"}]] * 2


async def tell(settings: RulerSettings, wait_for: Callable[[int], None], *tenants: str) -> None:
    """Evaluates a group of each of the tenants, and waits for as many requests."""
    ruler = Ruler(settings, OneSeries(), None, clock=lambda: START)
    for tenant in tenants:
        await ruler.put_group(tenant, "rules", ALWAYS)
        await ruler.evaluate(ruler.runs[GroupKey(tenant, "rules", "g")], START)
    await ruler.start()
    await asyncio.to_thread(wait_for, len(tenants))
    await ruler.close()
