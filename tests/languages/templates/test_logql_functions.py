"""The functions of LogQL's line_format and label_format."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.templates import TemplateError
from sigyn.languages.templates.conversions import to_float64, to_int64
from sigyn.languages.templates.logql import compile_line_template, logql_functions

NOW = 1_790_000_000_123_456_789
LABELS = {
    "a": "alpha",
    "n": "42",
    "f": "2.5",
    "empty": "",
    "path": "/api/v1/é",
    "json": '{"id": 7, "tags": ["x", "y"], "sub": {"k": null}}',
    "at": "2026-01-15T10:11:12Z",
}
LINE = "tick=1 value=2"
TIMESTAMP = 1_768_477_800_120_000_000
"""2026-01-15T11:50:00.12Z"""


def execute(text: str) -> str:
    return compile_line_template(text, clock=lambda: NOW).execute(LABELS, LINE, TIMESTAMP)


def value(expression: str) -> str:
    return execute("{{" + expression + "}}")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ToUpper .a", "ALPHA"),
        ("`ABC é` | ToLower", "abc é"),
        ("upper `straße ŉ`", "STRAßE ŉ"),
        ("lower `ΑΣ İ`", "ας i".replace("ς", "σ")),
        ("title `hello wOrld foo_bar x-y ärger`", "Hello WOrld Foo_bar X-Y Ärger"),
        ("Replace `banana` `a` `4` 1", "b4nana"),
        ("Replace `banana` `a` `4` -1", "b4n4n4"),
        ("Replace `ab` `` `-` -1", "-a-b-"),
        ("Replace `ab` `` `-` 2", "-a-b"),
        ("`banana` | replace `an` `AN`", "bANANa"),
        ("Trim `xxhixx` `x`", "hi"),
        ("TrimLeft `xxhixx` `x`", "hixx"),
        ("TrimRight `xxhixx` `x`", "xxhi"),
        ("TrimPrefix `xxhixx` `x`", "xhixx"),
        ("TrimSuffix `xxhixx` `xx`", "xxhi"),
        ("TrimSpace `\t hi \u3000`", "hi"),
        ("Trim ` hi ` ``", " hi "),
        ("trim `  hi  `", "hi"),
        ("trimAll `$` `$5.00$`", "5.00"),
        ("`-hello` | trimPrefix `-`", "hello"),
        ("`hello-` | trimSuffix `-`", "hello"),
        ("trunc 3 .a", "alp"),
        ("trunc -3 .a", "pha"),
        ("trunc 99 .a", "alpha"),
        ("trunc -99 .a", "alpha"),
        ("trunc 0 .a", ""),
        ("trunc 9 .path", "/api/v1/\ufffd"),
        ("trunc 10 .path", "/api/v1/é"),
        ("trunc 5.0 .path", "/api/"),
        ("substr 1 3 .a", "lp"),
        ("substr -1 3 .a", "alp"),
        ("substr 2 -1 .a", "pha"),
        ("substr 2 99 .a", "pha"),
        ("indent 2 `a\nb`", "  a\n  b"),
        ("nindent 1 `a\nb`", "\n a\n b"),
        ("repeat 3 `ab`", "ababab"),
        ("repeat 0 `ab`", ""),
        ("contains `ph` .a", "true"),
        ("hasPrefix `al` .a", "true"),
        ("hasSuffix `al` .a", "false"),
        ("alignLeft 7 .a", "alpha  "),
        ("alignLeft 3 .a", "alp"),
        ("alignLeft -1 .a", "alpha"),
        ("alignLeft 9 .path", "/api/v1/é"),
        ("alignRight 7 .a", "  alpha"),
        ("alignRight 3 .a", "pha"),
        ("alignRight 0 .a", ""),
        ("default `-` .nosuch", "-"),
        ("default `-` .empty", "-"),
        ("default `-` .a", "alpha"),
        ("default `-` 0", "-"),
        ("default `-` `0`", "0"),
        ("default `-`", "-"),
        ("fromJson .json | default `-`", "map[id:7 sub:map[k:<nil>] tags:[x y]]"),
        ("urlencode `a b/ü?=&~`", "a+b%2F%C3%BC%3F%3D%26~"),
        ("urldecode `a+b%2F%C3%BC`", "a b/ü"),
        ("b64enc `hé`", "aMOp"),
        ("b64dec `aMOp`", "hé"),
        ("b64dec `aGVsbG8`", "hello"),
        ("b64dec `aGVsbG8=`", "hello"),
        ("b64dec `/+8=`", "\ufffd\ufffd"),
    ],
)
def test_text(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("regexReplaceAll `(k)-(\\\\d+)` `k-029` `${2}:${1}`", "k-029"),
        ("regexReplaceAll `(k)-(\\d+)` `k-029` `${2}:${1}`", "029:k"),
        ("regexReplaceAll `(?P<x>a)(b)?` `xab` `[$x|${2}|$1y|$9|$$|$]`", "x[a|b|||$|$]"),
        ("regexReplaceAll `a*` `baac` `x`", "xbxcx"),
        ("regexReplaceAll `` `ab` `-`", "-a-b-"),
        ("regexReplaceAll `$` `ab` `!`", "ab!"),
        ("regexReplaceAll `é+` `aéé.é` `e`", "ae.e"),
        ("regexReplaceAllLiteral `(a)` `bac` `$1`", "b$1c"),
        ("count `a|b` `abab`", "4"),
        ("`foo` | count `o`", "2"),
        ("count `` `abc`", "4"),
        ("count `a*` `baac`", "3"),
        ("count `(?i)TICK` __line__", "1"),
    ],
)
def test_regular_expressions(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("add 3 2 5", "10"),
        ("add `3` .n", "45"),
        ("add", "0"),
        ("sub 1 5", "-4"),
        ("mul 5 2 3", "30"),
        ("mul `x` 2", "0"),
        ("div 7 2", "3"),
        ("div -7 2", "-3"),
        ("mod -7 3", "-1"),
        ("mod 7 -3", "1"),
        ("add 9223372036854775807 1", "-9223372036854775808"),
        ("div -9223372036854775808 -1", "-9223372036854775808"),
        ("max 1 `9` 3", "9"),
        ("min 1 -2 3", "-2"),
        ("addf 3.5 2 5", "10.5"),
        ("addf 0.1 0.2", "0.3"),
        ("subf 5.5 2 1.5", "2"),
        ("mulf 22 1.1", "24.2"),
        ("divf 10 2 4", "1.25"),
        ("divf 10 3", "3.3333333333333335"),
        ("divf 1 3 2", "0.1666666666666667"),
        ("mulf 1e300 1e300", "+Inf"),
        ("subf 0 0", "0"),
        ("maxf 1 2.5 `3`", "3"),
        ("minf 1 .5 3", "0.5"),
        ("maxf `NaN` 1", "NaN"),
        ("maxf `NaN` `Inf`", "+Inf"),
        ("ceil 3.2", "4"),
        ("ceil -0.5", "-0"),
        ("floor 3.8", "3"),
        ("floor -3.2", "-4"),
        ("floor `inf`", "+Inf"),
        ("round 3.14159 2", "3.14"),
        ("round 2.5 0", "3"),
        ("round -2.5 0", "-3"),
        ("round 123.88571428571 5 .2", "123.88572"),
        ("round 1234.5 -2", "1200"),
        ("round 1 400", "NaN"),
        ("int `42`", "42"),
        ("int 3.9", "3"),
        ("int `3.9`", "3"),
        ("int `x`", "0"),
        ("float64 `4.5`", "4.5"),
        ("float64 `x`", "0"),
        ("float64 .n", "42"),
        ("float64 1000000", "1e+06"),
        ("gt (int .n) 41", "true"),
        ("printf `%.2f` (divf .n 5)", "8.40"),
    ],
)
def test_numbers(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (5, 5),
        (True, 1),
        (None, 0),
        (3.9, 3),
        (-3.9, -3),
        (1e300, 0),
        (math.nan, 0),
        ("", 0),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("1_000", 1000),
        ("0x1f", 31),
        ("0b11", 3),
        ("0o17", 15),
        ("017", 15),
        ("08", 0),
        ("12.9", 12),
        (".9", 0),
        ("-.9", 0),
        ("1e3", 0),
        (" 1", 0),
        ("12a", 0),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 0),
        ([1], 0),
    ],
)
def test_conversion_to_integers(given_value: object, expected: int) -> None:
    assert to_int64(given_value) == expected


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [(5, 5.0), (True, 1.0), (None, 0.0), ("1e3", 1000.0), ("0x1p4", 16.0), ("", 0.0), ("1,5", 0.0), ({}, 0.0)],
)
def test_conversion_to_floats(given_value: object, expected: float) -> None:
    assert to_float64(given_value) == expected


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 63), (1 << 63) - 1))
def test_division_undoes_itself(dividend: int, divisor: int) -> None:
    if not divisor:
        return
    text = "{{$q := div .a .b}}{{add (mul $q .b) (mod .a .b)}}"
    assert compile_line_template(text).execute({"a": str(dividend), "b": str(divisor)}, "", 0) == str(dividend)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("__timestamp__", "2026-01-15 11:50:00.12 +0000 UTC"),
        ("__timestamp__ | date `2006-01-02T15:04:05.00Z07:00`", "2026-01-15T11:50:00.12Z"),
        ("__timestamp__ | unixEpoch", "1768477800"),
        ("__timestamp__ | unixEpochMillis", "1768477800120"),
        ("__timestamp__ | unixEpochNanos", "1768477800120000000"),
        ("__timestamp__.Format `15:04:05`", "11:50:00"),
        ("`15:04` | __timestamp__.Format", "11:50"),
        ("__timestamp__.Unix", "1768477800"),
        ("__timestamp__.UnixMilli", "1768477800120"),
        ("__timestamp__.UnixNano", "1768477800120000000"),
        ("(__timestamp__).Weekday", "Thursday"),
        ("printf `%d` __timestamp__.Weekday", "4"),
        ("__timestamp__.Month", "January"),
        ("__timestamp__.Month | int", "1"),
        ("__timestamp__.Year", "2026"),
        ("__timestamp__.YearDay", "15"),
        ("__timestamp__.Nanosecond", "120000000"),
        ("__timestamp__.UTC.Hour", "11"),
        ("(__timestamp__.AddDate 0 1 -14).Format `2006-01-02`", "2026-02-01"),
        ("(__timestamp__.AddDate 0 -1 0).Format `2006-01-02`", "2025-12-15"),
        ("__timestamp__.Sub (unixToTime `1768477700`)", "1m40.12s"),
        ("(__timestamp__.Sub (unixToTime `1768477700`)).Seconds", "100.12"),
        ("((unixToTime `1768477700`).Sub __timestamp__).Truncate (now.Sub now)", "-1m40.12s"),
        ("__timestamp__.After (unixToTime `1768477700`)", "true"),
        ("__timestamp__.IsZero", "false"),
        ("now | unixEpochNanos", str(NOW)),
        ("date `2006` now", "2026"),
        ("date `2006-01-02` 1700000000", "2023-11-14"),
        ("date `2006-01-02` `not a time`", "2026-09-21"),
        ("toDate `2006-01-02` `2021-11-02` | unixEpoch", "1635811200"),
        ("toDate `2006-01-02` `no date` | unixEpoch", "-62135596800"),
        ("(toDate `2006-01-02` `no date`).IsZero", "true"),
        ("toDateInZone `2006-01-02` `America/New_York` `2025-12-31` | unixEpoch", "1767157200"),
        ("toDateInZone `2006-01-02` `No/Where` `2025-12-31` | unixEpoch", "1767139200"),
        ("toDateInZone `2006-01-02T15:04:05Z07:00` `UTC` .at | unixEpochMillis", "1768471872000"),
        ("toDateInZone `2006-01-02` `Europe/Berlin` `2024-07-01`", "2024-07-01 00:00:00 +0200 CEST"),
        ("unixToTime `20468` | date `2006-01-02`", "2026-01-15"),
        ("unixToTime `1768471200` | unixEpoch", "1768471200"),
        ("unixToTime `1768471200123` | unixEpochMillis", "1768471200123"),
        ("unixToTime `1768471200123456` | unixEpochNanos", "1768471200123456000"),
        ("unixToTime `1768471200123456789` | unixEpochNanos", "1768471200123456789"),
        ("duration `1h30m`", "5400"),
        ("duration_seconds `1500ms`", "1.5"),
        ("`-2s` | duration", "-2"),
        ("bytes `5KB`", "5000"),
        ("bytes `1.5KiB`", "1536"),
        ("bytes `20MB`", "2e+07"),
    ],
)
def test_times_and_units(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{fromJson .json}}", "map[id:7 sub:map[k:<nil>] tags:[x y]]"),
        ("{{(fromJson .json).id}}", "7"),
        ("{{$j := fromJson .json}}{{$j.sub.k}} {{index $j.tags 1}} {{index $j `id`}}", "<no value> y 7"),
        ("{{range (fromJson .json).tags}}<{{.}}>{{end}}", "<x><y>"),
        ("{{fromJson `not json`}} {{fromJson ``}} {{fromJson `NaN`}} {{fromJson `{}x`}}", " ".join(["<no value>"] * 4)),
        ('{{fromJson ` [1, 1.5, 1e400, -0, true, "a"] `}}', "[1 1.5 <nil> -0 true a]"),
        ('{{fromJson `"\\ud800\\u00e9"`}}', "\ufffdé"),
        ('{{fromJson `{"\\ud800":["\\udc00"]}`}}', "map[\ufffd:[\ufffd]]"),
        ("{{len (fromJson `[1,2]`)}}", "2"),
        ("{{printf `%T` (index (fromJson `[1]`) 0)}}", "float64"),
        ("{{__line__}}|{{__line__ | upper}}|{{len __line__}}", f"{LINE}|{LINE.upper()}|14"),
    ],
)
def test_json_and_the_line(text: str, expected: str) -> None:
    assert execute(text) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("div .n 0", "error calling div: runtime error: integer divide by zero"),
        ("mod .n `x`", "error calling mod: runtime error: integer divide by zero"),
        ("divf .n 0", "error calling divf: decimal division by 0"),
        ("addf `NaN`", "error calling addf: Cannot create a Decimal from NaN"),
        ("mulf `inf` 2", "error calling mulf: Cannot create a Decimal from +Inf"),
        ("substr 3 2 .a", "error calling substr: runtime error: slice bounds out of range [3:2]"),
        ("substr 9 -1 .a", "error calling substr: runtime error: slice bounds out of range [9:5]"),
        ("substr -1 9 .a", "error calling substr: runtime error: slice bounds out of range [:9] with length 5"),
        ("substr -1 -1 .a", "error calling substr: runtime error: slice bounds out of range [:-1]"),
        ("repeat -1 .a", "error calling repeat: strings: negative Repeat count"),
        ("indent -1 .a", "error calling indent: strings: negative Repeat count"),
        ("urldecode `%zz`", 'error calling urldecode: invalid URL escape "%zz"'),
        ("urldecode `%2`", 'error calling urldecode: invalid URL escape "%2"'),
        ("b64dec `!`", "error calling b64dec: illegal base64 data at input byte 0"),
        ("b64dec `a`", "error calling b64dec: illegal base64 data at input byte 1"),
        ("b64dec `YQ=`", "error calling b64dec: illegal base64 data at input byte 2"),
        ("unixToTime `123`", "error calling unixToTime: unable to parse time '123': %!w(<nil>)"),
        (
            "unixToTime `x`",
            "error calling unixToTime: unable to parse time 'x': strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        ("duration `5 apples`", 'error calling duration: time: unknown unit " apples" in duration "5 apples"'),
        ("bytes `5 apples`", "error calling bytes: unhandled size name: apples"),
        ("count `(` .a", "error calling count: error parsing regexp: missing closing ): `(`"),
        ("regexReplaceAll `[` .a ``", "error calling regexReplaceAll: error parsing regexp: missing closing ]: `[`"),
    ],
)
def test_errors(expression: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        value(expression)
    assert str(caught.value) == f'template: line:1:2: executing "line" at <{expression}>: {reason}'


DOCUMENTED = """
__line__ __timestamp__ add addf alignLeft alignRight b64dec b64enc bytes ceil contains count date default div divf
duration duration_seconds float64 floor fromJson hasPrefix hasSuffix indent int lower max maxf min minf mod mul mulf
nindent now regexReplaceAll regexReplaceAllLiteral repeat replace round sub subf substr title toDate toDateInZone trim
trimAll trimPrefix trimSuffix trunc unixEpoch unixEpochMillis unixEpochNanos unixToTime upper urldecode urlencode
Replace ToLower ToUpper Trim TrimLeft TrimPrefix TrimRight TrimSpace TrimSuffix
"""


def test_every_documented_function_is_there() -> None:
    assert set(logql_functions()) == set(DOCUMENTED.split())
