"""URLs as people may see them, in settings, errors and answers of others."""

import pytest

from sigyn.config.environment import with_environment
from sigyn.config.errors import ConfigError
from sigyn.config.settings import Settings
from sigyn.config.show import show_settings
from sigyn.model.errors import SigynError
from sigyn.model.secret_urls import hide_path, hide_secrets, hide_user, scheme_and_host
from sigyn.store.objects import open_objects
from sigyn.store.postgresql import PostgresDatabase
from sigyn.store.settings import ObjectStoreSettings


@pytest.mark.parametrize(
    ("url", "host", "user"),
    [
        ("https://h/a/b", "https://h", "https://h/a/b"),
        ("https://u:p@h:9093/a@b?c=d", "https://h:9093", "https://<hidden>@h:9093/a@b?<hidden>"),
        ("https://token@h", "https://h", "https://<hidden>@h"),
        ("https://h?c", "https://h", "https://h?<hidden>"),
        ("https://h#c", "https://h", "https://h#c"),
        ("s3://bucket/prefix", "s3://bucket", "s3://bucket/prefix"),
    ],
)
def test_urls_as_they_are_shown(url: str, host: str, user: str) -> None:
    assert (scheme_and_host(url), hide_user(url), hide_path(url)) == (host, user, f"{host}/<hidden>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("404 Cannot POST /services/T0KEN/B", "404 Cannot POST <hidden>"),
        ("no hook T0KEN here", "no hook <hidden> here"),
        ("key is sec ret, that is sec%20ret", "key is <hidden>, that is <hidden>"),
        ("password hush is wrong", "password <hidden> is wrong"),
        ("as it stands: a is B", "as it stands: a is B"),
    ],
)
def test_what_others_say_of_a_url(text: str, shown: str) -> None:
    assert hide_secrets(text, "https://u:hush@h/services/T0KEN/B?key=sec%20ret&a=B", path=True) == shown


def test_a_path_that_is_not_secret_is_kept() -> None:
    assert hide_secrets("no /alertmanager for hush", "https://u:hush@h/alertmanager") == "no /alertmanager for <hidden>"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SIGYN_STORAGE_CATALOG", "mysql://u:hush@h/db"),
        ("SIGYN_STORAGE_CATALOG", "postgresql://u:hush@hush@h/db"),
        ("SIGYN_STORAGE_CATALOG", "postgresql://u:hush/x#@h/db"),
        ("SIGYN_STORAGE_CATALOG", "postgresql://u:hush/hush@h/db"),
        ("SIGYN_STORAGE_CATALOG", "postgresql://u:hush%zz@h/db"),
        ("SIGYN_STORAGE_OBJECTS", "s3://key:hush@bucket/prefix"),
        ("SIGYN_STORAGE_OBJECTS", "az://container?sig=hush"),
        ("SIGYN_STORAGE_S3_ENDPOINT", "http://key:hush@minio:9000"),
        ("SIGYN_STORAGE_TIERS", "cold after 7d in s3://key:hush@bucket/prefix"),
        ("SIGYN_RULER_RULES_BUCKET", "s3://key:hush@bucket/prefix"),
        ("SIGYN_QUERY_RESULTS_CACHE", "memcached://u:hush@h:11211"),
        ("SIGYN_RULER_ALERTMANAGER_URL", "ftp://u:hush@h"),
        ("SIGYN_RULER_WEBHOOK_URL", "ftp://h/hush"),
        ("SIGYN_RULER_REMOTE_WRITE_URL", "http://u:hush/@h/write"),
    ],
)
def test_what_is_refused_is_not_told(variable: str, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        with_environment(Settings(), {variable: text})
    assert "hush" not in str(refused.value)
    assert "write" in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "text", "shown"),
    [
        ("SIGYN_STORAGE_CATALOG", "postgresql://u:hush@h/db?sslmode=require", "postgresql://u:<hidden>@h/db?sslmode="),
        ("SIGYN_STORAGE_CATALOG", "postgresql://h/db?sslpassword=hush", "postgresql://h/db?sslpassword=<hidden>"),
        ("SIGYN_RULER_ALERTMANAGER_URL", "http://hush@h/am", "http://<hidden>@h/am"),
        ("SIGYN_RULER_REMOTE_WRITE_URL", "http://u:hush@h/w?token=hush", "http://<hidden>@h/w?<hidden>"),
        ("SIGYN_RULER_WEBHOOK_URL", "https://h:8/hush,https://h/hush", "https://h:8/<hidden>,https://h/<hidden>"),
        ("SIGYN_RULER_SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/hush", "https://hooks.slack.com/<hidden>"),
    ],
)
def test_settings_are_shown_without_secrets(variable: str, text: str, shown: str) -> None:
    written = show_settings(with_environment(Settings(), {variable: text}))
    assert shown in written
    assert "hush" not in written


@pytest.mark.parametrize(
    "url", ["postgresql://u:hush%zz@127.0.0.1:9/db", "postgresql://127.0.0.1:9/db?password=hush%zz"]
)
def test_a_password_that_postgresql_does_not_understand_is_not_told(url: str) -> None:
    with pytest.raises(SigynError) as refused:
        PostgresDatabase(url)
    assert "hush" not in str(refused.value)


def test_a_bucket_that_can_not_be_opened_is_named_without_keys() -> None:
    with pytest.raises(SigynError) as refused:
        open_objects(ObjectStoreSettings(url="nothing://key:hush@bucket/prefix?sig=hush"))
    assert "hush" not in str(refused.value)
    assert "bucket" in str(refused.value)


@pytest.mark.parametrize("url", ["", "http://[", "bucket", "//h", "http://"])
def test_what_is_no_url_hides_nothing(url: str) -> None:
    assert hide_secrets("it is no URL", url, path=True) == "it is no URL"
    assert hide_user(url) == url
