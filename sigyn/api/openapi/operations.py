"""Every operation that is served: a test compares the keys with the routes.

A key is the methods and the path, as in `GET POST /loki/api/v1/query`. HEAD goes with GET.
"""

from collections.abc import Mapping

from sigyn.api.openapi.operation import (
    ANYTHING,
    LIST,
    NO_CONTENT,
    OBJECT,
    TEXT,
    Operation,
    Schema,
    envelope,
    json_answer,
    text_answer,
)

_RANGE = ("start", "end", "since")
_DELETED = ("query", "start", "end", "max_interval")
_TEXT_LIST: Schema = {"type": "array", "items": TEXT}
_NAMES = json_answer({**envelope(_TEXT_LIST), "required": ["status"]})
_RESULT = json_answer(envelope({"type": "object", "required": ["resultType", "result"]}))
_TABLES: Mapping[str, Schema] = {"text/csv": TEXT, "application/vnd.apache.arrow.stream": TEXT}
_LOKI_RESULT = {200: {**_RESULT[200], **_TABLES}}
_OBJECT = json_answer(OBJECT)
_YAML: Mapping[int, Mapping[str, Schema]] = {200: {"application/yaml": OBJECT}}
_CONFIGURATION: Mapping[int, Mapping[str, Schema]] = {200: {"text/yaml": OBJECT}}
_ACCEPTED = json_answer({**envelope(ANYTHING)}, 202)
_PUSH_BODY: Mapping[str, Schema] = {
    "application/json": {
        "type": "object",
        "required": ["streams"],
        "properties": {
            "streams": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["stream", "values"],
                    "properties": {
                        "stream": {"type": "object", "additionalProperties": TEXT},
                        "values": {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 3}},
                    },
                },
            }
        },
    }
}
_IN_OTLPS_WORDS: Mapping[str, Schema] = {"application/json": OBJECT, "application/x-protobuf": ANYTHING}
_OTLP = Operation(
    "logs by OTLP over HTTP",
    answers=dict.fromkeys((200, 400, 413, 429, 503), _IN_OTLPS_WORDS),
    body={"application/json": OBJECT},
)
_RULE_GROUP: Mapping[str, Schema] = {"application/yaml": TEXT}
_ABSENT = Operation("there is no ring: a line says so", answers=text_answer())


def _rules(prefix: str) -> dict[str, Operation]:
    return {
        f"GET {prefix}": Operation("all rule groups of the tenant, by namespace", answers=_YAML),
        f"GET {prefix}/{{namespace}}": Operation("the rule groups of a namespace", answers=_YAML),
        f"POST {prefix}/{{namespace}}": Operation("adds or changes a group", answers=_ACCEPTED, body=_RULE_GROUP),
        f"DELETE {prefix}/{{namespace}}": Operation("deletes all groups of a namespace", answers=_ACCEPTED),
        f"GET {prefix}/{{namespace}}/{{group}}": Operation("a rule group", answers=_YAML),
        f"DELETE {prefix}/{{namespace}}/{{group}}": Operation("deletes a group", answers=_ACCEPTED),
    }


_LOKI = "/loki/api/v1"
_QUERIES: dict[str, Operation] = {
    f"GET POST {_LOKI}/query_range": Operation(
        "a query over a range", ("query", *_RANGE, "step", "interval", "limit", "direction", "format"), _LOKI_RESULT
    ),
    f"GET POST {_LOKI}/query": Operation(
        "a query at a moment", ("query", "time", "limit", "direction", "format"), _LOKI_RESULT
    ),
    f"GET POST {_LOKI}/labels": Operation("names of labels", (*_RANGE, "query"), _NAMES),
    f"GET POST {_LOKI}/label": Operation("names of labels", (*_RANGE, "query"), _NAMES),
    f"GET POST {_LOKI}/label/{{name}}/values": Operation("values of a label", (*_RANGE, "query"), _NAMES),
    f"GET POST {_LOKI}/series": Operation("label sets of streams", ("match[]", *_RANGE), json_answer(envelope(LIST))),
    f"GET POST {_LOKI}/index/stats": Operation(
        "streams, entries and bytes of a selector", ("query", *_RANGE), _OBJECT
    ),
    f"GET POST {_LOKI}/index/shards": Operation("one shard", ("query", *_RANGE), _OBJECT),
    f"GET POST {_LOKI}/index/volume": Operation(
        "bytes by label set", ("query", *_RANGE, "limit", "targetLabels", "aggregateBy"), _RESULT
    ),
    f"GET POST {_LOKI}/index/volume_range": Operation(
        "bytes by label set over time", ("query", *_RANGE, "step", "limit", "targetLabels", "aggregateBy"), _RESULT
    ),
    f"GET POST {_LOKI}/detected_fields": Operation(
        "fields of lines", ("query", *_RANGE, "limit", "line_limit", "field_limit"), _OBJECT
    ),
    f"GET POST {_LOKI}/detected_field/{{name}}/values": Operation(
        "values of a field", ("query", *_RANGE, "limit", "line_limit"), _OBJECT
    ),
    f"GET POST {_LOKI}/detected_labels": Operation("labels with their cardinalities", ("query", *_RANGE), _OBJECT),
    f"GET POST {_LOKI}/patterns": Operation(
        "templates of lines over time", ("query", *_RANGE, "step"), json_answer(envelope(LIST))
    ),
    f"GET POST {_LOKI}/format_query": Operation("the query, laid out", ("query",), json_answer(envelope(TEXT))),
    f"GET POST {_LOKI}/drilldown-limits": Operation("limits, for Logs Drilldown", answers=_OBJECT),
    "GET POST /api/prom/query": Operation(
        "lines, for the oldest clients", ("query", "regexp", *_RANGE, "limit", "direction"), _OBJECT
    ),
    "GET POST /api/prom/label": Operation("names of labels", _RANGE, _OBJECT),
    "GET POST /api/prom/label/{name}/values": Operation("values of a label", _RANGE, _OBJECT),
    "GET POST /api/prom/series": Operation(
        "label sets of streams", ("match[]", *_RANGE), json_answer(envelope(LIST))
    ),
    "GET POST /sigyn/api/v1/export": Operation(
        "everything that a log query finds",
        ("query", *_RANGE, "direction", "format", "after", "limit"),
        {200: {"application/x-ndjson": TEXT, "application/vnd.apache.arrow.stream": TEXT,
               "application/vnd.apache.parquet": TEXT}},
    ),
    "GET POST /sigyn/api/v1/explain": Operation(
        "how a query would run",
        ("query", *_RANGE, "step", "limit", "direction", "time", "instant", "format"),
        {200: {"application/json": ANYTHING, "text/plain": TEXT}},
    ),
    "GET /sigyn/api/v1/cardinality": Operation("which labels make how many streams", (*_RANGE, "limit"), _OBJECT),
}  # fmt: skip
_CHANGES: dict[str, Operation] = {
    f"POST {_LOKI}/push": Operation("lines: JSON or snappy protobuf", answers=NO_CONTENT, body=_PUSH_BODY),
    "POST /api/prom/push": Operation("lines, for the oldest agents", answers=NO_CONTENT, body=_PUSH_BODY),
    "POST /otlp/v1/logs": _OTLP,
    "POST /v1/logs": _OTLP,
    f"GET {_LOKI}/delete": Operation("the tenant's delete requests", answers=json_answer(LIST)),
    f"POST {_LOKI}/delete": Operation("makes a delete request", _DELETED, NO_CONTENT),
    f"PUT {_LOKI}/delete": Operation("makes a delete request", _DELETED, NO_CONTENT),
    f"DELETE {_LOKI}/delete": Operation("takes a delete request back", ("request_id", "force"), NO_CONTENT),
    "POST /sigyn/api/v1/cardinality/promote": Operation(
        "a demoted label goes back to the streams", ("label",), _OBJECT
    ),
    "POST /sigyn/api/v1/cardinality/demote": Operation("a label goes to the entries", ("label",), _OBJECT),
}
_PROMETHEUS = "/prometheus/api/v1"
_SERIES: dict[str, Operation] = {
    f"GET {_PROMETHEUS}/rules": Operation(
        "states of rules", ("type", "file[]", "rule_group[]", "rule_name[]", "exclude_alerts")
    ),
    f"GET {_PROMETHEUS}/alerts": Operation("alerts that are pending or fire"),
    f"GET POST {_PROMETHEUS}/query": Operation("PromQL at a moment", ("query", "time"), _RESULT),
    f"GET POST {_PROMETHEUS}/query_range": Operation("PromQL over a range", ("query", "start", "end", "step"), _RESULT),
    f"GET POST {_PROMETHEUS}/query_exemplars": Operation("none", ("query", "start", "end")),
    f"GET POST {_PROMETHEUS}/series": Operation("recorded series", ("match[]", "start", "end")),
    f"GET POST {_PROMETHEUS}/labels": Operation("names of their labels", ("match[]", "start", "end")),
    f"GET {_PROMETHEUS}/label/{{name}}/values": Operation("values of a label", ("match[]", "start", "end")),
    f"GET {_PROMETHEUS}/metadata": Operation("the rules that record them"),
    f"GET {_PROMETHEUS}/status/buildinfo": Operation("the version of Prometheus whose API this is"),
    "GET /sigyn/api/v1/alerts/history": Operation("changes of alerts", (*_RANGE, "limit"), _OBJECT),
    "GET /sigyn/api/v1/alertmanager": Operation("which Alertmanagers are told", answers=_OBJECT),
    "GET /sigyn/api/v1/alertmanager/alerts": Operation("what they know of alerts", answers=json_answer(ANYTHING)),
    "GET /sigyn/api/v1/alertmanager/silences": Operation("all silences", answers=json_answer(ANYTHING)),
    "POST /sigyn/api/v1/alertmanager/silences": Operation(
        "creates or replaces a silence", answers=_OBJECT, body={"application/json": OBJECT}
    ),
    "DELETE /sigyn/api/v1/alertmanager/silence/{id}": Operation("ends a silence", answers={**NO_CONTENT, **_OBJECT}),
}
_OPERATING: dict[str, Operation] = {
    "GET /ready": Operation("200 once requests can be served", answers={**text_answer(), 503: {"text/plain": TEXT}}),
    "GET /metrics": Operation(
        "metrics for Prometheus", answers={200: {"text/plain": TEXT, "application/openmetrics-text": TEXT}}
    ),
    "GET /config": Operation("the settings in force", answers=_CONFIGURATION),
    "GET /config/tenant/v1/limits": Operation("the limits of the tenant that asks", answers=_CONFIGURATION),
    "GET /services": Operation("the parts of the server", answers=text_answer()),
    "GET POST /flush": Operation("204 when everything pushed is in segments", answers=NO_CONTENT),
    "GET POST /ingester/shutdown": Operation("the same, for stop hooks", answers=NO_CONTENT),
    "GET /log_level": Operation("the level of the log", answers=_OBJECT),
    "POST /log_level": Operation("sets the level of the log", ("log_level",), _OBJECT),
    f"GET {_LOKI}/status/buildinfo": Operation("the version", answers=_OBJECT),
    **{
        f"GET POST {path}": _ABSENT
        for path in ("/ring", "/distributor/ring", "/ingester/ring", "/indexgateway/ring", "/ruler/ring",
                     "/compactor/ring", "/memberlist")
    },
    "GET /sigyn/api/v1/agents": Operation("agents that told of themselves", answers=_OBJECT),
    "PUT /sigyn/api/v1/agents": Operation(
        "an agent tells of itself", answers={**NO_CONTENT, **_OBJECT}, body={"application/json": OBJECT}
    ),
    "GET /sigyn/api/v1/redaction": Operation("how much each rule hid", answers=_OBJECT),
    "GET /sigyn/api/v1/openapi.json": Operation("this document", answers=_OBJECT),
}  # fmt: skip
_PAGE: dict[str, Operation] = {
    "GET /login": Operation("to the provider", ("next",), answers={302: {}, 303: {}, 307: {}}),
    "GET /login/callback": Operation("back from the provider", ("code", "state"), answers={302: {}, 303: {}, 307: {}}),
    "POST /logout": Operation("ends the session", answers={**NO_CONTENT, 303: {}}),
    "GET /sigyn/api/v1/login": Operation("how people can log in", answers=_OBJECT),
    "POST /sigyn/api/v1/login": Operation("begins a session", answers={**NO_CONTENT, **_OBJECT}),
    "GET /sigyn/api/v1/whoami": Operation("who asks", answers=_OBJECT),
    "GET /sigyn/api/v1/dashboards": Operation("all dashboards", answers=json_answer(ANYTHING)),
    "POST /sigyn/api/v1/dashboards": Operation("saves a dashboard", answers=_OBJECT, body={"application/json": OBJECT}),
    "GET /sigyn/api/v1/dashboards/{uid}": Operation("a dashboard", answers=_OBJECT),
    "PUT /sigyn/api/v1/dashboards/{uid}": Operation(
        "saves a dashboard", answers=_OBJECT, body={"application/json": OBJECT}
    ),
    "DELETE /sigyn/api/v1/dashboards/{uid}": Operation("removes a dashboard", answers={**NO_CONTENT, **_OBJECT}),
}

OPERATIONS: Mapping[str, Operation] = {
    **_QUERIES, **_CHANGES, **_rules(f"{_LOKI}/rules"), **_rules("/api/prom/rules"), **_SERIES, **_OPERATING, **_PAGE
}  # fmt: skip
