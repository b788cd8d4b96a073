"""The agent as a process: flags, exit codes, pages, a clean end."""

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest

from tests.agent.processes import SIGYN, AgentProcess, push_sink, running_agent, tail, until


def sigyn_agent(
    *flags: str, stdin: str = "", variables: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, **(variables or {})}
    return subprocess.run(
        [SIGYN, "agent", *flags], input=stdin, capture_output=True, text=True, timeout=60, env=environ, check=False
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clients: [{url: 'http://x/push'}]\nscrape_configs: [{job_name: a, pipeline_stages: [{jsn: {}}]}]", "jsn"),
        ("clients: [{url: 'http://x/push', batchwiat: 1s}]", "batchwiat"),
        ("positions: {filename: FOLDER}\nclients: [{url: 'http://x/push'}]", "can't read the positions file"),
        (
            "server: {disable: true}\npositions: {filename: FOLDER/p}\nclients: [{url: 'http://x/push'}]\n"
            "scrape_configs: [{job_name: a, encoding: nope, static_configs: [{labels: {__path__: /x}}]}]",
            "`nope` is not an encoding",
        ),
    ],
)
def test_a_configuration_that_cannot_work_ends_the_agent(tmp_path: Path, text: str, message: str) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text(text.replace("FOLDER", str(tmp_path)))
    result = sigyn_agent(f"-config.file={config}")
    assert result.returncode == 1, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_check_syntax(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("clients: [{url: '${URL:-http://x/push}'}]\nscrape_configs: []")
    assert sigyn_agent(f"-config.file={config}", "-config.expand-env", "-check-syntax").stdout == (
        "the configuration is valid\n"
    )
    assert sigyn_agent(f"-config.file={config}", "-check-syntax").returncode == 1
    config.write_text("server: {http_listen_port: 99999}\nclients: [{url: http://x/push}]")
    refused = sigyn_agent(f"-config.file={config}", "-check-syntax")
    assert refused.returncode == 1
    assert f"{config}: line 1: server.http_listen_port has to be a port" in refused.stderr


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_configuration_is_refused_unless_flags_say_the_rest(tmp_path: Path, text: str) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text(text)
    refused = sigyn_agent(f"-config.file={config}", "-check-syntax")
    assert refused.returncode == 1
    assert refused.stderr == f"error: {config}: at least one client config must be provided: `clients` with a `url`\n"
    assert sigyn_agent(f"-config.file={config}", "-check-syntax", "-client.url=http://x/push").returncode == 0


def test_variables_that_are_not_set_are_named(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("clients: [{url: 'http://${NO_SUCH_HOST}x/push'}]\nscrape_configs: []")
    unset = "${NO_SUCH_HOST}: this variable is not set; it stands for nothing\n"
    assert sigyn_agent(f"-config.file={config}", "-config.expand-env", "-check-syntax").stdout == (
        f"{unset}the configuration is valid\n"
    )
    config.write_text("clients: [{url: '${NO_SUCH_HOST}'}]\nscrape_configs: []")
    refused = sigyn_agent(f"-config.file={config}", "-config.expand-env")
    assert refused.stderr == f"error: {config}: clients[0]: client needs target URL\n{unset}"


def test_a_configuration_in_another_encoding(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_bytes("clients: [{url: http://x/push}]\n# für alle\n".encode("latin-1"))
    refused = sigyn_agent(f"-config.file={config}", "-check-syntax")
    assert refused.returncode == 1
    assert refused.stderr == f"error: line 2: the configuration file {config} is not UTF-8 text\n"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://127.0.0.1:9/"])
def test_an_address_without_the_path_of_the_push_api_is_named(tmp_path: Path, address: str) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text(f"clients: [{{url: http://x/push}}, {{url: '{address}'}}]\nscrape_configs: []")
    assert sigyn_agent(f"-config.file={config}", "-check-syntax").stdout == (
        "clients[1].url: there is no path in it; Loki and Sigyn take pushes at /loki/api/v1/push, "
        "and what is refused is lost\nthe configuration is valid\n"
    )
    logged = sigyn_agent("--stdin", "--dry-run", f"-client.url={address}", stdin="one").stderr
    assert "level=warning" in logged
    assert "/loki/api/v1/push" in logged


def test_an_address_with_a_slash_too_many_is_named(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("clients: [{url: http://x/loki/api/v1/push/}]\nscrape_configs: []")
    assert sigyn_agent(f"-config.file={config}", "-check-syntax").stdout.startswith(
        "clients[0].url: it ends with a slash; Loki and Sigyn take pushes at /loki/api/v1/push without one"
    )


def test_static_configs_that_name_no_files_are_named(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("""
clients: [{url: http://x/push}]
scrape_configs:
  - static_configs: [{labels: {__path__: /nowhere/*.log}}, {labels: {job: app, path: /nowhere/*.log}}]
  - static_configs: [{labels: {job: app}}]
    relabel_configs: [{target_label: __path__, replacement: /nowhere/*.log}]
""")
    assert sigyn_agent(f"-config.file={config}", "-check-syntax").stdout == (
        "scrape_configs[0].static_configs[1].labels: there is no `__path__` among them, which names the files: "
        "none is read\nthe configuration is valid\n"
    )


def test_standard_input_to_a_server() -> None:
    with push_sink() as sink:
        result = sigyn_agent("--stdin", f"-client.url={sink.url}", stdin="one\ntwo\nthree")
        assert result.returncode == 0, result.stderr
        assert sink.lines() == ["one", "two", "three"]
        assert 'job="stdin"' in sink.entries[0].labels


def test_a_dry_run_prints_and_an_inspection_explains(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    stages = "[{json: {expressions: {level: level, ts: ts}}}, {labels: {level: }}, {timestamp: {source: ts, format: RFC3339}}, {output: {source: level}}]"  # noqa: E501
    config.write_text(f"scrape_configs:\n{tail('/nowhere', stages)}")
    line = json.dumps({"level": "info", "ts": "2026-01-15T10:00:00Z"}) + "\n"
    result = sigyn_agent(f"-config.file={config}", "--stdin", "--dry-run", stdin=line)
    assert result.stdout == '2026-01-15T10:00:00Z {job="test", level="info"}\tinfo\n', result.stderr
    explained = sigyn_agent(f"-config.file={config}", "--stdin", "--dry-run", "--inspect", stdin=line).stdout
    assert "[inspect] stage 0 json:\n    + extracted level: info" in explained
    assert "[inspect] stage 1 labels:\n    + label level: info" in explained
    assert "[inspect] stage 2 timestamp:\n    - timestamp: " in explained
    assert f"[inspect] stage 3 output:\n    - line: {line}    + line: info" in explained


def test_pages_and_metrics(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text('{"level":"info"}\n' * 3)
    stages = "[{json: {expressions: {level: level}}}, {metrics: {lines_total: {type: Counter, config: {match_all: true, action: inc}}}}]"  # noqa: E501
    with push_sink() as sink, running_agent(tmp_path, sink.url, tail(log, stages)) as agent:
        until(lambda: agent.metric("promtail_sent_entries_total") == 3, "three entries are sent")
        assert agent.metric("promtail_read_lines_total") == agent.metric("promtail_entries_total") == 3
        assert agent.metric("promtail_read_bytes_total") == agent.metric("promtail_file_bytes_total") == 51
        assert agent.metric("promtail_files_active_total") == 1
        assert agent.metric("promtail_targets_active_total") == 1
        assert agent.metric("promtail_encoded_bytes_total") == agent.metric("promtail_sent_bytes_total") > 0
        assert agent.metric("promtail_request_duration_seconds_count") == 1
        assert agent.metric("promtail_custom_lines_total") == 3
        assert agent.metric("promtail_stream_lag_seconds") < 60
        (row,) = agent.get("/targets").json()["targets"]
        assert (row["job"], row["labels"], row["details"]["Read bytes"]) == ("test", {"job": "test"}, 51)
        assert str(log) in agent.get("/targets", Accept="text/html").text
        assert "__path__" in agent.get("/service-discovery", Accept="text/html").text
        assert "batchwait: 100ms" in agent.get("/config").text
        assert agent.stop() == 0
        assert f'{log}: "51"' in agent.positions.read_text()


def test_kill_and_restart_send_nothing_twice_and_a_stop_loses_nothing(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    with push_sink() as sink:
        agent = AgentProcess(tmp_path, sink.url, tail(log))
        try:
            agent.start()
            until(lambda: sink.lines() == ["one"], "the first line")
            agent.kill()
            with log.open("a") as file:
                file.write("two\n")
            agent.start()
            until(lambda: "two" in sink.lines(), "the second line")
            assert agent.stop() == 0
        finally:
            agent.close()
        arrived = {(entry.timestamp, entry.line) for entry in sink.entries}
        assert sorted(line for _, line in arrived) == ["one", "two"]  # a copy would be exact, which stores drop


def test_files_beyond_the_limit_of_open_ones_keep_no_other_from_being_sent(tmp_path: Path) -> None:
    """What is read leaves room for connections, and the rest is read as soon as more may be open."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with push_sink() as sink, running_agent(tmp_path, sink.url, tail(logs / "*.log")) as agent:
        assert agent.process is not None
        _, hard = resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (200, hard))
        for number in range(300):
            (logs / f"{number}.log").write_text(f"{number}\n")
        until(lambda: len(sink.lines()) == 100, "half of what may be open is read, and sent")
        until(
            lambda: "files are not read" in agent.log.read_text() and "files=200 " in agent.log.read_text(),
            "it is said",
        )
        assert 'limit=200 hint="raise it: ulimit -n' in agent.log.read_text()
        resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        until(lambda: len(sink.lines()) == 300, "the others are read")


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with push_sink() as sink, running_agent(tmp_path, sink.url, tail(tmp_path / "*.log")) as agent:
        other = tmp_path / "other"
        other.mkdir()
        config = other / "agent.yaml"
        config.write_text(agent.config.read_text().replace(str(agent.positions), str(other / "p")))
        result = sigyn_agent(f"-config.file={config}")
        assert result.returncode == 1
        assert "address already in use" in result.stderr


def test_targets_of_files(tmp_path: Path) -> None:
    log, groups = tmp_path / "a.log", tmp_path / "groups.yaml"
    log.write_text("found\n")
    groups.write_text(f"- targets: [localhost]\n  labels: {{__path__: {log}, app: shop}}\n")
    scrape = f"- job_name: sd\n  file_sd_configs: [{{files: ['{tmp_path}/*.yaml'], refresh_interval: 1s}}]\n"
    (tmp_path / "agent").mkdir()
    with push_sink() as sink, running_agent(tmp_path / "agent", sink.url, scrape):
        until(lambda: sink.lines() == ["found"], "the line")
        assert sink.entries[0].labels == f'{{app="shop", filename="{log}"}}'


def test_a_metric_of_a_stage_takes_the_place_of_the_agents_own(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text('{"duration_ms":2000}\n')
    stages = (
        "[{json: {expressions: {duration_ms: duration_ms}}}, {metrics: {request_duration_seconds: {type: Histogram, "
        "prefix: promtail_, buckets: [1, 5], value_name: duration_ms, value_type: milliseconds}}}]"
    )
    with push_sink() as sink, running_agent(tmp_path, sink.url, tail(log, stages)) as agent:
        until(lambda: agent.metric("promtail_sent_entries_total") == 1, "the entry is sent")
        rows = [row for row in agent.get("/metrics").text.splitlines() if "promtail_request_duration_seconds" in row]
    assert [row for row in rows if row.startswith("# TYPE")] == ["# TYPE promtail_request_duration_seconds histogram"]
    assert f'promtail_request_duration_seconds_bucket{{filename="{log}",job="test",le="5"}} 1' in rows
    assert not [row for row in rows if "status_code" in row]
