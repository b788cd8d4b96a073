"""Dashboards by tenant: what is saved wins over what is built in."""

from functools import cache
from pathlib import Path

import msgspec

from sigyn.model.errors import SigynError
from sigyn.store.documents import Documents
from sigyn.ui.dashboards.model import Dashboard, summary_of

BUILT_IN = Path(__file__).parent / "built_in"

_HIDDEN = b"null"
"""In place of a dashboard that is built in: its tenant does not want it."""


class NoSuchDashboard(SigynError):
    """Nothing is saved or built in under this uid."""

    status = 404


class DashboardLibrary:
    """Reads and writes dashboards. Every call blocks and raises Unavailable."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def summaries(self, tenant: str) -> list[dict[str, object]]:
        """All of a tenant's dashboards, by title."""
        saved = {name: self._saved(tenant, name) for name in self._documents.names(tenant)}
        found = [summary_of(dashboard, "saved") for dashboard in saved.values() if dashboard]
        found += [summary_of(dashboard, "built-in") for uid, dashboard in built_in().items() if uid not in saved]
        return sorted(found, key=lambda summary: str(summary["title"]).lower())

    def read(self, tenant: str, uid: str) -> Dashboard:
        """A dashboard; raises NoSuchDashboard."""
        body = self._documents.read(tenant, uid)
        dashboard: Dashboard | None = built_in().get(uid) if body is None else msgspec.json.decode(body)
        if dashboard is None:
            raise NoSuchDashboard(f"there is no dashboard `{uid}`")
        return dashboard

    def write(self, tenant: str, dashboard: Dashboard) -> None:
        """Saves a dashboard under its uid."""
        self._documents.write(tenant, dashboard["uid"], msgspec.json.encode(dashboard))

    def delete(self, tenant: str, uid: str) -> None:
        """Removes a saved dashboard, under which one that is built in shows again; hides one that is not saved."""
        self.read(tenant, uid)
        if self._documents.read(tenant, uid) is None:
            self._documents.write(tenant, uid, _HIDDEN)
        else:
            self._documents.delete(tenant, uid)

    def _saved(self, tenant: str, uid: str) -> Dashboard | None:
        dashboard: Dashboard | None = msgspec.json.decode(self._documents.read(tenant, uid) or _HIDDEN)
        return dashboard


@cache
def built_in() -> dict[str, Dashboard]:
    """The dashboards that come with Sigyn, by uid."""
    dashboards = (msgspec.json.decode(path.read_bytes()) for path in sorted(BUILT_IN.glob("*.json")))
    return {dashboard["uid"]: dashboard for dashboard in dashboards}
