"""Label filters: kinds of comparison, missing and unreadable values, `and` and `or`."""

import pytest

from tests.engine.interpreter.running import keeps, parsed, run


@pytest.mark.parametrize(
    ("predicate", "kept"),
    [
        ('app="shop"', True),
        ('app=~"sh.*"', True),
        ('app=~"sh"', False),
        ('app!~"sh"', True),
        ('n="5"', True),
        ('nosuch=""', True),
        ('nosuch!="x"', True),
        ('nosuch=~".+"', False),
        ('detail="d"', True),
        ("n = 5", True),
        ("n == 5.0", True),
        ("n != 5", False),
        ("n > 4.5", True),
        ("n < 4.5", False),
        ("n >= 5", True),
        ("big > 1e300", True),
        ("grouped = 1000", True),
        ("nosuch > 1", False),
        ("nosuch != 1", False),
        ("nan > 1", False),
        ("nan != 1", True),
        ("dur > 1h", True),
        ("dur = 1h2m3.5s", True),
        ("dur < 1d", True),
        ("nosuch > 1s", False),
        ("size > 1.4MB", True),
        ("size >= 1500KB", True),
        ("size > 1GiB", False),
        ('peer = ip("10.0.0.0/8")', True),
        ('peer != ip("10.0.0.0/8")', False),
        ('peer = ip("10.0.0.1-10.0.0.5")', False),
        ('nosuch != ip("10.0.0.0/8")', False),
        ('n > 4 and app="x"', False),
        ('n > 4, app="shop"', True),
        ('n > 9 or app="shop"', True),
        ('n > 9 and app="x" or env="dev"', True),
        ('n > 9 and (app="x" or env="dev")', False),
    ],
)
def test_predicate(predicate: str, kept: bool) -> None:
    line = "n=5 nan=NaN big=1.7e308 grouped=1_000 dur=1h2m3.5s size=1.5MB peer=10.0.0.8"
    assert keeps(f"| logfmt | {predicate}", line, detail="d") is kept


@pytest.mark.parametrize(
    ("predicate", "details"),
    [
        ("n > 5", 'strconv.ParseFloat: parsing "five": invalid syntax'),
        ("n != 5", 'strconv.ParseFloat: parsing "five": invalid syntax'),
        ("n > 5s", 'time: invalid duration "five"'),
        ("n > 5MB", 'strconv.ParseFloat: parsing "": invalid syntax'),
    ],
)
def test_an_unreadable_value_keeps_the_line_with_an_error(predicate: str, details: str) -> None:
    entry = run(f"| logfmt | {predicate}", "n=five")
    assert entry is not None
    assert entry.parsed == {"n": "five", "__error__": "LabelFilterErr", "__error_details__": details}


@pytest.mark.parametrize("predicate", ["n > 9", "n > 9s", "n > 9MB", 'n = ip("10.0.0.1")'])
def test_after_an_error_only_texts_are_compared(predicate: str) -> None:
    broken = '{"n":"1","b":"'
    assert keeps(f"| json | {predicate}", broken)
    assert not keeps('| json | n="9"', broken)
    assert not keeps(f'| json | {predicate} | __error__=""', broken)


def test_or_stops_at_the_side_that_decides() -> None:
    assert "__error__" not in parsed("| logfmt | a > 1 or n > 5", "a=2 n=five")
    assert parsed("| logfmt | n > 5 or a > 1", "a=2 n=five")["__error__"] == "LabelFilterErr"


def test_errors_can_be_filtered() -> None:
    assert keeps('| json | __error__="JSONParserErr"', "broken")
    assert not keeps('| json | __error__=""', "broken")
    assert keeps('| json | __error__=""', "{}")
