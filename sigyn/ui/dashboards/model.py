"""What a dashboard must have to be kept; everything else is Grafana's JSON model, kept as it came."""

import re
from typing import Any, TypeAlias

from sigyn.model.errors import BadRequest

Dashboard: TypeAlias = dict[str, Any]

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NOT_OF_A_UID = re.compile(r"[^a-z0-9]+")


def dashboard_from(value: object) -> Dashboard:
    """The dashboard in a JSON value: bare, or below `dashboard` as Grafana's API and old exports wrap it.

    One without `uid` gets one made of its title. Raises BadRequest.
    """
    if isinstance(value, dict) and isinstance(value.get("dashboard"), dict):
        value = value["dashboard"]
    if not isinstance(value, dict):
        raise BadRequest("a dashboard is a JSON object with `title` and `panels`, as Grafana exports it")
    title = value.get("title")
    if not isinstance(title, str) or not title.strip():
        raise BadRequest("the dashboard has no `title`")
    if not isinstance(value.get("panels", []), list):
        raise BadRequest("`panels` of the dashboard is no list")
    uid = value.get("uid") or uid_of(title)
    return {**value, "uid": checked_uid(uid), "id": None}


def checked_uid(uid: object) -> str:
    """The uid; raises BadRequest for one that Grafana would not take either."""
    if not isinstance(uid, str) or not _UID.fullmatch(uid):
        raise BadRequest(f"uid `{uid}` is none: write up to 40 letters, digits, `-` and `_`")
    return uid


def uid_of(title: str) -> str:
    """`Log volume` becomes `log-volume`."""
    return _NOT_OF_A_UID.sub("-", title.lower()).strip("-")[:40].strip("-") or "dashboard"


def summary_of(dashboard: Dashboard, source: str) -> dict[str, object]:
    """A dashboard as lists show it; `source` is `built-in` or `saved`."""
    panels = [panel for row in dashboard.get("panels", []) for panel in (row, *row.get("panels", []))]
    return {
        "uid": dashboard["uid"],
        "title": dashboard["title"],
        "description": dashboard.get("description", ""),
        "tags": dashboard.get("tags", []),
        "panels": sum(panel.get("type") != "row" for panel in panels),
        "source": source,
    }
