"""The only code that touches disks, buckets and the catalog."""

from sigyn.store.catalog import SegmentInfo
from sigyn.store.check import Finding, Problem, StoreCheck, check_store
from sigyn.store.content import Content
from sigyn.store.errors import FolderInUse, SegmentArchived, SegmentLost, UnknownFormat
from sigyn.store.metrics import StoreGauges, StoreMetrics
from sigyn.store.plan import Holding, Step, StorePlan, plan_store
from sigyn.store.rebuild import RebuiltCatalog, rebuild_catalog
from sigyn.store.recent import RowGroup
from sigyn.store.settings import ObjectStoreSettings, StoreSettings, TierSettings
from sigyn.store.snapshot import Snapshot
from sigyn.store.store import Store
from sigyn.store.streams import StreamRegistry, StreamTable

__all__ = [
    "Content",
    "Finding",
    "FolderInUse",
    "Holding",
    "ObjectStoreSettings",
    "Problem",
    "RebuiltCatalog",
    "RowGroup",
    "SegmentArchived",
    "SegmentInfo",
    "SegmentLost",
    "Snapshot",
    "Step",
    "Store",
    "StoreCheck",
    "StoreGauges",
    "StoreMetrics",
    "StorePlan",
    "StoreSettings",
    "StreamRegistry",
    "StreamTable",
    "TierSettings",
    "UnknownFormat",
    "check_store",
    "plan_store",
    "rebuild_catalog",
]
