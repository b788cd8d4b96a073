"""`static_configs`: targets that the configuration names."""

from collections.abc import Sequence

from sigyn.agent.config.discovery import StaticConfig
from sigyn.agent.discovery.groups import TargetLabels


def static_targets(config: StaticConfig) -> Sequence[TargetLabels]:
    """One target for each address; the addresses matter to nobody who reads files, their number neither."""
    address = config.targets[0] if config.targets else "localhost"
    return [{"__address__": address, **config.labels}]
