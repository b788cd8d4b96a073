"""Whether a store could take and give entries now: asked of its parts, not guessed from what happened before."""

from contextlib import suppress

from sigyn.model.errors import SigynError
from sigyn.store.catalog import Catalog
from sigyn.store.objects import ObjectStore

PROBE_KEY = "probe/ready"
_BODY = b"written and deleted by /ready\n"


def faults_of(catalog: Catalog, objects: ObjectStore) -> list[str]:
    """What is wrong, a sentence for each part. Reads the catalog, and writes to both and deletes it. Blocks.

    An object store that takes an object and deletes none can be written to: maintenance tells of what stays there.
    """
    faults = []
    try:
        catalog.quarantined()
        catalog.probe()
    except SigynError as error:
        faults.append(f"catalog: {error}")
    try:
        objects.put(PROBE_KEY, _BODY)
    except SigynError as error:
        faults.append(f"object store: {error}")
    else:
        with suppress(SigynError):
            objects.delete([PROBE_KEY])
    return faults
