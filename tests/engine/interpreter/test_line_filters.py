"""Line filters: texts, expressions, patterns and addresses."""

import pytest

from tests.engine.interpreter.running import keeps


@pytest.mark.parametrize(
    ("stages", "line", "kept"),
    [
        ('|= "err"', "an error", True),
        ('|= "Err"', "an error", False),
        ('|= ""', "", True),
        ('!= "err"', "an error", False),
        ('!= ""', "anything", False),
        ('|= "a" or "b"', "has b", True),
        ('|= "a" or "b"', "nothing of it", False),
        ('!= "a" or "b"', "xbx", False),
        ('!= "a" or "b"', "xyz", True),
        ('|~ "e.*r"', "an error", True),
        ('|~ "^error"', "an error", False),
        ('|~ "(?i)ERROR"', "an error", True),
        ('|~ "a.b"', "a\nb", False),
        ('|~ "(?m)^b$"', "a\nb\nc", True),
        ('|~ "x" or "err"', "an error", True),
        ('!~ "e+"', "an error", False),
        ('|~ "Σ+"', "ΣΣ", True),
        ('|= "err" != "fatal" |~ "an"', "an error", True),
    ],
)
def test_texts_and_expressions(stages: str, line: str, kept: bool) -> None:
    assert keeps(stages, line) is kept


@pytest.mark.parametrize(
    ("pattern", "line", "kept"),
    [
        ("<_> error <_>", "an error here", True),
        ("<_> error <_>", "error here", False),
        ("<_> error <_>", "an error ", False),
        ("<_> error", "an error", True),
        ("<_> error", "an error here", False),
        ("an <_>", "an error", True),
        ("an <_>", "not an error", False),
        ("error", "error", True),
        ("error", "errors", False),
        ("<_>a", "ba ba", False),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_patterns_cover_the_line(pattern: str, line: str, kept: bool) -> None:
    assert keeps(f'|> "{pattern}"', line) is kept
    assert keeps(f'!> "{pattern}"', line) is not kept


@pytest.mark.parametrize(
    ("addresses", "line", "kept"),
    [
        ("10.0.0.1", "from 10.0.0.1:80", True),
        ("10.0.0.1", "from 10.0.0.10", False),
        ("10.0.0.1", "version 10.0.0.1.4", False),
        ("10.0.0.0/8", "hosts 9.1.1.1,10.2.3.4;", True),
        ("10.0.0.0/8", "hosts 9.1.1.1", False),
        ("10.0.0.1-10.0.0.9", "a=10.0.0.9", True),
        ("10.0.0.1-10.0.0.9", "a=10.0.0.10", False),
        ("0.0.0.0/0", "no address 1.2.3", False),
        ("0.0.0.0/0", "bad 999.1.1.1", False),
        ("2001:db8::/32", "from [2001:db8:0:1::1d]:443", True),
        ("2001:db8::/32", "from [2001:db9::1]:443", False),
        ("::1", "dst=::1 x", True),
        ("::1", "10:20:30", False),
    ],
)
def test_addresses(addresses: str, line: str, kept: bool) -> None:
    assert keeps(f'|= ip("{addresses}")', line) is kept
    assert keeps(f'!= ip("{addresses}")', line) is not kept
