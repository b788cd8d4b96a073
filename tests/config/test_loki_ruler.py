"""Loki's `ruler` section, as the settings of ours."""

import pytest

from sigyn.config.errors import ConfigError
from sigyn.config.loki_yaml import LokiConfiguration, read_loki
from sigyn.model.time import MINUTE, SECOND

WHOLE = """
ruler:
  storage: {type: local, local: {directory: /etc/loki/rules}}
  rule_path: /tmp/loki/rules-temp
  alertmanager_url: http://a:9093,http://b:9093
  alertmanager_client: {basic_auth_username: ops, basic_auth_password: hush, tls_ca_path: /ca.pem}
  enable_alertmanager_v2: true
  enable_api: false
  enable_alertmanager_discovery: true
  evaluation_interval: 30s
  poll_interval: 5s
  resend_delay: 2m
  external_url: https://grafana.example.org
  datasource_uid: loki
  external_labels: {cluster: eu, team: shop}
  ring: {kvstore: {store: inmemory}}
  remote_write:
    enabled: true
    clients:
      mimir:
        url: https://mimir/api/v1/push
        basic_auth: {username: sigyn, password: hush}
        queue_config: {capacity: 10}
"""


def read(text: str) -> LokiConfiguration:
    return read_loki(text, "loki.yaml", {})


def test_a_whole_section() -> None:
    found = read(WHOLE)
    ruler = found.settings.ruler
    assert ruler.rules_directory == "/etc/loki/rules"
    assert ruler.alertmanager_url == ("http://a:9093", "http://b:9093")
    assert (ruler.alertmanager_username, ruler.alertmanager_password) == ("ops", "hush")
    assert ruler.alertmanager_ca_file == "/ca.pem"
    assert ruler.enable_api is False
    assert (ruler.evaluation_interval, ruler.poll_interval) == (30 * SECOND, 5 * SECOND)
    assert ruler.resend_delay == 2 * MINUTE
    assert (ruler.external_url, ruler.datasource_uid) == ("https://grafana.example.org", "loki")
    assert ruler.external_labels == (("cluster", "eu"), ("team", "shop"))
    assert ruler.remote_write_url == ("https://mimir/api/v1/push",)
    assert (ruler.remote_write_username, ruler.remote_write_password) == ("sigyn", "hush")
    matters = {notice.key for notice in found.notices if notice.matters}
    assert matters == {"ruler.enable_alertmanager_discovery", "ruler.remote_write.clients.mimir.queue_config"}


def test_nothing_is_written_while_remote_write_is_off() -> None:
    found = read("ruler: {remote_write: {client: {url: http://prometheus/api/v1/write}}}")
    assert found.settings.ruler.remote_write_url == ()
    assert "ruler.remote_write.client: nothing is written without" in "\n".join(map(str, found.notices))


def test_the_single_client_of_old() -> None:
    found = read("ruler: {remote_write: {enabled: true, client: {url: http://prometheus/api/v1/write}}}")
    assert found.settings.ruler.remote_write_url == ("http://prometheus/api/v1/write",)


@pytest.mark.parametrize(
    "text", ["common: {storage: {filesystem: {rules_directory: /loki/rules}}}",
             "ruler_storage: {backend: local, local: {directory: /loki/rules}}"],
)  # fmt: skip
def test_other_places_of_the_directory(text: str) -> None:
    assert read(text).settings.ruler.rules_directory == "/loki/rules"


@pytest.mark.parametrize(
    "text",
    [
        "ruler: {storage: {type: s3, s3: {bucketnames: team, endpoint: 'minio:9000', insecure: true, region: eu,"
        " access_key_id: k, secret_access_key: s}}}",
        "ruler_storage: {backend: s3, s3: {bucket_name: team, endpoint: 'minio:9000', insecure: true, region: eu,"
        " access_key_id: k, secret_access_key: s}}",
        "ruler: {storage: {type: s3, s3: {s3: 'http://k:s@minio:9000/team', region: eu}}}",
    ],
)
def test_rules_in_a_bucket(text: str) -> None:
    found = read(text)
    ruler = found.settings.ruler
    assert ruler.rules_bucket == "s3://team/rules"
    assert (ruler.rules_s3_endpoint, ruler.rules_s3_region) == ("http://minio:9000", "eu")
    assert (ruler.rules_s3_access_key_id, ruler.rules_s3_secret_access_key) == ("k", "s")
    assert [notice.key for notice in found.notices if notice.matters] == []
    assert found.settings.storage.objects == ""


def test_the_bucket_of_the_store_has_rules_too() -> None:
    found = read("common: {storage: {s3: {bucketnames: logs}}}\nruler: {storage: {type: s3}}").settings
    assert (found.storage.objects, found.ruler.rules_bucket) == ("s3://logs", "s3://logs/rules")
    assert read("ruler: {storage: {type: gcs, gcs: {bucket_name: x}}}").settings.ruler.rules_bucket == "gs://x/rules"


def test_rules_in_the_bucket_of_the_section_object_store() -> None:
    text = """
storage_config: {use_thanos_objstore: true}
common: {storage: {object_store: {s3: {bucket_name: team, region: eu}}}}
ruler_storage: {backend: s3}
"""
    ruler = read(text).settings.ruler
    assert (ruler.rules_bucket, ruler.rules_s3_region) == ("s3://team/rules", "eu")


def test_a_bucket_that_is_not_chosen_is_named() -> None:
    found = read("ruler: {storage: {type: local, s3: {bucketnames: rules}}}")
    assert [notice.key for notice in found.notices if notice.matters] == ["ruler.storage.s3"]


def test_relabelling_of_alerts_and_limits() -> None:
    text = (
        "ruler: {alert_relabel_configs: [{source_labels: [env], regex: dev, action: drop},"
        " {regex: app, action: labeldrop}]}\n"
        "limits_config: {ruler_max_rules_per_rule_group: 2, ruler_max_rule_groups_per_tenant: 3,"
        " ruler_evaluation_delay_duration: 1m}"
    )
    found = read(text)
    first, second = found.settings.ruler.alert_relabel_configs
    assert (first.source_labels, first.regex, first.action) == (("env",), "dev", "drop")
    assert (second.regex, second.action) == ("app", "labeldrop")
    ruler = found.settings.ruler
    assert (ruler.max_rules_per_rule_group, ruler.max_rule_groups_per_tenant) == (2, 3)
    assert [notice.key for notice in found.notices if notice.matters] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{alertmanager_url: 'a:9093'}",
            "`ruler.alertmanager_url` is `a:9093`: write a URL such as https://host:9093/path",
        ),
        ("{alertmanager_url: 'http://['}", "write a URL such as"),
        ("{external_labels: [a]}", "`ruler.external_labels` holds a map of names and texts"),
        ("{remote_write: {enabled: perhaps}}", "`ruler.remote_write.enabled` is `perhaps`: write true or false"),
        (
            "{remote_write: {enabled: true, clients: {a: {url: mimir/api/v1/push}}}}",
            "`ruler.remote_write.clients.a.url` is `mimir/api/v1/push`: write a URL such as",
        ),
        (
            "{remote_write: {enabled: true, client: {url: 'mimir://u:hush@h'}}}",
            "`ruler.remote_write.client.url` is `<hidden>`: write a URL such as",
        ),
        ("{remote_write: {enabled: true, clients: {a: {}}}}", "`ruler.remote_write.clients.a` has no `url`"),
        (
            "{remote_write: {enabled: true, clients: {a: {url: 'http://b', bearer_token: c}, "
            "d: {url: 'http://e', bearer_token: f}}}}",
            "`ruler.remote_write.clients.d.bearer_token` differs from that of another target",
        ),
    ],
)
def test_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(f"ruler: {text}")
    assert message in str(caught.value)


def test_passwords_in_urls_are_hidden() -> None:
    from sigyn.config.show import show_settings

    shown = show_settings(read("ruler: {alertmanager_url: 'http://ops:hush@a:9093'}").settings)
    assert "http://<hidden>@a:9093" in shown
    assert "hush" not in shown
