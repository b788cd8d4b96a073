"""Which streams may come in at all: labels that they must have, and times up to which nothing is taken.

A policy names streams by selectors, so that both can differ between them. From Loki's documentation of
`policy_stream_mapping` and `block_ingestion_until`.
"""

from dataclasses import dataclass
from functools import lru_cache

from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import parse_selector
from sigyn.languages.logql.ast import Selector
from sigyn.model.errors import BadRequest, ParseError
from sigyn.model.labels import Labels
from sigyn.model.rfc3339 import format_rfc3339

BLOCKED = "blocked_ingestion"
POLICY_BLOCKED = "blocked_ingestion_policy"
MISSING_LABELS = "missing_enforced_labels"

SILENT = 200
"""The status with which senders of what is blocked do not hear of it."""

_ANY = "*"


@dataclass(frozen=True, slots=True)
class StreamPolicy:
    """Streams that belong to a policy; of several that match a stream the highest priority counts, then the first."""

    name: str
    selector: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class PushPolicies:
    """What is asked of the streams of a tenant. Times are ns, 0: never.

    streams               which streams belong to which policy
    enforced_labels       labels that every stream must have
    policy_labels         those of a policy besides; `*` is for all streams
    blocked_until         up to when nothing is taken
    policy_blocked_until  the same for a policy; `*` is for streams that have none, and for policies not named
    blocked_status        HTTP status of what is blocked; with 200 its sender does not hear of it
    """

    streams: tuple[StreamPolicy, ...] = ()
    enforced_labels: tuple[str, ...] = ()
    policy_labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    blocked_until: int = 0
    policy_blocked_until: tuple[tuple[str, int], ...] = ()
    blocked_status: int = 260

    def __post_init__(self) -> None:
        """Raises BadRequest for a selector that can't be read."""
        for each in self.streams:
            try:
                _selector(each.selector)
            except ParseError as error:
                raise BadRequest(f"policy `{each.name}`: `{each.selector}` is no selector: {error}") from None

    def policy_of(self, labels: Labels) -> str:
        """The policy of a stream; empty when it has none."""
        matching = [each for each in self.streams if selector_matches(_selector(each.selector), labels)]
        return min(matching, key=lambda each: (-each.priority, each.name)).name if matching else ""

    def missing_labels(self, labels: Labels) -> list[str]:
        """Labels that a stream should have and has not."""
        if not self.enforced_labels and not self.policy_labels:
            return []
        of_policies = dict(self.policy_labels)
        wanted = (*self.enforced_labels, *of_policies.get(_ANY, ()), *of_policies.get(self.policy_of(labels), ()))
        names = {name for name, _ in labels}
        return [name for name in dict.fromkeys(wanted) if name not in names]

    def stream_blocked_until(self, labels: Labels) -> tuple[str, int]:
        """The policy of a stream and the time up to which its entries are refused."""
        times = dict(self.policy_blocked_until)
        policy = self.policy_of(labels)
        return policy, times.get(policy, times.get(_ANY, 0))

    def blocked_text(self, tenant: str) -> str:
        """What the sender of a push is told that is refused."""
        return (
            f"ingestion blocked for user {tenant} until '{format_rfc3339(self.blocked_until)}' with status code "
            f"'{self.blocked_status}'"
        )

    def stream_blocked_text(self, tenant: str, policy: str, until: int) -> str:
        """The same for a stream."""
        return (
            f"ingestion blocked for user {tenant} (policy: {policy or _ANY}) until '{format_rfc3339(until)}' with "
            f"status code '{self.blocked_status}'"
        )


@lru_cache(maxsize=1024)
def _selector(text: str) -> Selector:
    return parse_selector(text)
