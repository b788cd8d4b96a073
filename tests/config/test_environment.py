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
