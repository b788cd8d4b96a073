"""Names of extracted labels."""

from sigyn.model.labels import label_name


class NameCache(dict[str, str]):
    """Names of labels by keys of lines. Bounded: keys of JSON objects may be ids without end."""

    _LIMIT = 10_000

    def __init__(self, *, are_first: bool = True) -> None:
        """Not `are_first`: the keys are those of objects in others."""
        super().__init__()
        self._are_first = are_first

    def __missing__(self, key: str) -> str:
        if len(self) >= self._LIMIT:
            self.clear()
        name = self[key] = label_name(key, is_first=self._are_first)
        return name
