"""Rules over the demonstration's logs: what they record is seen under Metrics, what they find under Alerts."""

from sigyn.model.tenants import SINGLE_TENANT
from sigyn.ruler.ruler import Ruler

_NAMESPACE = "demonstration"
_GROUP = """
name: services
interval: 15s
rules:
- record: service:lines:rate5m
  expr: sum by (service_name) (rate({service_name=~".+"}[5m]))
- record: service:errors:rate5m
  expr: sum by (service_name) (rate({service_name=~".+"} | detected_level=~"error|critical|fatal" [5m]))
- alert: ManyErrors
  expr: service:errors:rate5m / service:lines:rate5m > 0.1
  for: 1m
  labels:
    severity: page
  annotations:
    summary: '{{ $value | humanizePercentage }} of the lines of {{ $labels.service_name }} are errors'
- alert: SlowRequests
  expr: |
    quantile_over_time(0.95, {service_name="ryot"} | json | unwrap duration_ms | __error__="" [5m]) by (service_name)
      > 500
  for: 1m
  labels:
    severity: ticket
  annotations:
    summary: 'One in twenty requests to {{ $labels.service_name }} takes more than {{ $value }} ms'
"""


async def put_rules(ruler: Ruler) -> None:
    """Adds the rules, for the one tenant of the demonstration. Raises BadRequest where a limit allows none."""
    await ruler.put_group(SINGLE_TENANT, _NAMESPACE, _GROUP)


async def remove_rules(ruler: Ruler) -> None:
    """Removes them, as the services that they are about log no more. Raises NotFound when somebody has deleted them."""
    await ruler.delete(SINGLE_TENANT, _NAMESPACE)
