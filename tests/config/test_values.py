"""Values as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.config.declaration import Declaration
from sigyn.config.environment import with_environment
from sigyn.config.errors import ConfigError
from sigyn.config.retention_values import STREAM_RETENTIONS, StreamRetention, read_stream_retentions
from sigyn.config.settings import DECLARATIONS, Settings
from sigyn.config.values import (
    read_address,
    read_bytes,
    read_duration,
    read_flag,
    read_names,
    show_bytes,
    show_duration,
)
from sigyn.model.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND, YEAR


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("30s", 30 * SECOND),
        ("1h30m", HOUR + 30 * MINUTE),
        ("1.5h", HOUR + 30 * MINUTE),
        ("720h", 30 * DAY),
        ("30d1h", 30 * DAY + HOUR),
        ("1w", 7 * DAY),
        ("250ms", 250 * MILLISECOND),
        ("292y", 292 * YEAR),
    ],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert read_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "30", "h", "1 h", "-1h", "1x", "1h x", "1" * 400 + "h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="write a duration such as 30s"):
        read_duration(text)


@pytest.mark.parametrize("text", ["293y", "300y", "9999999999999999h"])
def test_a_duration_is_no_longer_than_times_can_be_apart(text: str) -> None:
    with pytest.raises(ValueError, match="write 292y or less"):
        read_duration(text)


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e400", "-1", "1MB", ""])
def test_what_is_no_number_of_megabytes(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a value of limits\.ingestion_rate_mb: write a number"):
        with_environment(Settings(), {"SIGYN_LIMITS_INGESTION_RATE_MB": text})


@given(st.integers(min_value=0, max_value=10**18))
def test_a_duration_reads_back(nanoseconds: int) -> None:
    assert read_duration(show_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("262144", 262144),
        ("256KB", 262144),
        ("256kb", 262144),
        ("4MB", 4 << 20),
        ("1.5GiB", 3 << 29),
        ("9B", 9),
    ],
)
def test_sizes(text: str, count: int) -> None:
    assert read_bytes(text) == count


@given(st.integers(min_value=0, max_value=1 << 50))
def test_a_size_reads_back(count: int) -> None:
    assert read_bytes(show_bytes(count)) == count


@pytest.mark.parametrize("text", ["127.0.0.1:0", "0.0.0.0:3100", "[::1]:3100", "localhost:80", ":3100"])
def test_addresses(text: str) -> None:
    assert read_address(text) == text


@pytest.mark.parametrize("text", ["3100", "localhost", "localhost:http", "::1:3100", "a:70000"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="write host:port"):
        read_address(text)


def test_words() -> None:
    assert read_flag("Yes") is True
    assert read_flag("off") is False
    assert read_names("a, b,,c ") == ("a", "b", "c")
    assert read_stream_retentions('{a="b"}=72h; {c=~"d=.*"}=1w') == (
        StreamRetention('{a="b"}', 3 * DAY),
        StreamRetention('{c=~"d=.*"}', 7 * DAY),
    )


def test_periods_of_streams() -> None:
    written = '{a="b;c"}=3d@-2; {d=`e;"`, f="\\"; "}=7d@10; {g="h"}=1d'
    read = read_stream_retentions(written)
    assert [each.selector for each in read] == ['{a="b;c"}', '{d=`e;"`, f="\\"; "}', '{g="h"}']
    assert [(each.period, each.priority) for each in read] == [(3 * DAY, -2), (7 * DAY, 10), (DAY, 0)]
    assert STREAM_RETENTIONS.show(read) == written
    for wrong in ('{a="b"}@-1=72h', '{a="b"}=72h@-1"', '{a="b=72h', "72h"):
        with pytest.raises(ValueError, match="write"):
            read_stream_retentions(wrong)
    with pytest.raises(ValueError, match="60d@-1, where -1 is a priority"):
        read_stream_retentions('{a="b"}@-1=72h')


@pytest.mark.parametrize("declaration", DECLARATIONS.values(), ids=DECLARATIONS)
def test_every_default_reads_back(declaration: Declaration) -> None:
    if declaration.kind.unit != "secret":
        assert declaration.kind.read(declaration.kind.show(declaration.default)) == declaration.default
    assert declaration.help.endswith(".")


@pytest.mark.parametrize(
    ("variable", "text", "right"),
    [
        ("SIGYN_RULER_EVALUATION_INTERVAL", "0", "it has to be more than 0"),
        ("SIGYN_RULER_POLL_INTERVAL", "0s", "it has to be more than 0"),
        ("SIGYN_RULER_NOTIFICATION_TIMEOUT", "0", "it has to be more than 0"),
        ("SIGYN_RULER_NOTIFICATION_QUEUE_CAPACITY", "0", "it has to be more than 0"),
        ("SIGYN_RULER_NOTIFICATION_QUEUE_CAPACITY", "-5", "write a whole number, 0 or more"),
        ("SIGYN_QUERY_MAX_CONCURRENT", "-1", "write a whole number, 0 or more"),
    ],
)
def test_numbers_with_which_nothing_would_work(variable: str, text: str, right: str) -> None:
    with pytest.raises(ConfigError) as refused:
        with_environment(Settings(), {variable: text})
    assert str(refused.value).startswith(f"variable {variable}: `{text}` is not a value of ")
    assert str(refused.value).endswith(right)
