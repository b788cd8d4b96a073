"""What a store needs to know to open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sigyn.model.delete_modes import DeleteMode
from sigyn.model.time import HOUR

Speed = Literal["standard", "bulk", "expedited"]
"""How fast an archive gives objects back, and at what price; of Azure `standard` and `expedited`."""

_ARCHIVES = {
    *((scheme, name) for scheme in ("s3", "s3a") for name in ("GLACIER", "DEEP_ARCHIVE")),
    *((scheme, "ARCHIVE") for scheme in ("az", "azure", "abfs", "abfss")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStoreSettings:
    """Where objects live, when not in the data folder.

    url           `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`,
                  `file:///folder` or `memory://`
    endpoint      of a server in place of the cloud's own, e.g. `http://127.0.0.1:9000`
    path_style    the bucket is the first part of the path, not of the host name (MinIO)
    storage_class in which objects are written, by the service's name: `GLACIER_IR`, `COLDLINE`, `Cool`
    options       further options by obstore's names; they win over the named ones

    Credentials and region that are not given come from the environment or the machine's role.
    """

    url: str
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    path_style: bool = True
    storage_class: str = ""
    timeout_seconds: float = 30.0
    retries: int = 5
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_archive(self) -> bool:
        """Whether objects have to be restored before they can be read."""
        return (self.url.partition(":")[0], self.storage_class.upper()) in _ARCHIVES


@dataclass(frozen=True, slots=True)
class RestoreRule:
    """How objects of an archive are asked for; `days` for which S3 keeps the copy, where it is one."""

    speed: Speed = "standard"
    days: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSettings:
    """A place to which segments move when they are `after` ns old.

    restore  how a query that needs archived objects has them restored; None: it only says so
    """

    name: str
    after: int
    objects: ObjectStoreSettings
    restore: RestoreRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Settings of a store. Sizes are in bytes.

    data                      folder of the catalog and, without `objects`, of the objects; None keeps
                              everything in memory (for tests and plain files)
    catalog                   a PostgreSQL database for the catalog in place of a file in `data`:
                              `postgresql://user:password@host/database`
    objects                   another place for the objects
    tiers                     where older segments go, in order of age
    cache_bytes               disk in the data folder for what was read of remote objects; 0 for no cache
    max_waiting_bytes         entries that wait to be durable; past it, pushes are refused (429)
    max_group_bytes           entries that share one write
    recent_bytes              memory for the entries of the newest L0 segments, so that they need not be read
    metadata_bytes            memory for footers of segments, and as much again for their needle filters and tallies
    max_uncompacted_segments  L0 segments; past it, pushes are refused (429) until compaction has caught up
    max_uncompacted_bytes     the same for the text in L0 segments
    compaction                whether L0 is merged into L1 in the background
    compaction_job_bytes      text that one compaction merges; it needs about three times that in memory. So much
                              structured metadata is merged at most, and that of one segment more
    compaction_settled_bytes  the same for a day that is over, where it is more
    compaction_segments       so many L0 segments of a tenant are merged at once
    compaction_jobs           merges at a time where half of what may wait uncompacted does: 1 or 2
    shape_lines               lines of one shape in a compaction from which they are held as columns
    compaction_age_seconds    L0 segments older than this are merged when there are several, 60 times older
                              ones in any case
    delete_cancel_period      ns for which a delete request can be taken back before its entries are removed
    delete_mode               what delete requests do
    delete_max_unprocessed    delete requests of a tenant that are not processed yet
    deleted_rows_bytes        memory for what is known about which rows delete requests take
    orphan_grace_seconds      age at which an object without a row in the catalog is an orphan
    stream_grace_seconds      time for which a stream has to be without entries before its labels are forgotten
    orphan_sweep_seconds      time between searches for orphans; the first is at start
    """

    data: Path | None
    catalog: str = field(default="", repr=False)
    objects: ObjectStoreSettings | None = None
    tiers: tuple[TierSettings, ...] = ()
    cache_bytes: int = 0
    max_waiting_bytes: int = 128 << 20
    max_group_bytes: int = 32 << 20
    recent_bytes: int = 256 << 20
    metadata_bytes: int = 128 << 20
    max_uncompacted_segments: int = 4096
    max_uncompacted_bytes: int = 4 << 30
    compaction: bool = True
    compaction_job_bytes: int = 128 << 20
    compaction_settled_bytes: int = 256 << 20
    compaction_segments: int = 256
    compaction_jobs: Literal[1, 2] = 2
    shape_lines: int = 32
    compaction_age_seconds: float = 10.0
    delete_cancel_period: int = HOUR
    delete_mode: DeleteMode = "filter-and-delete"
    delete_max_unprocessed: int = 100
    deleted_rows_bytes: int = 16 << 20
    orphan_grace_seconds: float = 3600.0
    stream_grace_seconds: float = 600.0
    orphan_sweep_seconds: float = 6 * 3600.0
