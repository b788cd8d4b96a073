"""Which scope a request needs."""

import re

from sigyn.services.access.identity import ADMIN, DELETE, PUSH, READ, RULES

_ANY = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CHANGING = _ANY - {"GET", "HEAD", "OPTIONS"}
_FORM_QUERIES = re.compile(
    r"/(?:loki|prometheus)/api/v1/(?:query|query_range|query_exemplars|labels?|label/.+|series|index/.+|detected_.+|"
    r"patterns|format_query|drilldown-limits)|/api/prom/(?:query|label|label/.+|series)|"
    r"/sigyn/api/v1/(?:explain|export|cardinality)",
    re.DOTALL,
)
"""What may be asked for by a form, since queries can be longer than a URL."""

_RULES: tuple[tuple[str, frozenset[str], str], ...] = (
    (r"/loki/api/v1/push|/api/prom/push|(?:/otlp)?/v1/[a-z]+", _ANY, PUSH),
    (r"/sigyn/api/v1/agents", _CHANGING, PUSH),
    (
        r"/(?:loki/api/v1|api/prom)/rules(?:/.*)?|/sigyn/api/v1/(?:dashboards|alertmanager)(?:/.*)?",
        _CHANGING,
        RULES,
    ),
    (r"/loki/api/v1/delete(?:/.*)?|/loki/api/v1/cache/.*", _ANY, DELETE),
    (r"/sigyn/api/v1/cardinality/.+", _CHANGING, ADMIN),
    (r"/flush|/ingester/.*|/log_level|/config|/services|/(?:.+/)?ring|/memberlist|/compactor/.*", _ANY, ADMIN),
)
_COMPILED = tuple((re.compile(pattern, re.DOTALL), methods, scope) for pattern, methods, scope in _RULES)


def needed_scope(method: str, path: str) -> str:
    """The scope that a request needs: the first rule that fits, else to read for what reads.

    A query may be a form, so that its POST reads; any other change is the admin's.
    """
    for pattern, methods, scope in _COMPILED:
        if method in methods and pattern.fullmatch(path):
            return scope
    return ADMIN if method in _CHANGING and not (method == "POST" and _FORM_QUERIES.fullmatch(path)) else READ
