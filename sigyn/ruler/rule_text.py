"""Groups as YAML, as the rules API gives them."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from sigyn.languages.durations import format_range
from sigyn.ruler.rule import AlertingRule, Rule, RuleGroup


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def group_text(group: RuleGroup) -> str:
    """A group as YAML."""
    return _yaml(_group(group))


def namespaces_text(namespaces: Mapping[str, Sequence[RuleGroup]]) -> str:
    """A map of namespaces to lists of groups as YAML."""
    return _yaml({name: [_group(group) for group in groups] for name, groups in namespaces.items()})


def _yaml(value: object) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20)
    return text


def _group(group: RuleGroup) -> dict[str, Any]:
    return {
        "name": group.name,
        **({"interval": format_range(group.interval)} if group.interval else {}),
        **({"limit": group.limit} if group.limit else {}),
        "rules": [_rule(rule) for rule in group.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    alerting = isinstance(rule, AlertingRule)
    written: dict[str, Any] = {"alert" if alerting else "record": rule.name, "expr": rule.expression.text}
    if isinstance(rule, AlertingRule):
        written |= {
            key: format_range(length)
            for key, length in (("for", rule.hold), ("keep_firing_for", rule.keep_firing))
            if length
        }
    if rule.labels:
        written["labels"] = dict(rule.labels)
    if isinstance(rule, AlertingRule) and rule.annotations:
        written["annotations"] = dict(rule.annotations)
    return written
