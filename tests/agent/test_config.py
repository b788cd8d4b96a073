# ruff: noqa: E501, the tables are easier to read with long lines
"""The configuration file: what it says, and what it may not say."""

import pytest

from sigyn.agent.config.decoding import parse_size
from sigyn.agent.config.document import plain_value
from sigyn.agent.config.shown import without_secrets
from sigyn.agent.config.unused import unused_keys
from sigyn.agent.configuration import load_configuration
from sigyn.agent.errors import ConfigurationError

CLIENTS = "clients: [{url: http://sigyn/push}]\n"
SECOND = 1_000_000_000


def test_everything_at_once() -> None:
    configuration = load_configuration(
        """
global: {file_watch_config: {min_poll_frequency: 100ms, max_poll_frequency: 2s}}
server: {http_listen_address: 127.0.0.1, http_listen_port: 9080, grpc_listen_port: 0, log_level: warn}
positions: {filename: /var/lib/positions.yaml, sync_period: 5s}
clients:
  - url: https://logs.example.org/loki/api/v1/push
    tenant_id: 17
    batchwait: 1m30s
    batchsize: 204800
    timeout: 1d
    basic_auth: {username: ann, password: 12345}
    tls_config: {ca_file: /ca.pem, cert_file: /c.pem, key_file: /k.pem, server_name: logs}
    headers: {X-Team: blue}
    backoff_config: {min_period: 100ms, max_retries: 0}
    external_labels: {cluster: eu, shard: 3}
limits_config: {readline_rate_enabled: true, readline_rate: 100, max_line_size: 256kb, max_line_size_truncate: yes}
target_config: {sync_period: 3s}
wal: {enabled: true, dir: /var/lib/wal, max_size: 2GB}
scrape_configs:
  - job_name: files
    static_configs:
      - targets:
          - localhost
        labels: {job: varlogs, __path__: /var/log/*.log}
      - labels: {job: other, __path__: /srv/*.log}
    file_sd_configs: [{files: [/etc/targets/*.json], refresh_interval: 1m}]
  - job_name: pods
    kubernetes_sd_configs:
      - role: pod
        namespaces: {names: [default, kube-system]}
        selectors: [{role: pod, label: app=web}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
    pipeline_stages:
      - cri: {}
  - job_name: containers
    docker_sd_configs: [{host: 'unix:///var/run/docker.sock', filters: [{name: name, values: [web]}]}]
  - job_name: journal
    journal: {max_age: 12h, json: true, labels: {job: journal}}
  - job_name: syslog
    syslog: {listen_address: 0.0.0.0:1514, listen_protocol: udp, labels: {job: syslog}}
  - job_name: push
    loki_push_api: {server: {http_listen_port: 3500}, labels: {via: push}, use_incoming_timestamp: true}
  - job_name: gelf
    gelf: {labels: {job: gelf}}
"""
    )
    (client,) = configuration.clients
    assert (client.tenant_id, client.batchwait, client.timeout) == ("17", 90 * SECOND, 86_400 * SECOND)
    assert client.basic_auth is not None
    assert client.basic_auth.password == "12345"
    assert (client.backoff_config.min_period, client.backoff_config.max_retries) == (SECOND // 10, 0)
    assert client.backoff_config.max_period == 300 * SECOND
    assert client.external_labels == {"cluster": "eu", "shard": "3"}
    assert configuration.limits_config.max_line_size == 262_144
    assert configuration.limits_config.max_line_size_truncate
    assert configuration.global_config.file_watch_config.max_poll_frequency == 2 * SECOND
    assert configuration.wal.max_size == 2 << 30
    files, pods, containers, journal, syslog, push, gelf = configuration.scrape_configs
    assert files.static_configs[1].targets == ("localhost",)
    assert files.file_sd_configs[0].refresh_interval == 60 * SECOND
    assert pods.kubernetes_sd_configs[0].namespaces.names == ("default", "kube-system")
    assert pods.pipeline_stages[0].name == "cri"
    assert pods.relabel_configs[0].target_label == "pod"
    assert containers.docker_sd_configs[0].filters[0].values == ("web",)
    assert journal.journal is not None
    assert journal.journal.max_age == 12 * 3600 * SECOND
    assert syslog.syslog is not None
    assert syslog.syslog.listen_protocol == "udp"
    assert push.loki_push_api is not None
    assert push.loki_push_api.server.http_listen_port == 3500
    assert gelf.gelf is not None
    assert gelf.gelf.listen_address == "0.0.0.0:12201"


def test_secrets_are_not_shown() -> None:
    configuration = load_configuration("clients: [{url: http://x, bearer_token: s3cret}]")
    assert "s3cret" not in repr(configuration)


def test_a_configuration_is_shown_without_secrets() -> None:
    text = """
    clients:
    - url: http://ann:s3cret@loki:3100/push
      basic_auth: {username: ann, password: s3cret}
      tls_config: {key: s3cret, key_file: /key}
      headers: {Authorization: s3cret, X-Team: blue}
    scrape_configs:
    - {job_name: a, pipeline_stages: [{redact: {hash_key: s3cret}}, {labels: {key: }}]}
    """
    shown = without_secrets(text)
    assert "s3cret" not in shown
    assert "url: http://ann:<secret>@loki:3100/push" in shown
    assert "key_file: /key" in shown
    assert "X-Team: blue" in shown
    assert without_secrets("") == ""


def test_a_single_client_is_one_of_the_clients() -> None:
    configuration = load_configuration("client: {url: http://a}\nclients: [{url: http://b}]")
    assert [client.url for client in configuration.clients] == ["http://a", "http://b"]


def test_variables_and_backslashes_are_replaced_when_asked_for() -> None:
    text = (
        "clients: [{url: '${URL:-http://default}'}]\n"
        "scrape_configs: [{pipeline_stages: [{regex: {expression: '(?P<n>\\\\d+) ${END}$'}}]}]\n"
    )
    configuration = load_configuration(text, {"END": "end"})
    (stage,) = configuration.scrape_configs[0].pipeline_stages
    assert configuration.clients[0].url == "http://default"
    assert stage.options.expression == "(?P<n>\\d+) end$"  # type: ignore[attr-defined]
    (kept,) = load_configuration(text.replace("'${URL:-http://default}'", "http://x")).scrape_configs[0].pipeline_stages
    assert kept.options.expression == "(?P<n>\\\\d+) ${END}$"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one client"),
        ("clients: []", "at least one client"),
        ("clients: [{}]", "clients[0]: client needs target URL"),
        ("clients: [{url: 'logs:3100'}]", "no http:// or https:// URL"),
        (
            "clients: [{url: http://x, external_labels: {9x: a}}]",
            "clients[0].external_labels: `9x` can't be a label: a name has letters, digits and _, and no digit first",
        ),
        (
            "scrape_configs: [{job_name: a, static_configs: [{labels: {team: a, a-b: c}}]}]",
            "scrape_configs[0].static_configs[0].labels: `a-b` can't be a label",
        ),
        ("clients: [{url: http://x, batchwayt: 1s}]", "line 1: unknown key `batchwayt` in clients[0] (did you mean `batchwait`?)"),
        ("clients: {url: http://x}", "line 1: clients has to be a list, not a map"),
        ("clients: [{url: http://x, batchwait: soon}]", "clients[0].batchwait: "),
        ("clients: [{url: http://x, bearer_token: a, basic_auth: {username: b}}]", "at most one of basic_auth"),
        ("clients: [{url: http://x, bearer_token: a, bearer_token_file: b}]", "bearer_token & bearer_token_file"),
        ("clients: [{url: http://x, basic_auth: {password: a, password_file: b}}]", "password & password_file"),
        ("clients: [{url: http://x, tls_config: {cert_file: a}}]", "configured together"),
        ("a: [", "line 1: this is not YAML"),
        ("? [a]\n: b", "a key has to be a plain word"),
        (CLIENTS + "server:\n  http_listen_port: many", "line 3: server.http_listen_port has to be a whole number, not the text `many`"),
        (CLIENTS + "scrape_configs:\n- job_name: a\n  kafka: {}", "line 4: `kafka`: this agent can't read from Kafka"),
        (CLIENTS + "scrape_configs:\n- syslog: {}", "`job_name` must be defined for the `syslog`"),
        (CLIENTS + "scrape_configs: [{job_name: a, gelf: {}}, {job_name: a, gelf: {}}]", "must be unique"),
        (CLIENTS + "scrape_configs:\n- kubernetes_sd_configs:\n  - api_server: http://x\n    role: pods",
         "line 5: unknown Kubernetes SD role `pods` in scrape_configs[0].kubernetes_sd_configs[0].role (did you mean `pod`?"),
        (CLIENTS + "scrape_configs: [{kubernetes_sd_configs: [{role: endpointslice}]}]", "did you mean `endpoints`?"),
        (CLIENTS + "scrape_configs: [{kubernetes_sd_configs: [{}]}]", "needs a `role`: pod, node"),
        (CLIENTS + "scrape_configs:\n- relabel_configs:\n  - target_label: a\n    action: repalce",
         "line 5: scrape_configs[0].relabel_configs[0]: unknown relabel action `repalce` (did you mean `replace`?)"),
        ("clients:\n- url: http://x\n  timeout: 1s\n  url: http://y", "line 4: the key `url` stands here and in line 2; write it once"),
        (CLIENTS + "clients: []", "line 2: the key `clients` stands here and in line 1"),
        (CLIENTS + "scrape_configs:\n- pipeline_stages:\n  - labels:\n      a:\n      b:\n      a: c", "line 7: the key `a` stands here and in line 5"),
        ("\n- clients: []", "line 2: the file has to be a map of keys such as `clients` and `scrape_configs`, not a list"),
        ("clients", "line 1: the file has to be a map of keys such as `clients` and `scrape_configs`, not a single value"),
        (CLIENTS + "server:\n  http_listen_port: 99999", "line 3: server.http_listen_port has to be a port between 0 and 65535, not the number `99999`"),
        (CLIENTS + "server: {grpc_listen_port: -1}", "line 2: server.grpc_listen_port has to be a port"),
        (CLIENTS + "scrape_configs: [{job_name: a, loki_push_api: {server: {http_listen_port: 65536}}}]", "http_listen_port has to be a port"),
        (CLIENTS + "scrape_configs: [{job_name: a, syslog: {listen_address: '0.0.0.0:99999'}}]", "scrape_configs[0].syslog.listen_address: `0.0.0.0:99999` is not an address"),
        ("clients: [{url: 'http://x:99999/push'}]", "clients[0]: `http://x:99999/push`: Port out of range"),
        ("clients: [{url: http://x, batchsize: -1}]", "`clients[0].batchsize` can't be negative"),
        (CLIENTS + "wal: {max_size: 0}", "`wal.max_size` has to be greater than 0"),
        (CLIENTS + "positions: {sync_period: 0s}", "`positions.sync_period` has to be greater than 0"),
        (CLIENTS + "target_config: {sync_period: -1s}", "`target_config.sync_period` has to be greater than 0"),
        (CLIENTS + "scrape_configs: [{docker_sd_configs: [{}]}]", "needs a `host`"),
        (CLIENTS + "scrape_configs: [{file_sd_configs: [{}]}]", "at least one path name"),
        (CLIENTS + "scrape_configs:\n- relabel_configs:\n  - {action: hashmod, target_label: a}", "line 4: scrape_configs[0].relabel_configs[0]: relabel"),
    ],
)  # fmt: skip
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(text)
    assert message in str(caught.value)


def test_a_key_that_is_merged_may_be_given_again() -> None:
    configuration = load_configuration(
        "clients:\n- &first {url: http://a, timeout: 3s, batchwait: 2s}\n- {<<: *first, url: http://b}\n"
    )
    assert [(each.url, each.timeout) for each in configuration.clients] == [
        ("http://a", 3 * SECOND),
        ("http://b", 3 * SECOND),
    ]


@pytest.mark.parametrize(
    ("word", "value"),
    [("n", False), ("Y", True), ("off", False), ("~", None), ("0x1F", 31), ("010", 8), ("1_000", 1000), ("1:30", "1:30"),
     ("2024-01-02", "2024-01-02"), ("1e3", 1000.0), (".5", 0.5), ("-7", -7), ("0o17", 15), ("08", "08"), ("nope", "nope")],
)  # fmt: skip
def test_words_of_yaml(word: str, value: object) -> None:
    assert plain_value(word) == value
    assert type(plain_value(word)) is type(value)


@pytest.mark.parametrize(
    ("text", "size"), [("4096", 4096), ("1KB", 1024), ("256kb", 262_144), ("2MiB", 2 << 20), ("1 g", 1 << 30)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_keys_that_change_nothing_are_named_with_the_reason() -> None:
    configuration = load_configuration(
        CLIENTS.replace("push}", "push, no_proxy: .example.org, batchwait: 5s, backoff_config: {max_retries: 3}}")
        + """
server: {http_listen_port: 9080, grpc_listen_port: 0, enable_runtime_reload: true}
global: {file_watch_config: {min_poll_frequency: 1s, max_poll_frequency: 2s}}
tracing: {enabled: true}
wal: {enabled: true, cleaner_interval: 5m, watch_config: {drain_timeout: 30s}}
scrape_configs:
  - job_name: rotated
    decompression: {enabled: true, format: gz, initial_delay: 10s}
    static_configs: [{labels: {__path__: /var/log/*.gz}}]
"""
    )
    told = {key.path: key for key in unused_keys(configuration)}
    assert set(told) == {
        "server.enable_runtime_reload",
        "clients[0].no_proxy",
        "clients[0].backoff_config.max_retries",
        "scrape_configs[0].decompression.initial_delay",
        "global.file_watch_config.max_poll_frequency",
        "tracing.enabled",
        "wal.cleaner_interval",
    }
    assert (
        str(told["wal.cleaner_interval"]) == "wal.cleaner_interval: a batch leaves the buffer when all clients have it"
    )
    assert {path for path, key in told.items() if key.matters} == {
        "server.enable_runtime_reload",
        "clients[0].no_proxy",
        "clients[0].backoff_config.max_retries",
        "scrape_configs[0].decompression.initial_delay",
        "tracing.enabled",
    }
