"""The only code that touches disks, buckets and the catalog."""

from sigyn.store.catalog import SegmentInfo
from sigyn.store.content import Content
from sigyn.store.errors import FolderInUse, SegmentLost, UnknownFormat
from sigyn.store.metrics import StoreGauges, StoreMetrics
from sigyn.store.rebuild import RebuiltCatalog, rebuild_catalog
from sigyn.store.recent import RowGroup
from sigyn.store.settings import ObjectStoreSettings, StoreSettings
from sigyn.store.snapshot import Snapshot
from sigyn.store.store import Store
from sigyn.store.streams import StreamRegistry, StreamTable

__all__ = [
    "Content",
    "FolderInUse",
    "ObjectStoreSettings",
    "RebuiltCatalog",
    "RowGroup",
    "SegmentInfo",
    "SegmentLost",
    "Snapshot",
    "Store",
    "StoreGauges",
    "StoreMetrics",
    "StoreSettings",
    "StreamRegistry",
    "StreamTable",
    "UnknownFormat",
    "rebuild_catalog",
]
