"""What settings of storage have to do with one another: prices with tiers, and storage classes with the services."""

from collections.abc import Mapping

from sigyn.config.errors import ConfigError, neighbours
from sigyn.config.settings import DECLARATIONS
from sigyn.config.storage_settings import StorageSettings
from sigyn.config.tiers import Tier

_HOT = "hot"
_SERVICES = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    **dict.fromkeys(("az", "azure", "adl", "abfs", "abfss"), "az"),
}
_CLASSES: Mapping[str, tuple[str, ...]] = {
    "s3": (
        *("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING"),
        *("GLACIER", "GLACIER_IR", "DEEP_ARCHIVE", "OUTPOSTS", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP"),
    ),
    "gs": ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"),
    "az": ("HOT", "COOL", "COLD", "ARCHIVE"),
}
"""Storage classes of the clouds' own services, from the references of their APIs. Others that speak S3 have theirs."""


def check_storage(storage: StorageSettings, variables: Mapping[str, str]) -> None:
    """Raises ConfigError for a price of no tier, and for a storage class that the cloud of a tier does not have.

    `variables` is the environment, which may say that S3 is a service of somebody else's.
    """
    _check_prices(storage)
    for tier in storage.tiers:
        _check_class(tier, storage, variables)


def _check_prices(storage: StorageSettings) -> None:
    tiers = (_HOT, *(tier.name for tier in storage.tiers))
    by_default = dict(DECLARATIONS["storage.prices"].default)
    for name, _ in storage.prices:
        if name not in tiers and name not in by_default:
            raise ConfigError(
                f"storage.prices has a price for `{name}`, which is no tier: write prices for {', '.join(tiers)}, "
                "or name the tier in storage.tiers"
            )


def _check_class(tier: Tier, storage: StorageSettings, variables: Mapping[str, str]) -> None:
    service = _SERVICES.get(tier.url.partition("://")[0].lower(), "")
    setting, endpoint = {
        "s3": ("storage.s3_endpoint", storage.s3_endpoint or _aws_endpoint(variables)),
        "gs": ("storage.gcs_endpoint", storage.gcs_endpoint),
        "az": ("storage.azure_endpoint", storage.azure_endpoint),
    }.get(service, ("", ""))
    if not (tier.storage_class and service) or endpoint:
        return
    if tier.storage_class.upper() not in _CLASSES[service]:
        raise ConfigError(
            f"storage.tiers: `{tier.storage_class}` of tier `{tier.name}` is no storage class of {tier.url}"
            f"{neighbours(tier.storage_class.upper(), _CLASSES[service])}; "
            f"where {setting} names a service that is not the cloud's own, any class is taken"
        )


def _aws_endpoint(variables: Mapping[str, str]) -> str:
    return next((text for name, text in variables.items() if name.startswith("AWS_ENDPOINT") and text), "")
