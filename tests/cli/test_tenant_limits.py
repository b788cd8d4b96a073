"""`/config/tenant/v1/limits` and what Logs Drilldown is told: the limits of who asks, and of nobody else."""

from pathlib import Path

import httpx
import yaml

from tests.ruler.upstream import eventually

from .server import running_server
from .tenancy import V1, of, overrides, server
from .test_access import add_token, bearer

LIMITS = "/config/tenant/v1/limits"
READ_AGAIN = "loki_runtime_config_last_reload_successful"
OTLP = {
    "resource_attributes": {"attributes_config": [{"action": "index_label", "attributes": ["team"]}]},
    "severity_text_as_label": True,
}


def test_each_tenant_sees_its_own_limits_as_they_are_now(tmp_path: Path) -> None:
    variables = overrides(
        tmp_path, a={"max_query_series": 7, "otlp_config": OTLP}, b={"redaction_hash_key": "hushhush"}
    )
    with server(tmp_path, **variables) as (_, client):

        def limits(tenant: str) -> dict[str, object]:
            answer = client.get(LIMITS, headers=of(tenant))
            assert answer.status_code == 200, answer.text
            assert "hushhush" not in answer.text
            found: dict[str, object] = yaml.safe_load(answer.text)
            return found

        def otlp(tenant: str) -> object:
            return client.get(f"{V1}/drilldown-limits", headers=of(tenant)).json()["limits"]["otlp_config"]

        assert [limits(tenant)["max_query_series"] for tenant in ("a", "b", "c")] == [7, 500, 500]
        assert [limits(tenant)["otlp_config"] for tenant in ("a", "b")] == [OTLP, {}]
        assert [otlp(tenant) for tenant in ("a", "b")] == [OTLP, {}]
        assert "server" not in limits("a")
        assert client.get(LIMITS).status_code == 401
        assert client.get(LIMITS, headers=of("a|b")).status_code == 400
        overrides(tmp_path, a={"max_query_series": 8888})
        assert [limits(tenant)["max_query_series"] for tenant in ("a", "b")] == [8888, 500]


def test_a_token_shows_the_limits_of_its_tenant_alone(tmp_path: Path) -> None:
    variables = overrides(tmp_path, a={"max_query_series": 7}, b={"max_query_series": 8})
    token = add_token(tmp_path, "reader", "--scope", "read", "--tenant", "b")
    with server(tmp_path, SIGYN_AUTH_TYPE="token", **variables) as (_, client):
        assert yaml.safe_load(client.get(LIMITS, headers=bearer(token)).text)["max_query_series"] == 8
        assert client.get(LIMITS, headers=bearer(token, "a")).status_code == 403
        assert client.get(LIMITS).status_code == 401
        assert client.get("/config", headers=bearer(token)).status_code == 403


def test_a_server_with_one_tenant_shows_its_limits(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", "-config.file=" + str(_file(tmp_path))) as running:
        shown = yaml.safe_load(httpx.get(running.url + LIMITS).text)
    assert (shown["max_line_size"], shown["reject_old_samples"]) == ("300KB", True)


def _file(folder: Path) -> Path:
    path = folder / "loki.yaml"
    path.write_text("limits_config: {max_line_size: 300KB, reject_old_samples: true}\n")
    return path


def test_several_runtime_configs_are_merged_and_read_again(tmp_path: Path) -> None:
    first, second, config = tmp_path / "first.yaml", tmp_path / "second.yaml", tmp_path / "loki.yaml"
    first.write_text("overrides: {a: {max_query_series: 1, max_line_size: 2KB}, b: {max_query_series: 3}}\n")
    second.write_text("overrides: {a: {max_query_series: 4}}\n")
    config.write_text(f"auth_enabled: true\nruntime_config: {{file: '{first},{second}'}}\n")

    def limits(client: httpx.Client, tenant: str) -> tuple[object, object]:
        found = yaml.safe_load(client.get(LIMITS, headers=of(tenant)).text)
        return found["max_query_series"], found["max_line_size"]

    with (
        running_server(tmp_path / "data", f"-config.file={config}") as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        assert [limits(client, tenant) for tenant in "ab"] == [(4, "2KB"), (3, "256KB")]
        second.write_text("overrides: {a: {max_query_series: 55}, b: {max_line_size: 9KB}}\n")
        assert [limits(client, tenant) for tenant in "ab"] == [(55, "2KB"), (3, "9KB")]
        first.write_text("overrides: {}\n")
        assert [limits(client, tenant) for tenant in "ab"] == [(55, "256KB"), (500, "9KB")]
        first.write_text("overrides: {a: {max_query_seriess: 1}}\n")
        assert [limits(client, tenant) for tenant in "ab"] == [(55, "256KB"), (500, "9KB")]
    assert f"{first}:1: unknown key `overrides.a.max_query_seriess`" in (tmp_path / "data.stderr").read_text()
    with (
        running_server(tmp_path / "data", f"-config.file={config}", f"-runtime-config.file={second}") as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        assert [limits(client, tenant) for tenant in "ab"] == [(55, "256KB"), (500, "9KB")]


def test_what_a_changed_file_asks_for_in_vain_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text("overrides:\n  a: {max_chunks_per_query: 7}\n")

    def told() -> list[str]:
        lines = (tmp_path / "data.stderr").read_text().splitlines()
        return [line.partition(" file=")[2] for line in lines if "event=configuration" in line and str(file) in line]

    with server(tmp_path, SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG=str(file)) as (_, client):
        at_start = told()
        file.write_text(file.read_text() + "  b: {max_line_size: 5}\n  b: {max_line_size: 9}\n")
        assert client.get(LIMITS, headers=of("b")).status_code == 200
        after_a_change = told()
        file.write_text(file.read_text() + "  c: {}\n")
        assert client.get(LIMITS, headers=of("c")).status_code == 200
        assert told() == after_a_change
    (first,) = at_start
    assert "key=overrides.a.max_chunks_per_query" in first
    _, second = after_a_change
    assert second.startswith(f"{file}:4 key=overrides.b ")
    assert "stands here and in line 3; the later one counts" in second


def test_metrics_tell_whether_the_files_could_be_read_again(tmp_path: Path) -> None:
    variables = overrides(tmp_path, a={"max_query_series": 7})
    file = tmp_path / "overrides.yaml"

    def last_read(client: httpx.Client) -> str:
        (value,) = [line for line in client.get("/metrics").text.splitlines() if line.startswith(READ_AGAIN + " ")]
        return value.rpartition(" ")[2]

    with server(tmp_path, **variables) as (_, client):
        assert last_read(client) == "1.0"
        good = file.read_text()
        file.write_text("overrides: {a: {max_query_serie: 8}}")
        assert last_read(client) == "0.0"
        assert yaml.safe_load(client.get(LIMITS, headers=of("a")).text)["max_query_series"] == 7
        file.write_text(good.replace("7", "77"))
        assert last_read(client) == "1.0"
        assert yaml.safe_load(client.get(LIMITS, headers=of("a")).text)["max_query_series"] == 77


def test_a_file_that_becomes_empty_changes_nothing(tmp_path: Path) -> None:
    variables = overrides(tmp_path, a={"max_query_series": 7})
    file = tmp_path / "overrides.yaml"

    def series(client: httpx.Client) -> int:
        return int(yaml.safe_load(client.get(LIMITS, headers=of("a")).text)["max_query_series"])

    with server(tmp_path, **variables) as (_, client):
        for nothing in ("", "\n \n"):
            file.write_text(nothing)
            assert series(client) == 7
        assert "`overrides: {}` leaves every tenant without" in (tmp_path / "data.stderr").read_text()
        file.write_text("overrides: {}")
        assert series(client) == 500


def test_large_files_come_into_force_a_moment_after_their_change(tmp_path: Path) -> None:
    tenants: dict[str, dict[str, object]] = {f"tenant-{number}": {"max_query_series": 1} for number in range(3000)}
    variables = overrides(tmp_path, **tenants)
    with server(tmp_path, **variables) as (_, client):

        def series(tenant: str) -> int:
            found = yaml.safe_load(client.get(LIMITS, headers=of(tenant)).text)["max_query_series"]
            return int(found)

        assert series("tenant-1") == 1
        for limit in (2, 3):
            overrides(tmp_path, **{tenant: {"max_query_series": limit} for tenant in tenants})
            assert series("tenant-1") in (1, 2, 3)
        eventually(lambda: series("tenant-2999") == 3)
        assert series("tenant-1") == 3
