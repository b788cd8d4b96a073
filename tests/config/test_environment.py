"""SIGYN_* variables."""

import pytest

from sigyn.config.environment import with_environment
from sigyn.config.errors import ConfigError
from sigyn.config.settings import Settings


def test_variables_set_what_they_name() -> None:
    settings = with_environment(
        Settings(),
        {
            "SIGYN_LIMITS_MAX_LINE_SIZE": "1MB",
            "SIGYN_SERVER_AUTH_ENABLED": "true",
            "SIGYN_LIMITS_DISCOVER_SERVICE_NAME": "app,job",
            "SIGYN_ADDR": "http://elsewhere:3100",
            "PATH": "/bin",
        },
    )
    assert settings.limits.max_line_size == 1 << 20
    assert settings.server.auth_enabled is True
    assert settings.limits.discover_service_name == ("app", "job")
    assert settings.query == Settings().query


def test_a_misspelt_variable_is_named_with_its_neighbours() -> None:
    with pytest.raises(ConfigError, match=r"SIGYN_LIMITS_MAX_LINE_SIZES .did you mean `SIGYN_LIMITS_MAX_LINE_SIZE`"):
        with_environment(Settings(), {"SIGYN_LIMITS_MAX_LINE_SIZES": "1"})


def test_a_wrong_value_is_named_with_what_would_be_right() -> None:
    with pytest.raises(ConfigError) as refused:
        with_environment(Settings(), {"SIGYN_QUERY_QUERY_TIMEOUT": "soon"})
    assert str(refused.value) == (
        "variable SIGYN_QUERY_QUERY_TIMEOUT: `soon` is not a value of query.query_timeout: "
        "write a duration such as 30s, 15m, 1h30m or 7d"
    )


def test_a_misspelt_section_is_found_too() -> None:
    with pytest.raises(ConfigError, match=r"SIGYN_LIMIT_MAX_LINE_SIZE .did you mean `SIGYN_LIMITS_MAX_LINE_SIZE`"):
        with_environment(Settings(), {"SIGYN_LIMIT_MAX_LINE_SIZE": "1"})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SIGYN_DATA", "SIGYN_STORAGE_DATA"),
        ("SIGYN_HTTP", "SIGYN_SERVER_HTTP"),
        ("SIGYN_AUTH_ENABLED", "SIGYN_SERVER_AUTH_ENABLED"),
        ("SIGYN_MEMORY_BYTES", "SIGYN_SERVER_MEMORY_BYTES or SIGYN_QUERY_MEMORY_BYTES"),
    ],
)
def test_a_variable_without_its_section_is_named_with_it(variable: str, meant: str) -> None:
    with pytest.raises(ConfigError) as refused:
        with_environment(Settings(), {variable: "/srv"})
    assert str(refused.value) == (
        f"no setting belongs to the variable {variable}: its section is missing, write {meant}"
    )


def test_what_kubernetes_tells_of_a_service_is_no_setting() -> None:
    of_services = {
        "SIGYN_PORT": "tcp://10.0.0.1:3100",
        "SIGYN_SERVER_SERVICE_HOST": "10.0.0.1",
        "SIGYN_SERVER_SERVICE_PORT": "3100",
        "SIGYN_SERVER_SERVICE_PORT_HTTP": "3100",
        "SIGYN_SERVER_PORT": "tcp://10.0.0.1:3100",
        "SIGYN_SERVER_PORT_3100_TCP": "tcp://10.0.0.1:3100",
        "SIGYN_SERVER_PORT_3100_TCP_PROTO": "tcp",
        "SIGYN_SERVER_PORT_3100_TCP_ADDR": "10.0.0.1",
    }
    assert with_environment(Settings(), of_services) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        ("SIGYN_STORAGE_OBJECTS", "http://minio:9000/logs", "write s3://bucket/prefix"),
        ("SIGYN_STORAGE_OBJECTS", "minio:9000/logs", "write s3://bucket/prefix"),
        ("SIGYN_STORAGE_OBJECTS", "s3:/logs", "write s3://bucket/prefix"),
        ("SIGYN_STORAGE_OBJECTS", "s3://", "write s3://bucket/prefix"),
        ("SIGYN_STORAGE_S3_ENDPOINT", "minio:9000", "write a URL with http:// or https://"),
        ("SIGYN_STORAGE_AZURE_ENDPOINT", "us.example.net", "write a URL with http:// or https://"),
    ],
)
def test_a_wrong_address_of_a_bucket_is_found_before_the_first_push(variable: str, value: str, right: str) -> None:
    with pytest.raises(ConfigError, match=f"variable {variable}: `{value}` is not a value of .*: {right}"):
        with_environment(Settings(), {variable: value})
