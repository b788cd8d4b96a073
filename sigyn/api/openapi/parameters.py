"""Parameters by name: a name means the same wherever it is taken."""

from collections.abc import Mapping

from sigyn.api.openapi.operation import TEXT, Schema

_MOMENT: Schema = {"type": "string", "examples": ["1768471200", "1768471200000000000", "2026-01-15T10:00:00Z"]}
_LENGTH: Schema = {"type": "string", "examples": ["5m", "90"]}
_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 5000}
_TEXTS: Schema = {"type": "array", "items": TEXT}

PARAMETERS: Mapping[str, tuple[str, Schema]] = {
    "after": ("a cursor: what comes behind it", TEXT),
    "aggregateBy": ("what volumes are added up by", {"enum": ["series", "labels"]}),
    "code": ("what the provider gave", TEXT),
    "delay_for": ("seconds to wait for late lines", {"type": "integer", "minimum": 0, "maximum": 5}),
    "direction": ("the order of lines", {"enum": ["forward", "backward"]}),
    "end": ("the end of the range: seconds, ns or RFC 3339; now without it", _MOMENT),
    "exclude_alerts": ("leave the alerts of rules out", {"type": "boolean"}),
    "field_limit": ("how many fields at most", _COUNT),
    "file[]": ("names of files", _TEXTS),
    "force": ("also when its time is over", {"type": "boolean"}),
    "format": ("the form of the answer, where it has several", TEXT),
    "instant": ("a query at a moment", {"type": "boolean"}),
    "interval": ("the least distance between lines of a stream", _LENGTH),
    "label": ("the name of a label", TEXT),
    "left": ("the state of Grafana's Explore", TEXT),
    "limit": ("how many at most", _COUNT),
    "line_limit": ("how many lines are looked at", _COUNT),
    "log_level": ("the level of the log", {"enum": ["debug", "info", "warn", "error"]}),
    "match[]": ("selectors of streams or series", _TEXTS),
    "max_interval": ("into pieces of which length Loki splits the request; it is not split here", _LENGTH),
    "next": ("a path to go to", TEXT),
    "panes": ("the state of Grafana's Explore", TEXT),
    "query": ("a query", {"type": "string", "examples": ['{app="shop"}', 'sum(rate({app="shop"}[5m]))']}),
    "regexp": ("one more line filter", TEXT),
    "request_id": ("the id of a delete request", TEXT),
    "rule_group[]": ("names of groups", _TEXTS),
    "rule_name[]": ("names of rules", _TEXTS),
    "since": ("the length of the range before its end", _LENGTH),
    "start": ("the start of the range: seconds, ns or RFC 3339", _MOMENT),
    "state": ("what came back from the provider", TEXT),
    "step": ("the distance of points: seconds or a duration", _LENGTH),
    "targetLabels": ("names of labels, with commas between them", TEXT),
    "time": ("the moment: seconds, ns or RFC 3339; now without it", _MOMENT),
    "type": ("a kind of rules", {"enum": ["alert", "record"]}),
}
