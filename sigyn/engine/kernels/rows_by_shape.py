"""Rows told apart by the shapes of their lines: -1 for text, else from 0 on."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled

Shapes = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@compiled
def count_shapes(shapes: Shapes, counts: Longs) -> None:
    """Adds to counts[shape + 1] the rows of each shape."""
    for shape in shapes:
        counts[shape + 1] += 1


@compiled
def part_by_shape(shapes: Shapes, begins: Longs, places: Longs) -> None:
    """Fills `places` with those of the rows of one shape after the other, each rising; moves begins[shape + 1] along.

    begins[shape + 1] is where in `places` those of a shape begin.
    """
    for row, shape in enumerate(shapes):
        places[begins[shape + 1]] = row
        begins[shape + 1] += 1


@compiled
def flag_rows(places: Longs, group_of: npt.NDArray[np.int16], of_group: Flags, flags: Flags) -> None:
    """Gives each row flags[places[i]] the flag of its group."""
    for i in range(len(places)):
        flags[places[i]] = of_group[group_of[i]]
