"""The compiled loops of this package, by need."""

from types import ModuleType

import numpy as np

from sigyn.compiled.at_need import Loops


def _exercise_protobuf(module: ModuleType) -> None:
    module.walk_push(np.frombuffer(b"\n\x04\n\x02{}", dtype=np.uint8))


def _exercise_metadata(module: ModuleType) -> None:
    module.render_metadata(
        np.frombuffer(b"ab", np.uint8), np.array([0, 1], np.int32), np.array([[0, 1, 1, 2]], np.int32)
    )


PROTOBUF_LOOPS = Loops("sigyn.wire.protobuf_loops", _exercise_protobuf)
METADATA_LOOPS = Loops("sigyn.wire.metadata_loops", _exercise_metadata)
