"""Labels put into the metadata of many entries at once: as if each entry's were read and written anew."""

import msgspec
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sigyn.wire.metadata import metadata_text
from sigyn.wire.metadata_pairs import with_labels

NAMES = ("a", "trace_id", "trace_id_extracted", "trace", "trace_id2", "trace_idA", "zz", "Z", "k9", "key_1", "b_")
TEXTS = ("x", '"', ',"trace_id":"', "\\", '\\",', "é\u2028", '{"a":"b"}', 'a",', "\n")

names = st.sampled_from(NAMES)
values = st.sampled_from(TEXTS) | st.text(min_size=1, max_size=5)
entries = st.lists(st.tuples(st.dictionaries(names, values, max_size=5), st.none() | values), max_size=6)


def with_label(metadata: dict[str, str], name: str, value: str | None) -> dict[str, str]:
    """What an entry has once its stream's label is put to it, as Loki shows both."""
    if value is None:
        return metadata
    moved = {f"{name}_extracted": metadata[name]} if name in metadata else {}
    return {**moved, **metadata, name: value}


@given(entries, names, st.integers(0, 2))
def test_a_label_gets_into_its_place(entries: list[tuple[dict[str, str], str | None]], name: str, cut: int) -> None:
    texts = [metadata_text(metadata.items()) for metadata, _ in entries]
    labels = [None if value is None else msgspec.json.encode(value).decode() for _, value in entries]
    column = pa.array([*["{}"] * cut, *texts], pa.string()).slice(cut)
    found = with_labels(column, name, pa.array(labels, pa.string()))
    assert found.to_pylist() == [
        metadata_text(with_label(metadata, name, value).items()) for metadata, value in entries
    ]
