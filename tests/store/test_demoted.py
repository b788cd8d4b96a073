"""Demoted labels: kept in the catalog, and found again without it."""

import pytest

from sigyn.model.errors import Unavailable
from sigyn.store import Store, rebuild_catalog
from sigyn.store.demoted import DemotedLabel, DemotedLabels
from sigyn.store.open_catalog import open_catalog
from sigyn.store.places import objects_of

from .conftest import MakeSettings
from .entries import batch, row, stored
from .lost_catalog import lose_catalog

pytestmark = pytest.mark.anyio

TRACE = DemotedLabel("trace_id", "its name is that of an id", 31, "4bf9", 77)
PAGE = DemotedLabel("page", "it has too many values", 5001, "/a", 78, promoted=True)


@pytest.mark.parametrize("settings", ["local", "s3"], indirect=True)
async def test_they_outlive_a_restart_and_the_catalog(settings: MakeSettings) -> None:
    configured = settings()
    store = Store.open(configured)
    await store.append(batch([row("a", 1, "x")]))
    store.demoted.put("fake", [TRACE, PAGE])
    store.demoted.put("team a/b", [TRACE])
    store.demoted.put("fake", [DemotedLabel("page", "it was asked for", 0, "", 79, promoted=True)])
    known = store.demoted.of("fake")
    assert store.demoted.names("fake") == {"trace_id"}
    assert store.demoted.ever("fake") == {"trace_id", "page"}
    assert store.demoted.names("another") == frozenset()
    store.sweep_now()
    await store.close()

    store = Store.open(configured)
    assert store.demoted.of("fake") == known
    await store.close()

    lose_catalog(configured)
    rebuilt = rebuild_catalog(configured)
    assert (rebuilt.segments, rebuilt.unreadable) == (1, ())
    store = Store.open(configured)
    assert store.demoted.of("fake") == known
    assert store.demoted.names("team a/b") == {"trace_id"}
    assert len(stored(store)) == 1
    await store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_a_catalog_that_fails_changes_nothing(settings: MakeSettings) -> None:
    objects = objects_of(settings())
    catalog = open_catalog(settings())
    labels = DemotedLabels(catalog.demoted, catalog.demote, objects)
    labels.put("fake", [TRACE])
    catalog.close()
    with pytest.raises(Unavailable):
        labels.put("fake", [PAGE])
    assert labels.of("fake") == [TRACE]


@pytest.mark.parametrize("settings", ["local"], indirect=True)
async def test_a_label_that_several_find_is_new_once(settings: MakeSettings) -> None:
    """Nor does a push that comes late undo what somebody decided meanwhile."""
    store = Store.open(settings())
    told: list[str] = []
    store.demoted.subscribe(told.append)
    late = DemotedLabel("trace_id", "its values look like ids", 40, "ab12", 80)
    assert store.demoted.add("fake", [TRACE]) == [TRACE]
    assert store.demoted.add("fake", [late]) == []
    assert store.demoted.add("other", [late]) == [late]
    promoted = DemotedLabel("trace_id", TRACE.reason, 31, "4bf9", 81, promoted=True)
    store.demoted.put("fake", [promoted])
    assert store.demoted.add("fake", [late, DemotedLabel("pid", "", 31, "7", 82)]) == [
        DemotedLabel("pid", "", 31, "7", 82)
    ]
    assert store.demoted.of("fake") == [DemotedLabel("pid", "", 31, "7", 82), promoted]
    assert store.demoted.names("fake") == {"pid"}
    assert told == ["fake", "other", "fake", "fake"]
    await store.close()
