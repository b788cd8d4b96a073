"""The documentation names everything that there is, and nothing that there is not."""

import re
from pathlib import Path
from typing import get_args

import pytest

from sigyn.agent.counters import AgentCounters
from sigyn.agent.stages.kinds import KINDS
from sigyn.api.access.login import LOGIN_ROUTES
from sigyn.api.agents import AGENT_ROUTES
from sigyn.api.alerting import ALERTING_ROUTES
from sigyn.api.cardinality import CARDINALITY_ROUTES
from sigyn.api.explain import EXPLAIN_ROUTES
from sigyn.api.export.route import EXPORT_ROUTES
from sigyn.api.loki.routes import LOKI_ROUTES
from sigyn.api.openapi.document import OPENAPI_ROUTES, by_method, served
from sigyn.api.ops.routes import OPS_ROUTES
from sigyn.api.prometheus.routes import PROMETHEUS_ROUTES
from sigyn.api.push_api import PUSH_ROUTES
from sigyn.api.redaction import REDACTION_ROUTES
from sigyn.cli.app import COMMANDS
from sigyn.config.document import with_settings
from sigyn.config.settings import DECLARATIONS
from sigyn.languages.logql import parse
from sigyn.languages.logql.pipes.math import MathFunction
from sigyn.languages.logql.pipes.stats import StatsFunction
from sigyn.languages.logql.tokens import PIPE_WORDS, RANGE_OPERATORS, STAGE_WORDS, VECTOR_OPERATORS
from sigyn.languages.templates.logql import logql_functions
from sigyn.model.time import system_clock
from sigyn.store.documents import Documents
from sigyn.store.objects import open_objects
from sigyn.store.settings import ObjectStoreSettings
from sigyn.ui.dashboards.library import DashboardLibrary
from sigyn.ui.dashboards.routes import dashboard_routes
from sigyn.ui.links import LINK_ROUTES
from sigyn.ui.page import PAGE_ROUTES

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", DECLARATIONS)
def test_every_setting_is_described(path: str) -> None:
    assert f"| `{path}` |" in page("configuration.md")


def test_the_tables_of_settings_are_those_of_the_code() -> None:
    text = page("configuration.md")
    assert with_settings(text) == text, "run `make docs`"


@pytest.mark.parametrize("query", [*blocks(page("logql.md"), "logql"), *blocks(page("labels.md"), "logql")])
def test_every_example_of_the_language_is_logql(query: str) -> None:
    parse(query)


def test_every_word_of_the_language_is_described() -> None:
    described = set(re.findall(r"`([^`\n]+)`", page("logql.md")))
    words = {part for text in described for part in re.findall(r"\w+", text)}
    language = {*RANGE_OPERATORS.values(), *VECTOR_OPERATORS.values(), *STAGE_WORDS, *logql_functions()}
    language |= {*PIPE_WORDS, *get_args(StatsFunction), *get_args(MathFunction)}
    assert language - words == set()


def test_every_route_is_described_and_every_described_route_is_there() -> None:
    documents = Documents(open_objects(ObjectStoreSettings(url="memory://")), "dashboards", system_clock)
    page_routes = [*PAGE_ROUTES, *LINK_ROUTES, *dashboard_routes(DashboardLibrary(documents))]
    all_routes = [*LOKI_ROUTES, *PROMETHEUS_ROUTES, *PUSH_ROUTES, *OPS_ROUTES]
    all_routes += [*EXPORT_ROUTES, *EXPLAIN_ROUTES, *CARDINALITY_ROUTES]
    all_routes += page_routes
    all_routes += [*LOGIN_ROUTES, *REDACTION_ROUTES, *ALERTING_ROUTES, *AGENT_ROUTES, *OPENAPI_ROUTES]
    routes = {route.path for route in all_routes if hasattr(route, "path")}
    described = set(re.findall(r"`(?:GET|POST|DELETE) (/[^`]*)`", page("api.md")))
    assert described == routes
    assert set(by_method()) == set(served(all_routes))


def test_every_metric_and_stage_of_the_agent_is_described() -> None:
    described = set(re.findall(r"`(\w+)`", page("agent.md")))
    metrics = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in AgentCounters().registry.collect()
    }
    stages = set(KINDS) - {"non_indexed_labels"}  # an older name
    assert (metrics | stages) - described == set()


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [command for command in COMMANDS if f"sigyn {command}" not in readme] == []


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
