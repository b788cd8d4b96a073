"""What holds for every pipeline, whatever its stages and lines."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sigyn.model.labels import Labels, labels_of
from tests.engine.interpreter.running import pipeline

NAMES = ["app", "app_extracted", "a", "b", "trace"]
names = st.sampled_from(NAMES)
labels = st.dictionaries(names, st.sampled_from(["1", "2", "x y", "five"]), max_size=4).map(labels_of)

stages = st.one_of(
    st.sampled_from(
        [
            "| json",
            "| logfmt",
            "| logfmt --strict --keep-empty",
            "| unpack",
            "| decolorize",
            "| pattern `<a> <b>`",
            "| regexp `(?P<app>x)|(?P<trace>y)`",
            "| line_format `{{.a}} {{.app_extracted}}`",
            '|= "a"',
        ]
    ),
    st.builds("| json {}=`{}`".format, names, names),
    st.builds("| logfmt {}=`{}`".format, names, names),
    st.builds("| label_format {}={}".format, names, names),
    st.builds("| label_format {}=`{{{{.{}}}}}-`".format, names, names),
    st.builds("| drop {}, {}".format, names, names),
    st.builds('| keep {}, {}="1"'.format, names, names),
    st.builds("| {} {} 1".format, names, st.sampled_from([">", "!=", "<="])),
    st.builds('| {}!="{}"'.format, names, names),
)
fields = st.dictionaries(names | st.just("_entry"), st.sampled_from(["1", "x", "y a=1 b=2", ""]), max_size=4)
lines = st.one_of(
    fields.map(json.dumps),
    fields.map(lambda found: " ".join(f"{name}={json.dumps(value)}" for name, value in found.items())),
    st.text(alphabet='ab=1 {}":,\\\x1b[m', max_size=20),
)


@given(st.lists(stages, max_size=5), labels, labels, st.lists(lines, min_size=1, max_size=3))
def test_labels_are_of_one_origin(chosen: list[str], stream: Labels, metadata: Labels, texts: list[str]) -> None:
    compiled = pipeline(" ".join(chosen))
    for line in texts:
        before = (dict(stream), dict(metadata))
        entry = compiled.process(stream, 1, line, metadata)
        assert before == (dict(stream), dict(metadata))
        if entry is not None:
            origins = [set(entry.stream), set(entry.metadata), set(entry.parsed)]
            assert len(set().union(*origins)) == sum(map(len, origins))
            again = pipeline(" ".join(chosen)).process(stream, 1, line, metadata)
            assert again is not None
            assert again.as_log_entry() == entry.as_log_entry()
