"""From the settings of retention to the periods of a tenant, and to the labels that they need in the streams."""

from sigyn.config.settings import RetentionSettings
from sigyn.services.retention import SelectedPeriod, TenantRetention, labels_named


def tenant_retention(retention: RetentionSettings) -> TenantRetention:
    """How long entries of a tenant with these settings are kept: for ever, unless retention is on."""
    return _when_on(retention) if retention.enabled else TenantRetention()


def retained_labels(retention: RetentionSettings) -> dict[str, tuple[str, ...]]:
    """The labels that selectors of retention name, each with these selectors.

    Also while retention is off, since what leaves the streams until it is turned on would not be found by then.
    """
    return labels_named(_when_on(retention))


def _when_on(retention: RetentionSettings) -> TenantRetention:
    selected = tuple(SelectedPeriod(each.selector, each.period, each.priority) for each in retention.streams)
    return TenantRetention(retention.period, selected)
