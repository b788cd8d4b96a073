"""Names of extracted labels."""

import re

_FOREIGN = re.compile(r"[^a-zA-Z0-9_]")


def sanitise_name(name: str) -> str:
    """`name` as a label name: other characters than letters, digits and `_` become `_`.

    A leading digit gets a `_` before it, white space at both ends is cut off. The result is empty
    when nothing is left.
    """
    name = name.strip()
    if name[:1].isdigit() and name[:1].isascii():
        name = "_" + name
    return _FOREIGN.sub("_", name)


class NameCache(dict[str, str]):
    """Sanitised names by raw name. Bounded: keys of JSON objects may be ids without end."""

    _LIMIT = 10_000

    def __missing__(self, name: str) -> str:
        if len(self) >= self._LIMIT:
            self.clear()
        sanitised = self[name] = sanitise_name(name)
        return sanitised
