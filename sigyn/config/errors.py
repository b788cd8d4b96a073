"""What is wrong with a configuration."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from sigyn.model.errors import SigynError


class ConfigError(SigynError):
    """A setting that can't be used; the message names it, says where it stands and what would be right."""


class NotYaml(ConfigError):
    """A text that is no YAML document of ours: `text` says why, `line` and `column` where (0: not known)."""

    def __init__(self, source: str, line: int, text: str, *, column: int = 0) -> None:
        place = ":".join([source, *(str(number) for number in (line, column) if number)])
        super().__init__(f"{place}: {text}")
        self.line = line
        self.text = text


class Problems:
    """Gathers what is wrong, so that a reader is told all of it at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """A block that a ConfigError ends early; the error waits for `tell`."""
        try:
            yield
        except ConfigError as error:
            self._found.append(str(error))

    def tell(self) -> None:
        """Raises ConfigError, a line for each problem, when there are any."""
        if self._found:
            raise ConfigError("\n".join(dict.fromkeys(self._found)))


def neighbours(name: str, known: Iterable[str]) -> str:
    """` (did you mean ...?)` with the known names that are nearest, or the known names when they are few."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return f" (did you mean {_either(near)}?)"
    if 0 < len(names) <= 8:
        return f" (known here: {', '.join(names)})"
    return ""


def _either(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
