"""Where data are kept: folder, bucket, catalog, tiers."""

from dataclasses import dataclass

from sigyn.config.declaration import setting
from sigyn.config.tiers import PRICES, TIERS, Tier
from sigyn.config.values import BUCKET, BYTES, CATALOG, ENDPOINT, FLAG, FOLDER, SECRET, TEXT


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where data are kept."""

    data: str = setting(
        "./sigyn-data",
        FOLDER,
        "Folder of the catalog, and of the segments too unless `objects` names a bucket.",
        "common.path_prefix",
        "common.storage.filesystem.chunks_directory",
        "storage_config.filesystem.directory",
    )
    objects: str = setting(
        "",
        BUCKET,
        "Bucket for segments: s3://bucket/prefix, gs://bucket/prefix or az://container/prefix. "
        "Empty: a folder in `data`.",
        "storage_config.aws",
        "storage_config.gcs",
        "storage_config.azure",
        "common.storage.s3",
        "common.storage.gcs",
        "common.storage.azure",
    )
    catalog: str = setting(
        "",
        CATALOG,
        "PostgreSQL database for the catalog: postgresql://user:password@host/database. One server may use it. "
        "Empty: a SQLite file in `data`.",
    )
    s3_endpoint: str = setting(
        "", ENDPOINT, "URL of an S3-compatible service, for example http://minio:9000. Empty: AWS."
    )
    s3_region: str = setting("", TEXT, "Region of the bucket.")
    s3_access_key_id: str = setting("", TEXT, "Access key. Empty: the usual AWS variables and instance roles.")
    s3_secret_access_key: str = setting("", SECRET, "Secret of the access key.")
    s3_session_token: str = setting("", SECRET, "Token of a temporary access key.")
    s3_force_path_style: bool = setting(
        True,
        FLAG,
        "The bucket goes into the path of the URL, which every S3 service understands, and not into the host name.",
    )
    gcs_service_account: str = setting("", SECRET, "Service account key (JSON) for a gs:// bucket.")
    azure_account_name: str = setting("", TEXT, "Storage account of an az:// container.")
    gcs_endpoint: str = setting("", ENDPOINT, "URL of a service in place of Google's own for gs:// buckets.")
    azure_account_key: str = setting("", SECRET, "Key of that storage account.")
    azure_endpoint: str = setting(
        "",
        ENDPOINT,
        "URL of a service in place of Azure's own for az:// containers, with the account in its path if so.",
    )
    tiers: tuple[Tier, ...] = setting(
        (),
        TIERS,
        "Where segments go as they age: warm after 7d in s3://logs/warm; cold after 30d in s3://logs/cold as GLACIER "
        "restore bulk for 3d. Queries have archived objects restored only with `restore`. "
        "Empty: they stay where they are written.",
    )
    cache_bytes: int = setting(
        4 << 30,
        BYTES,
        "Disk in `data` for what queries read from buckets, the least recently used given up first. 0: no cache.",
    )
    prices: tuple[tuple[str, float], ...] = setting(
        (("hot", 10.0), ("warm", 2.3), ("cold", 0.5)),
        PRICES,
        "Dollars per GB (2^30 bytes) and month in each tier, for `sigyn store plan`.",
    )
    max_waiting_bytes: int = setting(
        128 << 20,
        BYTES,
        "Entries in memory that wait to be durable, for example while the disk is slow; pushes beyond get 429.",
    )
