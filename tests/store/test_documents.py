"""Documents that people save live beside the segments, and are never mistaken for them."""

from pathlib import Path

import pytest

from sigyn.store.documents import Documents
from sigyn.store.objects import ObjectStore, open_objects
from sigyn.store.settings import ObjectStoreSettings
from sigyn.store.tiers import TieredObjects


@pytest.fixture(params=["memory", "folder", "tiers"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    memory = open_objects(ObjectStoreSettings(url="memory://"))
    match request.param:
        case "folder":
            return open_objects(ObjectStoreSettings(url=f"file://{tmp_path}"))
        case "tiers":
            return TieredObjects({"hot": memory, "cold": open_objects(ObjectStoreSettings(url="memory://"))})
    return memory


def test_the_latest_version_counts_and_no_object_changes(objects: ObjectStore) -> None:
    times = iter(range(9, 12))
    documents = Documents(objects, "dashboards", lambda: next(times))
    documents.write("a", "board", b"1")
    (first,) = objects.list()
    documents.write("a", "board", b"2")
    assert documents.read("a", "board") == b"2"
    (second,) = objects.list()
    assert first.key != second.key
    documents.write("a", "board-2", b"3")
    assert documents.names("a") == ["board", "board-2"]
    assert documents.read("a", "board") == b"2"


def test_tenants_and_kinds_see_their_own(objects: ObjectStore) -> None:
    documents, others = (Documents(objects, kind, lambda: 1) for kind in ("dashboards", "views"))
    documents.write("a", "x", b"a")
    documents.write("../a", "x", b"dots")
    others.write("a", "y", b"view")
    assert (documents.read("a", "x"), documents.read("../a", "x"), documents.read("b", "x")) == (b"a", b"dots", None)
    assert (documents.names("a"), documents.names("b"), others.names("a")) == (["x"], [], ["y"])
    documents.delete("a", "x")
    documents.delete("a", "x")
    assert (documents.read("a", "x"), documents.read("../a", "x")) == (None, b"dots")
    assert not [found for found in objects.list() if found.key.endswith(".parquet")]
