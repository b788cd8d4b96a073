"""Relabelling: every action of Prometheus."""

import pytest

from sigyn.languages.relabel import RelabelError, RelabelRule, relabel, without_meta

LABELS = {"__meta_pod": "web-7", "app": "Shop", "env": "prod", "same": "prod"}


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        (RelabelRule(source_labels=("app",), target_label="copy"), {"copy": "Shop"}),
        (RelabelRule(source_labels=("app", "env"), separator="/", target_label="both"), {"both": "Shop/prod"}),
        (
            RelabelRule(("__meta_pod",), regex="(?P<n>\\w+)-(\\d)", replacement="${2}$n$$", target_label="x"),
            {"x": "7web$"},
        ),
        (RelabelRule(("app",), regex="(.*)op", replacement="is_$1", target_label="${1}_x"), {"Sh_x": "is_Sh"}),
        (RelabelRule(("app",), regex="Sho", target_label="copy"), {}),
        (RelabelRule(("app",), regex="(S).*", replacement="$1x", target_label="copy"), {}),
        (RelabelRule(("nosuch",), target_label="app"), {"app": ""}),
        (RelabelRule(replacement="fixed", target_label="copy"), {"copy": "fixed"}),
        (RelabelRule(("app",), regex="shop|Shop", action="keep"), {}),
        (RelabelRule(("app",), regex="shop", action="drop"), {}),
        (RelabelRule(("env",), target_label="same", action="KeepEqual"), {}),
        (RelabelRule(("app",), target_label="same", action="dropequal"), {}),
        (RelabelRule(("app",), target_label="low", action="lowercase"), {"low": "shop"}),
        (RelabelRule(("app",), target_label="up", action="uppercase"), {"up": "SHOP"}),
        (RelabelRule(regex="__meta_(.+)", action="labelmap"), {"pod": "web-7"}),
        (RelabelRule(regex="e.*", action="labeldrop"), {"env": ""}),
        (RelabelRule(regex="app|env|__.*", action="labelkeep"), {"same": ""}),
    ],
)
def test_actions(rule: RelabelRule, changed: dict[str, str]) -> None:
    expected = {name: value for name, value in {**LABELS, **changed}.items() if value}
    assert relabel(LABELS, [rule]) == expected


@pytest.mark.parametrize(
    "rule",
    [
        RelabelRule(("app",), regex="shop", action="keep"),
        RelabelRule(("app",), regex="Shop", action="drop"),
        RelabelRule(("app",), target_label="same", action="keepequal"),
        RelabelRule(("env",), target_label="same", action="dropequal"),
    ],
)
def test_dropped(rule: RelabelRule) -> None:
    assert relabel(LABELS, [rule]) is None


def test_rules_apply_in_order() -> None:
    rules = [
        RelabelRule(("app",), target_label="__tmp"),
        RelabelRule(("__tmp",), regex="Sh(.*)", target_label="tail"),
        RelabelRule(regex="app|env|same", action="labeldrop"),
    ]
    labels = relabel(LABELS, rules)
    assert labels is not None
    assert without_meta(labels) == {"tail": "op"}


def test_hashmod_spreads_by_the_joined_values() -> None:
    rule = RelabelRule(("app",), target_label="shard", modulus=8, action="hashmod")
    shards = {(relabel({"app": f"app-{number}"}, [rule]) or {})["shard"] for number in range(200)}
    assert shards == {str(number) for number in range(8)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"action": "rename"}, "unknown relabel action `rename`"),
        ({"action": "replace"}, "requires `target_label`"),
        ({"action": "hashmod", "target_label": "x"}, "non-zero modulus"),
        ({"source_labels": ("a-b",), "target_label": "x"}, "`a-b` is invalid as a label name"),
        ({"target_label": "a-b"}, "`a-b` is invalid `target_label`"),
        ({"action": "keep", "regex": "("}, "missing closing )"),
        ({"action": "labelmap", "replacement": "a-$1"}, "`a-$1` is invalid `replacement`"),
    ],
)
def test_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(RelabelError) as caught:
        RelabelRule(**options)  # type: ignore[arg-type]
    assert message in str(caught.value)
