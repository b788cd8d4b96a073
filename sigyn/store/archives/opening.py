"""Which service has the objects of a tier."""

from sigyn.store.archives.archive import Archive
from sigyn.store.settings import ObjectStoreSettings

_AZURE = ("az", "azure", "abfs", "abfss")
_S3 = ("s3", "s3a")


def may_archive(settings: ObjectStoreSettings) -> bool:
    """Whether a place can have objects that must be restored: Google's are all read at once."""
    return settings.url.partition(":")[0] in (*_AZURE, *_S3)


def open_archive(settings: ObjectStoreSettings) -> Archive:
    """The service of a place that `may_archive`; nothing is asked yet. Raises BadRequest for what can't work."""
    if settings.url.partition(":")[0] in _AZURE:
        from sigyn.store.archives.azure import AzureArchive  # with an HTTP client, of which few have need

        return AzureArchive(settings)
    from sigyn.store.archives.s3 import S3Archive

    return S3Archive(settings)
