# ruff: noqa: E501, the tables are easier to read with long lines
"""Every stage: a pipeline, a line, and what comes of it."""

from hashlib import sha3_256, sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages import NEVER

from .pipelines import NOW, SECOND, Bench, configure

LABELS = [
    ("- json: {expressions: {a: x.y}}\n- labels: {a: }", '{"x":{"y":"v"}}', {"a": "v"}),
    ("- json: {expressions: {a: x.y}}\n- labels: {a: }", '{"x":"text"}', {}),
    ("- json: {expressions: {a: }}\n- labels: {a: }", '{"a":{"z":1,"b":[1.5,null,true]}}', {"a": '{"b":[1.5,null,true],"z":1}'}),
    ("- json: {expressions: {a: 'length(l)'}}\n- labels: {a: }", '{"l":[1,2,3]}', {"a": "3"}),
    ("- json: {expressions: {a: 'length(l)'}}\n- labels: {a: }", '{"l":5}', {}),
    ("- json: {expressions: {a: }}\n- labels: {a: }", '{"a":"half \\ud83d pair"}', {"a": "half \ufffd pair"}),
    ("- json: {expressions: {a: }}\n- labels: {a: }", '{"b":"\udcff","a":"fine"}', {"a": "fine"}),
    ("- json: {expressions: {a: 'x', b: 'x', c: '\"x\"'}}\n- labels: {a: , b: , c: }", '{"x":1}', {"a": "1", "b": "1", "c": "1"}),
    ("- regex: {expression: '(?P<w>[^ ]+)$'}\n- labels: {w: }", "bytes \udcff end", {"w": "end"}),
    ("- regex: {expression: '(?P<w>.+)'}\n- labels: {copy: job}", "x", {"copy": "app"}),
    ("- logfmt: {mapping: {a: , b: key}}\n- labels: {a: , b: }", 'a=1 key="two words" flag', {"a": "1", "b": "two words"}),
    ("- static_labels: {env: prod}\n- labelallow: [env]", "x", {"env": "prod"}),
    ("- eventlogmessage: {source: job, overwrite_existing: true}", "x", {"job": "app"}),
    ("- match: {selector: '{job=~\"a.+\"}', stages: [{static_labels: {hit: yes!}}]}", "x", {"hit": "yes!"}),
    ("- match: {selector: '{job!=\"app\"}', stages: [{static_labels: {hit: yes!}}]}", "x", {}),
    ("- match: {selector: '{job=\"app\"} |~ \"e.d\"', stages: [{static_labels: {hit: yes!}}]}", "\udcff end", {"hit": "yes!"}),
    ("- match: {selector: '{job=\"app\"} | json | a > 4', stages: [{static_labels: {hit: yes!}}]}", '{"a":5}', {"hit": "yes!"}),
    ("- match: {selector: '{job=\"app\"} | json | a > 4', stages: [{static_labels: {hit: yes!}}]}", '{"a":4}', {}),
]  # fmt: skip


@pytest.mark.parametrize(("stages", "line", "labels"), LABELS)
def test_labels(stages: str, line: str, labels: dict[str, str]) -> None:
    (entry,) = Bench(stages).feed(line)
    assert {name: value for name, value in entry.labels.items() if name != "job" or "job" in labels} == labels


LINES = [
    ("- replace: {expression: 'no groups here', replace: 'x'}", "no groups here", "no groups here"),
    ("- replace: {expression: '(?P<n>\\d+)', replace: '<{{ .Value }}>'}\n- template: {source: o, template: '{{ .n }}'}\n- output: {source: o}", "a 12 b", "<12>"),
    ("- replace: {source: job, expression: '(p+)', replace: '#'}\n- output: {source: job}", "x", "a#"),
    ("- replace: {expression: '(\\d)', replace: '#'}", "\udcff 1 2", "\udcff # #"),
    ("- template: {source: o, template: '{{ .Entry | Sha2Hash \"salt\" }}'}\n- output: {source: o}", "x", sha256(b"saltx").hexdigest()),
    ("- template: {source: o, template: '{{ Hash \"salt\" .Entry }}'}\n- output: {source: o}", "x", sha3_256(b"saltx").hexdigest()),
    ("- template: {source: o, template: '{{ .Entry | splitList \",\" | join \"-\" | quote }}'}\n- output: {source: o}", "a,b", '"a-b"'),
    ("- template: {source: o, template: '{{ if regexMatch \"^a\" .Entry }}{{ snakecase \"fooBar baz\" }}{{ end }}'}\n- output: {source: o}", "a", "foo_bar_baz"),
    ("- template: {source: o, template: '{{ regexReplaceAll \"[0-9]+\" .Entry \"n\" }}'}\n- output: {source: o}", "\udcff 12", "\ufffd n"),
    ("- template: {source: o, template: '{{ upper .Entry }}'}\n- output: {source: o}", "\udcff a", "\udcff A"),
    ("- template: {source: o, template: '{{ atoi \"9999999999999999999999\" }} {{ atoi \"-007\" }}'}\n- output: {source: o}", "a", "9223372036854775807 -7"),
    ("- template: {source: o, template: '{{ ternary \"y\" \"n\" (empty .nothing) }} {{ coalesce .nothing \"z\" }} {{ atoi \"12x\" }}'}\n- output: {source: o}", "a", "y z 0"),
    ("- pack: {labels: [job, nosuch], ingest_timestamp: false}", 'say "<hi>"', '{"job":"app","_entry":"say \\"\\u003chi\\u003e\\""}'),
    ("- decolorize: {}", "\x1b[1;31mred\x1b[0m", "red"),
]  # fmt: skip


@pytest.mark.parametrize(("stages", "line", "result"), LINES)
def test_line(stages: str, line: str, result: str) -> None:
    (entry,) = Bench(stages).feed(line)
    assert entry.line == result


DROPPED = [
    ("- drop: {source: [job, nosuch]}", "x", "drop_stage"),
    ("- json: {expressions: {level: , msg: }}\n- drop: {source: [level, msg], separator: '#', expression: 'error#.*push'}", '{"level":"error","msg":"a push"}', "drop_stage"),
    ("- json: {expressions: {level: }}\n- drop: {source: level}", "{}", "drop_stage"),
    ("- drop: {longer_than: 3}", "üü", "drop_stage"),
    ("- sampling: {rate: 0}", "x", "sampling_stage"),
    ("- match: {selector: '{job=\"app\"}', action: drop}", "x", "match_stage"),
    ("- json: {expressions: {a: }, drop_malformed: true}", "[]", "malformed_json"),
]  # fmt: skip


@pytest.mark.parametrize(("stages", "line", "reason"), DROPPED)
def test_dropped_and_counted(stages: str, line: str, reason: str) -> None:
    bench = Bench(stages)
    assert bench.feed(line) == []
    assert bench.samples() == {f'logentry_dropped_lines_total{{reason="{reason}"}}': 1.0}


@pytest.mark.parametrize(
    ("stages", "line"),
    [
        ("- drop: {source: nosuch}", "x"),
        ("- drop: {longer_than: 4}", "üü"),
        ("- drop: {source: job, value: ap}", "x"),
        ("- drop: {older_than: 1h}", "x"),
    ],
)
def test_kept(stages: str, line: str) -> None:
    bench = Bench(stages)
    assert [entry.line for entry in bench.feed(line)] == [line]
    assert bench.samples() == {}


REFUSED = [
    ("- json: {expressions: {a: }, exprssions: {}}", "did you mean `expressions`"),
    ("- json: {expressions: {a: 5}}", "has to be a text"),
    ("- json: {}", "JMES expression is required"),
    ("- nosuch: {}", "unknown key `nosuch`"),
    ("- {json: {expressions: {a: }}, labels: {a: }}", "one stage"),
    ("- labels: {a-b: }", "invalid label name: a-b"),
    ("- labeldrop: job", "has to be a list"),
    ("- static_labels: {}", "cannot be empty"),
    ("- drop: {value: x}", "must contain at least one"),
    ("- drop: {source: x, value: v, expression: z}", "only one of"),
    ("- drop: {older_than: 1d}", 'unknown unit "d"'),
    ("- drop: {longer_than: much}", "is no size"),
    ("- limit: {rate: 5}", "greater than 0"),
    ("- limit: {rate: 5, burst: 5, by_label_name: job}", "drop must be true"),
    ("- sampling: {rate: 1.5}", "between 0.0 and 1.0"),
    ("- match: {selector: 'rate({a=\"b\"}[5m])', action: drop}", "no selector"),
    ("- match: {selector: '{a=\"b\"}', action: throw}", "'keep' or 'drop'"),
    ("- timestamp: {source: t, format: RFC3339, location: Mars/Olympus}", "unknown time zone"),
    ("- multiline: {firstline: a, line_start_pattern: b}", "are the same"),
    ("- geoip: {db: /nosuch.mmdb, source: ip, db_type: street}", "db type should be"),
    ("- metrics: {m: {type: Counter, description: d, config: {}}}", "action must be defined"),
    ("- metrics: {m: {type: Gauge, description: d, config: {action: multiply}}}", "has to be one of set"),
    ("- metrics: {m: {type: Histogram, config: {buckets: [2, 1]}}}", "have to increase"),
    ("- metrics: {'m-n': {type: Counter, value: '1'}}", "no valid name"),
    ("- metrics: {m: {type: Counter, value: 'one'}}", "has to be a number"),
    ("- metrics: {m: {type: Histogram, value_name: x, value_type: hours}}", "unknown value_type"),
    ("- metrics: {m: {type: Counter, value: '1'}}\n- metrics: {m: {type: Gauge, value_name: x}}", "exists already"),
    ("- redact: {patterns: [emial]}", "unknown pattern `emial`"),
    ("- redact: {hash_key_file: /nosuch/key}", "can't be read"),
]  # fmt: skip


@pytest.mark.parametrize(("stages", "message"), REFUSED)
def test_refused(stages: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configure(stages)
    assert message in str(caught.value)
    assert caught.value.line >= 5 or "line " in str(caught.value)


def test_a_stage_that_is_wrong_is_named_with_its_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        configure("- docker: {}\n- match:\n    selector: '{a=\"b\"}'\n    stages:\n    - regex: {expression: '('}")
    assert str(caught.value) == (
        "job `test`: line 9: invalid regex stage config: could not compile regular expression: "
        "error parsing regexp: missing closing ): `(`"
    )


@pytest.mark.parametrize("depth", [100, 900, 100_000])
@pytest.mark.parametrize("path", ["a", "b", "'a[0]'"])
def test_json_of_any_depth_passes(depth: int, path: str) -> None:
    line = '{"a":' + "[" * depth + "]" * depth + "}"
    (entry,) = Bench(f"- json: {{expressions: {{x: {path}}}}}\n- labels: {{x: }}").feed(line)
    assert entry.line == line


def test_multiline_forgets_the_oldest_of_very_many_streams() -> None:
    stages = "- regex: {expression: '^(?P<pod>[0-9]+)'}\n- labels: {pod: }\n- multiline: {firstline: ' begins$'}"
    bench = Bench(stages)
    bench.feed("0 begins")
    for first in range(1, 12_000, 1000):
        bench.steady.now += 10 * SECOND
        bench.pipeline.flush(bench.steady.now)
        bench.feed(*(f"{number} begins" for number in range(first, first + 1000)))
    bench.steady.now += 10 * SECOND
    bench.pipeline.flush(bench.steady.now)
    assert [entry.line for entry in bench.feed("0 goes on", "12000 goes on")] == ["0 goes on"]
    assert [entry.line for entry in bench.pipeline.flush(NEVER)] == ["12000 goes on"]


ODD_LINES = [
    '{"a": 1' + "0" * 400 + "}",
    '{"a": [-1' + "0" * 400 + "]}",
    '{"a": 1e400}',
    '{"a": {"b": "text"}}',
    '{"a": "\\ud800"}',
    '\udc80\udcff{"a"=5} "',
    "\udcff a=1 =",
    "a=" + "1" * 5000,
    "9" * 5000,
]


@pytest.mark.parametrize(
    "stages",
    [
        "- json: {expressions: {a: }}",
        "- json: {expressions: {a: '[a][0]'}}",
        "- json: {expressions: {a: a, g: 'a > `4`', s: 'avg([a])', f: 'ceil(a)'}}\n- labels: {g: , s: , f: }",
        "- json: {expressions: {a: }}\n- timestamp: {source: a, format: Unix}",
        "- json: {expressions: {a: }}\n- metrics: {m: {type: gauge, source: a, config: {action: set}}}",
        "- json: {expressions: {a: }}\n- metrics: {m: {type: histogram, source: a}}",
        "- json: {expressions: {a: }}\n- template: {source: b, template: '{{ .a }}'}\n- output: {source: b}",
        "- json: {expressions: {a: }}\n- replace: {source: a, expression: '([0-9]+)', replace: '{{ .Value }}'}",
        "- logfmt: {mapping: {a: }}",
        '- template: {source: a, template: \'{{ regexReplaceAll "[0-9]" .Entry "n" }}\'}',
        "- regex: {expression: '(?P<a>.*)'}\n- template: {source: a, template: '{{ atoi .Value }}{{ add1 .Value }}'}",
        "- regex: {expression: '(?P<a>[0-9]+)'}\n- metrics: {m: {type: counter, source: a, config: {action: add}}}",
    ],
)
def test_no_line_ends_the_reading_of_others(stages: str) -> None:
    entries = Bench(stages + "\n- labels: {a: }").feed(*ODD_LINES, '{"a": 7} a=7')
    assert len(entries) == len(ODD_LINES) + 1


def test_structured_metadata_takes_labels_away() -> None:
    (entry,) = Bench("- static_labels: {pod: p}\n- structured_metadata: {pod: , unit: job}").feed("x")
    assert entry.labels == {}
    assert entry.metadata == {"pod": "p", "unit": "app"}


def test_an_unfinished_partial_line_is_held() -> None:
    bench = Bench("- cri: {}")
    assert bench.feed("2024-03-05T06:07:08Z stdout P begin ") == []
    assert [entry.origin for entry in bench.pipeline.held()] == ["2024-03-05T06:07:08Z stdout P begin "]
    (entry,) = bench.feed("2024-03-05T06:07:09Z stdout F end")
    assert (entry.line, entry.labels["stream"]) == ("begin end", "stdout")
    assert list(bench.pipeline.held()) == []


def test_what_is_no_cri_line_passes_unchanged() -> None:
    entries = Bench("- cri: {}").feed("not a cri line", "2024-03-05T06:07:09Z stdout F yes", "2024 stdin F no")
    assert [entry.line for entry in entries] == ["not a cri line", "yes", "2024 stdin F no"]


class TestMultiline:
    STAGES = "- multiline: {firstline: '^S', max_wait_time: 2s}"

    def test_waits_from_the_last_line(self) -> None:
        bench = Bench(self.STAGES)
        assert bench.feed("S one") == []
        bench.steady.now += SECOND
        assert bench.feed("two") == []
        assert bench.pipeline.flush(NOW + 3 * SECOND - 1) == []
        (entry,) = bench.pipeline.flush(NOW + 3 * SECOND)
        assert (entry.line, entry.timestamp, entry.origin) == ("S one\ntwo", NOW, "two")
        assert not list(bench.pipeline.held())

    def test_a_clock_that_is_set_back_holds_nothing(self) -> None:
        bench = Bench(self.STAGES)
        bench.feed("S one")
        bench.clock.now -= 3600 * SECOND
        bench.steady.now += SECOND
        bench.feed("two")
        (entry,) = bench.pipeline.flush(NOW + 3 * SECOND)
        assert (entry.line, entry.timestamp) == ("S one\ntwo", NOW)

    def test_all_goes_at_the_end(self) -> None:
        bench = Bench(self.STAGES + "\n- static_labels: {later: stage}")
        bench.feed("S one")
        assert [entry.origin for entry in bench.pipeline.held()] == ["S one"]
        (entry,) = bench.pipeline.flush(NEVER)
        assert entry.labels == {"job": "app", "later": "stage"}

    def test_inside_match(self) -> None:
        bench = Bench(
            f"- match:\n    selector: '{{job=\"app\"}}'\n    stages:\n    {self.STAGES}\n- static_labels: {{a: b}}"
        )
        assert bench.feed("S one", "two") == []
        assert [(entry.line, entry.labels["a"]) for entry in bench.pipeline.flush(NEVER)] == [("S one\ntwo", "b")]

    def test_streams_have_blocks_of_their_own(self) -> None:
        bench = Bench("- regex: {expression: '(?P<s>.)$'}\n- labels: {s: }\n" + self.STAGES)
        bench.feed("S 1", "S 2", "a 1", "b 2")
        assert sorted(entry.line for entry in bench.pipeline.flush(NEVER)) == ["S 1\na 1", "S 2\nb 2"]


class TestLimit:
    def test_entries_wait_for_their_turn(self) -> None:
        bench = Bench("- limit: {rate: 2, burst: 1}")
        assert [entry.line for entry in bench.feed("a", "b", "c")] == ["a"]
        assert len(list(bench.pipeline.held())) == 2
        assert bench.pipeline.flush(NOW + SECOND // 2 - 1) == []
        assert [entry.line for entry in bench.pipeline.flush(NOW + SECOND // 2)] == ["b"]
        assert [entry.line for entry in bench.pipeline.flush(NEVER)] == ["c"]

    def test_tokens_come_back(self) -> None:
        bench = Bench("- limit: {rate: 1, burst: 2, drop: true}")
        assert len(bench.feed("a", "b", "c")) == 2
        bench.steady.now += SECOND
        assert len(bench.feed("d", "e")) == 1

    def test_a_clock_that_is_set_back_stops_nothing(self) -> None:
        bench = Bench("- limit: {rate: 1, burst: 1, drop: true}")
        assert len(bench.feed("a")) == 1
        bench.clock.now -= 3600 * SECOND
        bench.steady.now += SECOND
        assert len(bench.feed("b")) == 1

    def test_drops_are_counted_by_label(self) -> None:
        bench = Bench("- limit: {rate: 1, burst: 1, drop: true, by_label_name: job}")
        bench.feed("a", "b", "c")
        assert bench.samples()['logentry_dropped_lines_by_label_total{label_name="job",label_value="app"}'] == 2


CITY = {
    "city": {"names": {"en": "Oslo"}},
    "country": {"names": {"en": "Norway"}},
    "continent": {"code": "EU", "names": {"en": "Europe"}},
    "location": {"latitude": 59.9, "longitude": 10.75, "time_zone": "Europe/Oslo"},
    "postal": {"code": "0150"},
    "subdivisions": [{"iso_code": "03", "names": {"en": "Oslo County"}}],
}


@pytest.mark.parametrize(
    ("kind", "record", "labels"),
    [
        (
            "city",
            CITY,
            {
                "geoip_city_name": "Oslo",
                "geoip_country_name": "Norway",
                "geoip_continent_name": "Europe",
                "geoip_continent_code": "EU",
                "geoip_location_latitude": "59.9",
                "geoip_location_longitude": "10.75",
                "geoip_postal_code": "0150",
                "geoip_timezone": "Europe/Oslo",
                "geoip_subdivision_name": "Oslo County",
                "geoip_subdivision_code": "03",
            },
        ),
        (
            "country",
            CITY,
            {"geoip_country_name": "Norway", "geoip_continent_name": "Europe", "geoip_continent_code": "EU"},
        ),
        (
            "asn",
            {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"},
            {"geoip_autonomous_system_number": "64500", "geoip_autonomous_system_organization": "Example"},
        ),
    ],
)
def test_geoip(tmp_path: Path, kind: str, record: dict[str, object], labels: dict[str, str]) -> None:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, float_type="f64")
    writer.insert_network(IPSet(["198.51.100.0/24", "2001:db8::/32"]), record)
    writer.to_db_file(str(tmp_path / "places.mmdb"))
    bench = Bench(
        "- json: {expressions: {ip: }}\n"
        f"- geoip: {{db: {tmp_path}/places.mmdb, source: ip, db_type: {kind}}}\n"
        "- labeldrop: [nosuch]"
    )
    found = bench.feed('{"ip":"198.51.100.7"}', '{"ip":"2001:db8::1"}', '{"ip":"203.0.113.1"}', '{"ip":"no address"}')
    assert [entry.labels for entry in found] == [{"job": "app", **labels}] * 2 + [{"job": "app"}] * 2


def test_geoip_refuses_what_is_no_database(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"no database")
    with pytest.raises(ConfigurationError, match="can't be read as a database"):
        configure(f"- geoip: {{db: {broken}, source: ip, db_type: city}}")


PIPELINES = [
    "- json: {expressions: {k: , time: a.b}}\n- labels: {k: }\n- timestamp: {source: time, format: Unix}",
    "- match: {selector: '{job=\"app\"} |= \"1\"', stages: [{static_labels: {one: 'yes'}}, {drop: {expression: x}}]}\n- pack: {labels: [one]}",
    "- multiline: {firstline: '^\\{', max_lines: 3}\n- regex: {expression: '(?P<k>k.*1)'}\n- labels: {k: }",
]  # fmt: skip
LINE_TEXTS = st.lists(st.sampled_from(['{"k":"v","a":{"b":12}}', '{"k":1}', "x1", '{"a":{"b":"bad"}}', "plain", "k=1"]))


@given(st.sampled_from(PIPELINES), LINE_TEXTS)
def test_batches_are_the_same_as_single_entries(stages: str, lines: list[str]) -> None:
    def everything(bench: Bench, batches: list[list[AgentEntry]]) -> list[AgentEntry]:
        out = [entry for batch in batches for entry in bench.pipeline.process_batch(batch)]
        return out + bench.pipeline.flush(NEVER)

    one, many = Bench(stages), Bench(stages)
    assert everything(one, [[one.entry(line)] for line in lines]) == everything(
        many, [[many.entry(line) for line in lines]]
    )
