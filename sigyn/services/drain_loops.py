"""Compiled twin of drain3's Drain, for texts whose tokens are numbered.

Import this only through `drain.DRAIN_LOOPS`: it imports numba.
"""

from typing import Any

import numpy as np

from sigyn.compiled.loops import compiled


@compiled
def find_clusters(
    tokens: Any, offsets: Any, lengths: Any, pairs: Any, wildcard: Any, most_clusters: Any, most_children: Any,
    clusters: Any,
) -> Any:  # fmt: skip
    """The cluster of each text, numbered as they come up. `tokens` turn into templates.

    lengths, pairs  for each text the number of how many tokens it has, and that of this and its first token; from 0 on
    wildcard        the token that stands for any
    most_clusters   that a text is compared with: those made or hit last
    most_children   first tokens, among texts of a length, with a leaf of their own; one is for all others
    """
    texts = len(offsets) - 1
    has_leaf = np.zeros(texts, np.bool_)  # by the numbers of pairs
    has_other = np.zeros(texts, np.bool_)  # by those of lengths: the leaf for all other first tokens
    children = np.zeros(texts, np.int64)
    live = np.empty(most_clusters, np.int64)  # clusters, in no order
    leaf_of, begins, hit = np.empty((3, texts), np.int64)
    count, lives = 0, 0
    for text in range(texts):
        begin, size = offsets[text], offsets[text + 1] - offsets[text]
        length, pair = lengths[text], pairs[text]
        is_other = size > 1 and tokens[begin] == wildcard
        leaf = pair if has_leaf[pair] and not is_other else -1 - length
        best, best_same, best_any = -1, -1, -1
        for place in range(lives):
            cluster = live[place]
            if leaf_of[cluster] != leaf:
                continue
            template = begins[cluster]
            same, free = 0, 0
            for i in range(size):
                known = tokens[template + i]
                is_free = known == wildcard
                free += is_free
                same += (known == tokens[begin + i]) & (not is_free)
            if same > best_same or (same == best_same and (free > best_any or (free == best_any and cluster < best))):
                best, best_same, best_any = cluster, same, free
        if best >= 0 and 2 * best_same >= size:
            template = begins[best]
            for i in range(size):
                if tokens[template + i] != tokens[begin + i]:
                    tokens[template + i] = wildcard
            hit[best] = text
            clusters[text] = best
            continue
        if not has_leaf[pair] and not is_other and children[length] + (not has_other[length]) < most_children:
            has_leaf[pair] = True
            children[length] += 1
        if has_leaf[pair] and not is_other:
            leaf_of[count] = pair
        else:
            leaf_of[count] = -1 - length
            children[length] += not has_other[length]
            has_other[length] = True
        begins[count], hit[count], clusters[text] = begin, text, count
        place = lives
        if lives == most_clusters:
            place = 0
            for i in range(1, lives):
                if hit[live[i]] < hit[live[place]]:
                    place = i
        else:
            lives += 1
        live[place] = count
        count += 1
