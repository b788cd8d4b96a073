"""Clusters of texts by Drain (He et al., 2017): drain3, or loops that give the same sooner."""

from collections.abc import Sequence
from itertools import accumulate, chain
from types import ModuleType

import numpy as np
from drain3.drain import Drain

from sigyn.compiled.at_need import Loops, are_worth_it

WILDCARD = "<_>"

_SIMILARITY = 0.5  # as the loops have it
_DEPTH = 4  # so that the number of tokens and the first of them lead to a leaf
_MOST_CHILDREN = 100
_MOST_CLUSTERS = 300
"""Clusters with which a text is compared: those found last. With all of them, 20,000 lines of random words
would take minutes."""

_WORTH_A_LOOP = 20  # texts: a millisecond


def _exercise(module: ModuleType) -> None:
    _by_loops(module, [(0, 1)], [WILDCARD, "a"])


DRAIN_LOOPS = Loops("sigyn.services.drain_loops", _exercise)


def find_clusters(texts: Sequence[tuple[int, ...]], names: Sequence[str]) -> list[int]:
    """The cluster of each text, numbered from 0 as they come up; no text is there twice.

    A text is its tokens' places in `names`, which differ and have no white space; WILDCARD is one of them.
    """
    loops = DRAIN_LOOPS.ready() if len(texts) >= _WORTH_A_LOOP and are_worth_it(len(texts)) else None
    return _by_drain3(texts, names) if loops is None else _by_loops(loops, texts, names)


def _by_drain3(texts: Sequence[tuple[int, ...]], names: Sequence[str]) -> list[int]:
    drain = Drain(
        depth=_DEPTH,
        sim_th=_SIMILARITY,
        max_children=_MOST_CHILDREN,
        max_clusters=_MOST_CLUSTERS,
        param_str=WILDCARD,
        parametrize_numeric_tokens=False,
    )
    # drain3 numbers from 1 on.
    return [int(drain.add_log_message(" ".join([names[place] for place in text]))[0].cluster_id) - 1 for text in texts]


def _by_loops(loops: ModuleType, texts: Sequence[tuple[int, ...]], names: Sequence[str]) -> list[int]:
    lengths: dict[int, int] = {}
    pairs: dict[tuple[int, ...], int] = {}
    length_of = [lengths.setdefault(len(text), len(lengths)) for text in texts]
    # Texts of one token have a leaf together.
    pair_of = [pairs.setdefault((len(text), *(text[:1] if len(text) > 1 else ())), len(pairs)) for text in texts]
    tokens = np.fromiter(chain.from_iterable(texts), np.int32)  # becomes templates
    offsets = np.array([*accumulate(map(len, texts), initial=0)], np.int64)
    clusters = np.empty(len(texts), np.int64)
    loops.find_clusters(
        tokens,
        offsets,
        np.array(length_of, np.int64),
        np.array(pair_of, np.int64),
        names.index(WILDCARD),
        _MOST_CLUSTERS,
        _MOST_CHILDREN,
        clusters,
    )
    found: list[int] = clusters.tolist()
    return found
