"""Relabelling of targets, entries and alerts, as Prometheus does it.

Source: Prometheus' documentation of `relabel_config`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from hashlib import md5
from typing import Final

from sigyn.languages.regex import Match, RegexError, compile_regex
from sigyn.model.errors import BadRequest
from sigyn.model.labels import LABEL_NAME

ACTIONS: Final = (
    "replace",
    "keep",
    "drop",
    "keepequal",
    "dropequal",
    "hashmod",
    "labelmap",
    "labeldrop",
    "labelkeep",
    "lowercase",
    "uppercase",
)
_NEED_TARGET = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)
_DEFAULT_REGEX = "(.*)"

_Apply = Callable[[dict[str, str]], bool]


class RelabelError(BadRequest):
    """A rule that Prometheus would refuse; `field` is the one at fault, empty when it is the rule as a whole."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class RelabelRule:
    """One step of `relabel_configs`; `regex` is anchored at both ends."""

    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    target_label: str = ""
    regex: str = _DEFAULT_REGEX
    modulus: int = 0
    replacement: str = "$1"
    action: str = "replace"

    def __post_init__(self) -> None:
        """Raises RelabelError for what Prometheus refuses."""
        _check(self)


def _check(rule: RelabelRule) -> None:
    action = rule.action.lower()
    if action not in ACTIONS:
        near = get_close_matches(action, ACTIONS, n=1, cutoff=0.6)
        hint = f" (did you mean `{near[0]}`?)" if near else ""
        raise RelabelError(
            f"unknown relabel action `{rule.action}`{hint}; the actions are {', '.join(ACTIONS)}", "action"
        )
    if action == "hashmod" and rule.modulus <= 0:
        raise RelabelError("relabel configuration for hashmod requires non-zero modulus")
    if action in _NEED_TARGET and not rule.target_label:
        raise RelabelError(f"relabel configuration for {action} action requires `target_label` value")
    for name in rule.source_labels:
        if not LABEL_NAME.fullmatch(name):
            raise RelabelError(f"`{name}` is invalid as a label name in `source_labels`", "source_labels")
    templated = action == "replace" and _REFERENCE.search(rule.target_label)
    if action in _NEED_TARGET and not templated and not LABEL_NAME.fullmatch(rule.target_label):
        raise RelabelError(f"`{rule.target_label}` is invalid `target_label` for {action} action", "target_label")
    if action == "labelmap" and not LABEL_NAME.fullmatch(_REFERENCE.sub("x", rule.replacement)):
        raise RelabelError(f"`{rule.replacement}` is invalid `replacement` for labelmap action", "replacement")
    try:
        compile_regex(rule.regex)
    except RegexError as error:
        raise RelabelError(f"`regex` of a relabel rule: {error}", "regex") from None


def relabel(labels: Mapping[str, str], rules: Sequence[RelabelRule]) -> dict[str, str] | None:
    """The labels after all rules, without empty ones; None when a rule drops their owner."""
    result = {name: value for name, value in labels.items() if value}
    for rule in rules:
        if not _compile(rule)(result):
            return None
    return result


def without_meta(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels whose names do not begin with `__`: what is left for entries after relabelling."""
    return {name: value for name, value in labels.items() if not name.startswith("__")}


def expand(template: str, match: Match) -> str:
    """`template` with `$1`, `${1}`, `$name` filled in, as Go's Regexp.Expand does; `$$` is a dollar."""

    def value(reference: re.Match[str]) -> str:
        dollar, braced, bare = reference.groups()
        if dollar:
            return "$"
        name = braced or bare
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCE.sub(value, template)


@lru_cache(maxsize=4096)
def _compile(rule: RelabelRule) -> _Apply:
    fullmatch = compile_regex(f"(?s:{rule.regex})").fullmatch

    def source(labels: Mapping[str, str]) -> str:
        return rule.separator.join([labels.get(name, "") for name in rule.source_labels])

    def put(labels: dict[str, str], name: str, value: str) -> None:
        if value:
            labels[name] = value
        else:
            labels.pop(name, None)

    def replace(labels: dict[str, str]) -> bool:
        match = fullmatch(source(labels))
        if match is not None:
            target = expand(rule.target_label, match)
            if LABEL_NAME.fullmatch(target):
                put(labels, target, expand(rule.replacement, match))
        return True

    def hashmod(labels: dict[str, str]) -> bool:
        digest = md5(source(labels).encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
        labels[rule.target_label] = str(int.from_bytes(digest[8:], "big") % rule.modulus)
        return True

    def labelmap(labels: dict[str, str]) -> bool:
        for name, value in list(labels.items()):
            match = fullmatch(name)
            if match is not None:
                labels[expand(rule.replacement, match)] = value
        return True

    def remove(labels: dict[str, str], matching: bool) -> bool:
        for name in [name for name in labels if (fullmatch(name) is not None) is matching]:
            del labels[name]
        return True

    def change_case(labels: dict[str, str], change: Callable[[str], str]) -> bool:
        put(labels, rule.target_label, change(source(labels)))
        return True

    actions: dict[str, _Apply] = {
        "replace": replace,
        "keep": lambda labels: fullmatch(source(labels)) is not None,
        "drop": lambda labels: fullmatch(source(labels)) is None,
        "keepequal": lambda labels: labels.get(rule.target_label, "") == source(labels),
        "dropequal": lambda labels: labels.get(rule.target_label, "") != source(labels),
        "hashmod": hashmod,
        "labelmap": labelmap,
        "labeldrop": lambda labels: remove(labels, True),
        "labelkeep": lambda labels: remove(labels, False),
        "lowercase": lambda labels: change_case(labels, str.lower),
        "uppercase": lambda labels: change_case(labels, str.upper),
    }
    return actions[rule.action.lower()]
