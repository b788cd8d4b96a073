"""Which streams a selector matches, remembered from query to query: a stream's labels never change."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import numpy as np
import numpy.typing as npt

from sigyn.engine.interpreter.selectors import compile_selector
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels

REMEMBERED = 256  # selectors: a byte each for every stream that the tenant ever had
MOST_BYTES = 64 << 20  # for them all, of which streams that come and go would take any number

LabelsOf = Callable[[int], Labels]
"""The labels of a stream by its id in the catalog."""

_UNKNOWN, _OTHER, _MATCHES = -1, 0, 1


class SelectorMatches:
    """Answers for one selector and tenant. Safe to use from several threads: at worst, work is done twice."""

    def __init__(self, selector: ast.Selector, labels_of: LabelsOf) -> None:
        self.labels_of = labels_of
        self._matches = compile_selector(selector)
        self._known = np.full(1024, _UNKNOWN, np.int8)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that what is known takes."""
        return self._known.nbytes

    def of(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each of these streams matches."""
        known = self._known
        highest = int(ids.max(initial=0))
        if highest >= len(known):
            known = np.full(2 * highest, _UNKNOWN, np.int8)
            known[: len(self._known)] = self._known
            self._known = known
        found = known[ids]
        for place in np.flatnonzero(found == _UNKNOWN).tolist():
            id = int(ids[place])
            found[place] = known[id] = _MATCHES if self._matches(self.labels_of(id)) else _OTHER
        return np.asarray(found == _MATCHES)


class SelectorCache:
    """The last selectors that were asked for."""

    def __init__(self) -> None:
        self._matches: OrderedDict[tuple[str, ast.Selector], SelectorMatches] = OrderedDict()
        self._lock = Lock()

    def get(self, tenant: str, selector: ast.Selector, labels_of: LabelsOf) -> SelectorMatches:
        """What is known about a selector."""
        with self._lock:
            matches = self._matches.get((tenant, selector))
            if matches is None:
                matches = self._matches[tenant, selector] = SelectorMatches(selector, labels_of)
            self._matches.move_to_end((tenant, selector))
            held = sum(each.nbytes for each in self._matches.values())
            while len(self._matches) > REMEMBERED or (held > MOST_BYTES and len(self._matches) > 1):
                held -= self._matches.popitem(last=False)[1].nbytes
            return matches
