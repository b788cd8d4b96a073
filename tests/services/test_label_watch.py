"""Which labels explode, and when."""

import pytest

from sigyn.model.labels import Labels
from sigyn.model.time import DAY, HOUR
from sigyn.services.label_watch import DemotionRules, LabelWatch, looks_like_id

RULES = DemotionRules()
NONE: frozenset[str] = frozenset()


def streams(name: str, values: list[str]) -> list[Labels]:
    return [(("app", "shop"), (name, value)) for value in values]


def found(watch: LabelWatch, name: str, values: list[str], rules: DemotionRules = RULES, now: int = 0) -> list[str]:
    """Names of labels that explode with these values, and why."""
    return [f"{label.name}: {label.reason}" for label in watch.look("t", streams(name, values), NONE, rules, now)]


@pytest.mark.parametrize("name", ["trace_id", "traceID", "TraceId", "pid", "X_Request_ID"])
def test_a_label_with_the_name_of_an_id_explodes_soon(name: str) -> None:
    watch = LabelWatch()
    assert found(watch, name, [str(value) for value in range(30)]) == []
    assert found(watch, name, ["1", "2"]) == []
    assert found(watch, name, ["30"]) == [f"{name}: its name is that of an id"]


def test_so_does_one_whose_values_look_like_ids() -> None:
    watch = LabelWatch()
    ids = [f"{value:032x}" for value in range(40)]
    assert found(watch, "blob", [*ids[:27], "a", "b", "c"]) == []
    assert found(watch, "blob", ids[27:31]) == ["blob: its values look like ids"]
    pods = [f"checkout-{value}-x7f2k" for value in range(1000)]
    assert found(watch, "pod", pods) == []


def test_one_that_says_what_service_a_stream_is_of_is_judged_by_its_number_alone() -> None:
    """A CI server that names each job by a UUID must not take the services of all others from the streams."""
    watch = LabelWatch()
    ids = [f"{value:032x}" for value in range(5001)]
    for name in ("service_name", "container", "job"):
        assert found(watch, name, ids[:5000]) == []
        assert found(watch, name, ids[5000:]) == [f"{name}: it has too many values"]
    rules = DemotionRules(services=("service_name", "team", "pid"))
    assert found(watch, "team", ids[:40], rules) == []
    assert found(watch, "component", ids[:31], rules) == ["component: its values look like ids"]
    assert found(watch, "pid", ids[:31], rules) == ["pid: its name is that of an id"]


def test_any_label_does_with_enough_values() -> None:
    watch = LabelWatch()
    values = [f"page-{value}" for value in range(5001)]
    assert found(watch, "page", values[:5000]) == []
    [label] = watch.look("t", streams("page", values[5000:]), NONE, RULES, 0)
    assert (label.reason, label.values, label.example) == ("it has too many values", 5001, "page-5000")


def test_values_have_to_come_within_the_window() -> None:
    rules = DemotionRules(values=3, window=DAY)
    watch = LabelWatch()
    assert found(watch, "page", ["a", "b", "c"], rules, 0) == []
    assert found(watch, "page", ["d"], rules, DAY) == []
    assert found(watch, "page", ["e", "f"], rules, DAY + HOUR) == []
    assert found(watch, "page", ["g"], rules, 2 * DAY - 1) == ["page: it has too many values"]
    for_ever = DemotionRules(values=3, window=0)
    assert found(watch, "city", ["a", "b", "c"], for_ever, 3 * DAY) == []
    assert found(watch, "city", ["d"], for_ever, 300 * DAY) == ["city: it has too many values"]


def test_tenants_are_watched_apart_and_settled_labels_not_at_all() -> None:
    ids = streams("trace_id", [f"{value:032x}" for value in range(20)])
    more = streams("trace_id", [f"{value:032x}" for value in range(20, 40)])
    watch = LabelWatch()
    assert watch.look("a", ids, NONE, RULES, 0) == []
    assert watch.look("b", more, NONE, RULES, 0) == []
    assert watch.look("a", more, frozenset({"trace_id"}), RULES, 0) == []
    assert watch.look("c", [*ids, *more], NONE, DemotionRules(kept=("trace_id",)), 0) == []
    assert watch.look("c", [*ids, *more], NONE, DemotionRules(enabled=False), 0) == []
    assert watch.look("c", [*ids, *more], NONE, DemotionRules(id_values=0), 0) == []
    internal = streams("__trace_id__", [f"{value:032x}" for value in range(40)])
    assert watch.look("c", internal, NONE, RULES, 0) == []


@pytest.mark.parametrize(
    "value",
    [
        "0af7651916cd43dd8448eb211c80319c",
        "b7ad6b7169203331",
        "123e4567-e89b-12d3-a456-426614174000",
        "req_123e4567-e89b-12d3-a456-426614174000",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "1795644397771",
        "507f1f77bcf86cd799439011",
    ],
)
def test_what_looks_like_an_id(value: str) -> None:
    assert looks_like_id(value)


@pytest.mark.parametrize(
    "value",
    ["", "shop", "checkout-7d9f8b6c5-x2x8z", "10.0.0.7:8080", "v1.2.3", "4711", "/var/log/syslog", "ip-10-0-0-1"],
)
def test_what_does_not(value: str) -> None:
    assert not looks_like_id(value)
